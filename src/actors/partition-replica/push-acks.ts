/**
 * Acknowledgements of pushed records. What comes in while a command is on its way to a quorum becomes the next command: one round of
 * replication carries the acks of all subscriptions, however many there are.
 */
import type { Advance, Advanced } from '../../partition/index.ts';
import type { CallError, LogIndex, Offset } from '@callboard/client/protocol';
import type { Subscription } from './subscription.ts';

export interface AckHost {
  readonly mostAtOnce: number;
  propose(advances: readonly Advance[]): { readonly index: LogIndex } | { readonly error: CallError };
  acked(subscription: Subscription, cursor: Offset): void;
  refused(subscription: Subscription, error: CallError): void;
  fenced(subscription: Subscription): void;
}

interface Waiting {
  readonly subscription: Subscription;
  readonly advance: Advance;
}

export class PushAcks {
  readonly #host: AckHost;
  /** One per subscription: the highest. */
  #waiting = new Map<Subscription, Advance>();
  #round: { readonly index: LogIndex; readonly acks: readonly Waiting[] } | undefined;

  constructor(host: AckHost) {
    this.#host = host;
  }

  add(subscription: Subscription, advance: Advance): void {
    const known = this.#waiting.get(subscription);
    if (known === undefined || known.upTo < advance.upTo) this.#waiting.set(subscription, advance);
    this.#propose();
  }

  /** The command at `index` was applied. */
  applied(index: LogIndex, results: readonly Advanced[]): void {
    const round = this.#round;
    if (round?.index !== index) return;
    this.#round = undefined;
    for (const [i, { subscription }] of round.acks.entries()) {
      const result = results[i];
      if (result?.ok === true) this.#host.acked(subscription, result.cursor as Offset);
      else if (result?.why === 'fenced') this.#host.fenced(subscription);
      else throw new Error(`an acknowledgement at index ${index} goes beyond what was committed before it`);
    }
    this.#propose();
  }

  /** The subscription has ended; an ack that is on its way may still be carried out. */
  forget(subscription: Subscription): void {
    this.#waiting.delete(subscription);
  }

  /** The leadership ended. */
  abandon(): void {
    this.#waiting.clear();
    this.#round = undefined;
  }

  #propose(): void {
    if (this.#round !== undefined || this.#waiting.size === 0) return;
    const acks: Waiting[] = [];
    for (const [subscription, advance] of this.#waiting) {
      if (acks.length >= this.#host.mostAtOnce) break;
      this.#waiting.delete(subscription);
      acks.push({ subscription, advance });
    }
    const proposed = this.#host.propose(acks.map(({ advance }) => advance));
    if ('index' in proposed) {
      this.#round = { index: proposed.index, acks };
      return;
    }
    const refused = [...acks, ...[...this.#waiting].map(([subscription]) => ({ subscription }))];
    this.#waiting.clear();
    for (const { subscription } of refused) this.#host.refused(subscription, proposed.error);
  }
}
