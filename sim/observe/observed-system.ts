/** An ActorSystem whose actors can be made to throw, and that keeps hold of those which drive groups, for checkers to look into. */
import type { Actor, Ref, SpawnOptions } from '../../src/kernel/index.ts';
import { ActorSystem } from '../../src/kernel/index.ts';
import type { ActorSystemOptions } from '../../src/kernel/index.ts';
import { managerActorId } from '../../src/actors/manager/messages.ts';
import { FragileActor, Fuse } from './fragile-actor.ts';
import { IndebtedActor } from './indebted-actor.ts';
import { SiteActor } from './raft-probe.ts';

export class ObservedSystem extends ActorSystem {
  /** The present instance by actor id. */
  readonly drivers: Map<string, Actor<never>> = new Map();
  /** By actor id. */
  readonly fuses: Map<string, Fuse> = new Map();
  /** Ids of those that went into quarantine. */
  readonly #standIns = new Set<string>();
  readonly #life: number;
  readonly #onCrash: (id: string, before: boolean) => void;
  readonly #onDebt: (text: string) => void;

  constructor(
    options: ActorSystemOptions,
    life: number,
    onCrash: (id: string, before: boolean) => void,
    onDebt: (text: string) => void,
  ) {
    super(options);
    this.#life = life;
    this.#onCrash = onCrash;
    this.#onDebt = onDebt;
  }

  override spawn<M>(id: string, factory: () => Actor<M>, options?: SpawnOptions<M>): Ref<M> {
    const group = groupOf(id);
    const fuse = new Fuse((before) => this.#onCrash(id, before));
    const { standIn, ...others } = options ?? {};
    const ref = super.spawn(
      id,
      () => {
        const actor = factory();
        if (group === undefined) return new FragileActor(actor, fuse);
        this.drivers.set(id, actor);
        const site = new SiteActor(actor, this.node, this.#life, group);
        return new FragileActor(group === 0 ? site : new IndebtedActor(site, this.#onDebt), fuse);
      },
      standIn === undefined ? options : { ...others, standIn: this.#observed(id, standIn) },
    );
    this.fuses.set(id, fuse);
    return ref;
  }

  /** Actors of this node that failed too often and are started no more. */
  quarantined(): readonly string[] {
    return [...this.#standIns].filter((id) => this.inspectOne(id)?.state === 'quarantined');
  }

  /** The replica is gone, and a checker must not look into what it left. */
  #observed<M>(id: string, standIn: NonNullable<SpawnOptions<M>['standIn']>): typeof standIn {
    return (quarantine) => {
      this.drivers.delete(id);
      this.#standIns.add(id);
      return standIn(quarantine);
    };
  }

  /** Actors of this node that may be made to throw, in the order of their spawning. */
  fragile(): readonly string[] {
    return [...this.fuses.keys()].filter((id) => !id.startsWith('client/'));
  }
}

/** The group that an actor of this id drives. */
function groupOf(id: string): number | undefined {
  if (id === managerActorId) return 0;
  return id.startsWith('partition/') ? Number(id.slice('partition/'.length)) : undefined;
}
