/** What a simulated producer may expect of the memory of partitions: how long it may say nothing, and when it may be forgotten. */
import type { SimRandom } from '../ports/sim-random.ts';
import type { World } from '../world.ts';

/** Clocks drift by 2 % at most; all else errs to the side of remembering. */
const leastShare = 0.9;

export class Memory {
  readonly #world: World;
  readonly #name: string;
  /** By group: when the newest batch that is known to be stored was first sent. */
  readonly #stored = new Map<number, number>();
  readonly #forgotten = new Set<number>();

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  /** A pause that may be longer than partitions remember; 0: not in this seed. */
  napMs(random: SimRandom): number {
    const { workload, limits } = this.#world.settings;
    return workload.naps ? limits.producerIdleMs * (0.3 + 2 * random.next()) : 0;
  }

  /** The producer has another id from here on. */
  clear(): void {
    this.#stored.clear();
  }

  stored(group: number, sentMicros: number): void {
    this.#stored.set(group, Math.max(sentMicros, this.#stored.get(group) ?? 0));
  }

  /** A partition said that it does not know this producer. No clock and no record's date may make it say so too soon. */
  forgotten(group: number): void {
    const { settings, report, nowMicros } = this.#world;
    report.sometimes('a producer was forgotten and told so');
    const since = this.#stored.get(group);
    this.#stored.delete(group);
    this.#forgotten.add(group);
    if (since === undefined) return;
    const idleMs = (nowMicros - since) / 1_000;
    if (idleMs >= settings.limits.producerIdleMs * leastShare) return;
    report.violation(
      'numbers',
      `${this.#name} was forgotten by group ${group}, although it had a record stored ${Math.round(idleMs)} ms ago at most`,
    );
  }

  /** Whether it was forgotten there before; asked once. */
  cameBack(group: number): boolean {
    return this.#forgotten.delete(group);
  }
}

/** The refusal of a batch for its date, where clocks are wrong by days. */
export function misdates({ settings }: World, { message }: { readonly message: string }): boolean {
  return settings.faults.clockDays && message.includes('ahead of');
}
