/** A value that is dear to make, made for all who ask within a while: who asks often costs the others nothing. */
import type { Clock } from '../kernel/index.ts';

export class Kept<T> {
  readonly #clock: Clock;
  readonly #make: () => T;
  readonly #keepMs: (value: T) => number;
  #kept: { readonly value: T; readonly untilMs: number } | undefined;

  constructor(clock: Clock, make: () => T, keepMs: (value: T) => number) {
    this.#clock = clock;
    this.#make = make;
    this.#keepMs = keepMs;
  }

  get(): T {
    const now = this.#clock.now();
    if (this.#kept === undefined || now >= this.#kept.untilMs) {
      const value = this.#make();
      this.#kept = { value, untilMs: now + this.#keepMs(value) };
    }
    return this.#kept.value;
  }
}
