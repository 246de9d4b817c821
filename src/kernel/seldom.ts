/** Lets a thing be said once a minute, and no more than so many things: what strangers cause must not fill the log. */
import type { Clock } from './ports.ts';

const everyMs = 60_000;
/** Different things that may be said within a minute. */
const most = 64;

export class Seldom {
  readonly #clock: Clock;
  /** When each was said; in the order of that. */
  readonly #said = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `what` may be said now; then it counts as said. */
  says(what: string): boolean {
    const now = this.#clock.now();
    for (const [key, saidMs] of this.#said) {
      if (now - saidMs < everyMs) break;
      this.#said.delete(key);
    }
    if (this.#said.has(what) || this.#said.size >= most) return false;
    this.#said.set(what, now);
    return true;
  }
}
