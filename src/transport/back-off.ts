/** Waiting times between attempts: doubling up to a limit, spread so that peers do not meet again at the same moment. */
import type { Random } from '../kernel/ports.ts';

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: Random;
  #ceiling: number;

  constructor(options: BackOffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#ceiling = options.firstMs;
  }

  /** The next waiting time: between half of the current ceiling and all of it. */
  next(): number {
    const delay = this.#ceiling * (0.5 + this.#random.next() / 2);
    this.#ceiling = Math.min(this.#ceiling * 2, this.#options.maxMs);
    return delay;
  }

  /** The last attempt succeeded. */
  reset(): void {
    this.#ceiling = this.#options.firstMs;
  }

  /** Trying again soon will not help. */
  exhaust(): void {
    this.#ceiling = this.#options.maxMs;
  }
}
