/**
 * What lies between a client's machine and one node, and what may be wrong with it. A connection keeps the order of each direction. What
 * a cut holds back is not lost: the sender's system goes on trying for as long as the connection lives, so it arrives late.
 */
import type { SimLoop } from '../ports/sim-loop.ts';
import type { SimRandom } from '../ports/sim-random.ts';

export type Heading = 'up' | 'down';

/** A connection, as faults of its way see it. */
interface Passenger {
  /** Neither end knows it any more. */
  readonly over: boolean;
  mended(): void;
  broken(): void;
}

export class Way {
  readonly node: string;
  /** Added to every message. */
  clogMicros = 0;
  readonly #cut = new Set<Heading>();
  #passengers: Passenger[] = [];

  constructor(node: string) {
    this.node = node;
  }

  get open(): number {
    return this.#passengers.filter(({ over }) => !over).length;
  }

  stops(heading: Heading): boolean {
    return this.#cut.has(heading);
  }

  take(passenger: Passenger): void {
    this.#passengers = [...this.#passengers.filter(({ over }) => !over), passenger];
  }

  cut(headings: readonly Heading[]): void {
    for (const heading of headings) this.#cut.add(heading);
  }

  mend(): void {
    this.clogMicros = 0;
    this.#cut.clear();
    for (const passenger of this.#passengers) passenger.mended();
  }

  /** Every connection ends, and each end learns of it in its own time. */
  break(): void {
    for (const passenger of this.#passengers) passenger.broken();
  }
}

export interface PipeOptions {
  readonly loop: SimLoop;
  readonly random: SimRandom;
  readonly way: Way;
  readonly heading: Heading;
  /** Runs `arrive` at the other end. */
  readonly at: (timeMicros: number, arrive: () => void) => void;
}

/** One direction of one connection. */
export class Pipe {
  readonly #options: PipeOptions;
  #lastMicros = 0;
  #held: (() => void)[] = [];

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  push(arrive: () => void): void {
    const { loop, way, heading, at } = this.#options;
    if (way.stops(heading)) {
      this.#held.push(arrive);
      return;
    }
    const time = loop.nowMicros + this.latencyMicros();
    this.#lastMicros = Math.max(this.#lastMicros + 1, time);
    at(this.#lastMicros, arrive);
  }

  mended(): void {
    const held = this.#held;
    this.#held = [];
    for (const arrive of held) this.push(arrive);
  }

  /** The sender's system gives up what it has not got through. */
  drop(): void {
    this.#held = [];
  }

  latencyMicros(): number {
    const { random, way } = this.#options;
    return Math.ceil(200 + 1_000 * random.next()) + way.clogMicros;
  }
}
