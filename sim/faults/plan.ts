/**
 * The plan of a run's faults: storms and calms, a pause between two faults, and which fault comes next; all drawn from the
 * seed. Everything that a fault has done for a while is undone in time, at the latest when the plan heals the cluster.
 */
import { partitionActorId } from '../../src/actors/partition-replica/messages.ts';
import type { FaultKind } from '../observe/fault-kinds.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Clients } from '../workload/clients.ts';
import type { World } from '../world.ts';
import { actorFaults } from './actor-faults.ts';
import { Aim } from './aim.ts';
import { clientFaults } from './client-faults.ts';
import { diskFaults } from './disk-faults.ts';
import type { Fault, FaultContext } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import { processFaults } from './process-faults.ts';
import { rolesOf } from './roles.ts';
import { Triggers } from './triggers.ts';

const faults: Readonly<Record<string, Fault>> = {
  ...processFaults,
  ...networkFaults,
  ...diskFaults,
  ...actorFaults,
  ...clientFaults,
};

/** Early on, a cluster is founded and its first topics made: worth a few faults, but it must get somewhere. */
const firstStormMs = 1_000;

export class FaultPlan {
  readonly #world: World;
  readonly #random: SimRandom;
  readonly #context: FaultContext;
  readonly #kinds: readonly FaultKind[];
  readonly #undos = new Set<() => void>();
  /** Somebody restarts nodes for the sake of their replicas in quarantine. A directed run may do without, until all is healed. */
  restartsQuarantined = true;
  #stormUntil = 0;
  #healed = false;

  constructor(world: World, clients: Clients) {
    this.#world = world;
    this.#random = world.random.fork('faults');
    const { realClients } = world.settings.workload;
    this.#kinds = world.settings.faults.kinds.filter(
      (kind) => kind in faults && (realClients > 0 || !(kind in clientFaults)),
    );
    const random = this.#random.fork('details');
    const triggers = new Triggers(world);
    this.#context = {
      world,
      clients,
      random,
      aim: new Aim(world, this.#random.fork('aim')),
      triggers,
      hits: (kind, node) => world.report.hit(kind, rolesOf(world, node)),
      during: (ms, undo) => this.#during(ms, undo),
      restartAfter: (ms, node) => this.restartAfter(ms, node),
    };
    world.onSend = (envelope) => triggers.sending(envelope);
    world.onBatch = (node, truncates) => triggers.stored(node, truncates);
    world.onWriting = (node, truncates) => triggers.writing(node, truncates);
    world.onReplicationRead = (view, load) => triggers.reading(view, load);
    world.onEnded = (node, why) => {
      clients.processEnded(node);
      // Whoever kills a process starts it again; one that ends by itself has nobody else.
      if (why !== 'crash' && why !== 'power loss') this.restartAfter(random.between(200, 3_000), node);
    };
  }

  /** Something is wrong somewhere, on purpose. */
  get busy(): boolean {
    return this.#undos.size > 0 || this.#world.nodes.some((node) => !node.running);
  }

  start(): void {
    this.#sweep();
    if (this.#kinds.length > 0) this.#world.after(firstStormMs, () => this.#storm());
  }

  restartAfter(ms: number, node: SimNode): void {
    this.#world.after(ms, () => {
      if (node.alive) return;
      this.#world.report.fault('restart');
      node.start();
    });
  }

  /** Everything is undone and everybody started, for good. */
  heal(): void {
    this.#healed = true;
    this.#context.triggers.clear();
    for (const undo of this.#undos) undo();
    this.#undos.clear();
    this.#world.network.heal();
    for (const node of this.#world.nodes) {
      node.storage.setFull(false);
      if (!node.alive) node.start();
    }
    this.#endQuarantines();
    this.#world.report.event('', 'healed');
  }

  #storm(): void {
    if (this.#healed) return;
    const { stormMs, calmMs } = this.#world.settings.faults;
    this.#stormUntil = this.#world.nowMicros + stormMs * 1_000;
    this.#next();
    this.#world.after(stormMs + calmMs * (0.5 + this.#random.next()), () => this.#storm());
  }

  #next(): void {
    const { meanGapMs } = this.#world.settings.faults;
    // Exponential: faults come in clusters, as they do in life.
    const gapMs = Math.min(60_000, -Math.log(1 - this.#random.next()) * meanGapMs);
    this.#world.after(gapMs, () => {
      if (this.#healed || this.#world.nowMicros > this.#stormUntil) return;
      const kind = this.#draw();
      const { aim } = this.#context;
      aim.lastRoles = [];
      if (faults[kind]?.(this.#context) === true) {
        this.#world.report.fault(kind);
        this.#world.report.hit(kind, aim.lastRoles);
      }
      this.#next();
    });
  }

  /** Of two kinds the one that has fired less: not every fault finds a victim each time, and none should stay rare for that. */
  #draw(): FaultKind {
    const [one, two] = [this.#random.pick(this.#kinds), this.#random.pick(this.#kinds)];
    const fired = (kind: FaultKind): number => this.#world.report.faults.get(kind) ?? 0;
    return fired(one) <= fired(two) ? one : two;
  }

  #during(ms: number, undo: () => void): void {
    this.#undos.add(undo);
    this.#world.after(ms, () => {
      if (this.#undos.delete(undo)) undo();
    });
  }

  /** As an operator does with a release that mends it: one node after the other, with all of its replicas. */
  #endQuarantines(): void {
    const { nodes, poison } = this.#world;
    if (!this.#healed && !this.restartsQuarantined) return;
    for (const node of nodes) {
      const found = node.system?.quarantined() ?? [];
      const mended = found.filter((id) => !poison.groups.some((group) => id === partitionActorId(group)));
      if (mended.length === 0 || !(this.#healed || this.#random.chance(0.3))) {
        continue;
      }
      node.crash(false);
      this.restartAfter(100, node);
      if (!this.#healed) return;
    }
  }

  /** Looks after the suspects. */
  #sweep(): void {
    this.#world.atlas.sweep((name) => {
      const node = this.#world.node(name);
      node.crash(false);
      this.restartAfter(100, node);
    });
    this.#endQuarantines();
    this.#world.after(4_000, () => this.#sweep());
  }
}
