/**
 * A bug of the machine that certain entries of a group set off: from some index on, applying throws, on every node that comes to it and
 * again after each restart, until a release mends it.
 */
import { injectedCrash } from './fragile-actor.ts';

export class Poison {
  readonly #from = new Map<number, number>();
  #lastMicros = -Infinity;

  get groups(): readonly number[] {
    return [...this.#from.keys()];
  }

  /** When a group was poisoned last. */
  get lastMicros(): number {
    return this.#lastMicros;
  }

  put(group: number, from: number, nowMicros: number): void {
    this.#lastMicros = nowMicros;
    this.#from.set(group, from);
  }

  mend(group: number): void {
    this.#from.delete(group);
  }

  meet(group: number, index: number): void {
    if (index >= (this.#from.get(group) ?? Infinity)) throw new Error(injectedCrash);
  }
}
