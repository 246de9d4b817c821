/** What all clients of one run share. */
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { World } from '../world.ts';
import { Clients } from './clients.ts';

/** A topic that was seen ready, with its groups by partition as they were then: in memory, others may have taken their places (`now`). */
export interface KnownTopic {
  readonly name: string;
  readonly groups: readonly number[];
}

/** Whoever must end up with everything. */
export interface Follower {
  /** The work is over. */
  finish(): void;
  /** What is still to come; undefined: nothing. */
  lag(): string | undefined;
  processEnded?(node: string): void;
}

/** Topics of this kind come and go: nothing may be expected of them at the end of a run. */
export const fleetingPrefix = 'fleeting-';

export interface OpCounts {
  acked: number;
  unknown: number;
  failed: number;
}

export class Workload {
  readonly world: World;
  readonly clients: Clients;
  readonly counts: OpCounts = { acked: 0, unknown: 0, failed: 0 };
  /** No new operations are begun. */
  stopped = false;
  readonly followers: Set<Follower> = new Set();
  /** Numbered records that are being sent until they are known to be stored. */
  insisting = 0;
  readonly #random: SimRandom;
  readonly #topics = new Map<string, KnownTopic>();
  #idleUntil = 0;
  #lastRecord = 0;
  #lastConnection = 0;

  constructor(world: World) {
    this.world = world;
    this.clients = new Clients(world);
    this.clients.onProcessEnded = (node) => {
      for (const follower of this.followers) follower.processEnded?.(node.name);
    };
    this.#random = world.random.fork('workload');
  }

  fork(name: string): SimRandom {
    return this.#random.fork(name);
  }

  /** Numbers the connections of the whole run. */
  nextConnection(): number {
    this.#lastConnection += 1;
    return this.#lastConnection;
  }

  nextRecord(): number {
    this.#lastRecord += 1;
    return this.#lastRecord;
  }

  /** Calls `step` after a pause around `meanMs`, not in idle windows, and not any more once stopped. */
  later(random: SimRandom, meanMs: number, step: () => void): void {
    this.world.after(meanMs * (0.5 + random.next()), () => {
      if (this.stopped) return;
      const idleMs = (this.#idleUntil - this.world.nowMicros) / 1_000;
      if (idleMs > 0) {
        this.world.after(idleMs + meanMs * random.next(), () => (this.stopped ? undefined : step()));
      } else step();
    });
  }

  /** The groups of these partitions as they are now. */
  now(groups: readonly number[]): readonly number[] {
    return groups.map((group) => this.world.checks.generations.now(group));
  }

  /** Nobody begins anything just now. */
  get idle(): boolean {
    return this.#idleUntil > this.world.nowMicros;
  }

  anyNode(random: SimRandom): SimNode {
    return random.pick(this.world.nodes);
  }

  /** What some node's directory says of a ready topic. */
  topic(name: string): KnownTopic | undefined {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    for (const { door } of this.world.nodes) {
      const found = door?.topics.get(name);
      if (found === undefined) continue;
      const topic = { name, groups: found.partitions.map((partition) => partition.group as number) };
      this.#topics.set(name, topic);
      return topic;
    }
    return undefined;
  }

  /** Without the fleeting ones. */
  topics(): readonly KnownTopic[] {
    for (const { door } of this.world.nodes) {
      for (const name of door?.topics.keys() ?? []) if (!name.startsWith(fleetingPrefix)) this.topic(name);
    }
    return [...this.#topics.values()];
  }

  /** Once a second, from the start of the work. */
  beat(): void {
    const { workload } = this.world.settings;
    this.clients.sweep();
    this.world.checks.answers.sweep(this.world.nowMicros);
    if (workload.idle && this.#idleUntil < this.world.nowMicros && this.#random.chance(0.01)) {
      this.#idleUntil = this.world.nowMicros + this.#random.between(5_000_000, 40_000_000);
    }
    this.world.after(1_000, () => this.beat());
  }
}
