/** An ActorSystem that keeps hold of the actors which drive groups, for checkers to look into. */
import type { Actor, Ref, SpawnOptions } from '../../src/kernel/index.ts';
import { ActorSystem } from '../../src/kernel/index.ts';
import type { ActorSystemOptions } from '../../src/kernel/index.ts';
import { managerActorId } from '../../src/actors/manager/messages.ts';
import { SiteActor } from './raft-probe.ts';

export class ObservedSystem extends ActorSystem {
  /** The present instance by actor id. */
  readonly drivers: Map<string, Actor<never>> = new Map();
  readonly #life: number;

  constructor(options: ActorSystemOptions, life: number) {
    super(options);
    this.#life = life;
  }

  override spawn<M>(id: string, factory: () => Actor<M>, options?: SpawnOptions): Ref<M> {
    const group = groupOf(id);
    if (group === undefined) return super.spawn(id, factory, options);
    const observed = (): Actor<M> => {
      const actor = factory();
      this.drivers.set(id, actor);
      return new SiteActor(actor, this.node, this.#life, group);
    };
    return super.spawn(id, observed, options);
  }
}

/** The group that an actor of this id drives. */
function groupOf(id: string): number | undefined {
  if (id === managerActorId) return 0;
  return id.startsWith('partition/') ? Number(id.slice('partition/'.length)) : undefined;
}
