/** Why the newest ended subscriptions of a connection ended: an ack that comes too late is told so, and not that nobody knows it. */
import type { CallError } from '@callboard/client/protocol';

const kept = 256;

export class NewestEnds {
  readonly #ends = new Map<number, CallError>();

  find(correlation: number): CallError | undefined {
    return this.#ends.get(correlation);
  }

  put(correlation: number, error: CallError): void {
    this.#ends.delete(correlation);
    this.#ends.set(correlation, error);
    if (this.#ends.size <= kept) return;
    const oldest = this.#ends.keys().next();
    if (oldest.done !== true) this.#ends.delete(oldest.value);
  }
}
