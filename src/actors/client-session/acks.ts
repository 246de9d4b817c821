/**
 * Acks on their way: of one subscription one at a time, which carries the highest; those that come meanwhile are answered by the next.
 */
import { toErrorReply, type CallError, type Offset } from '@callboard/client/protocol';
import { busy } from './errors.ts';
import type { ClientPort } from './port.ts';
import type { PendingAck, Subscribed } from './subscribed.ts';

export interface AcksOptions {
  readonly port: ClientPort;
  send(subscription: Subscribed, upTo: Offset): 'accepted' | 'full' | 'gone';
}

export class Acks {
  readonly #options: AcksOptions;
  /** Ack frames that wait for their answer. */
  #size = 0;

  constructor(options: AcksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  add(subscription: Subscribed, ack: PendingAck): void {
    subscription.acks.push(ack);
    this.#size += 1;
    this.#send(subscription);
  }

  acked(subscription: Subscribed, cursor: Offset): void {
    const { acking } = subscription;
    subscription.acking = undefined;
    const reached = acking === undefined || acking < cursor ? cursor : acking;
    this.#settle(subscription, ({ upTo }) => (upTo <= reached ? cursor : undefined));
    this.#send(subscription);
  }

  refused(subscription: Subscribed, error: CallError): void {
    const { acking } = subscription;
    subscription.acking = undefined;
    this.#settle(subscription, ({ upTo }) => (acking === undefined || upTo <= acking ? error : undefined));
    this.#send(subscription);
  }

  /** The subscription has ended. What was sent may yet be carried out, unless its session is fenced. */
  end(subscription: Subscribed, error: CallError): void {
    const { acking } = subscription;
    this.#settle(subscription, ({ upTo }) => {
      const inDoubt = acking !== undefined && upTo <= acking && error.code !== 'fenced';
      return inDoubt ? { ...error, outcome: 'unknown' } : error;
    });
  }

  #send(subscription: Subscribed): void {
    const { acking, acks, route } = subscription;
    if (acking !== undefined || acks.length === 0) return;
    const upTo = acks.reduce((most, ack) => (ack.upTo > most ? ack.upTo : most), 0 as Offset);
    const sent = this.#options.send(subscription, upTo);
    if (sent === 'accepted') subscription.acking = upTo;
    else this.#settle(subscription, () => busy(sent, route.node));
  }

  /** Answers each waiting ack with its new cursor or its failure; undefined: it goes on waiting. */
  #settle(subscription: Subscribed, answer: (ack: PendingAck) => Offset | CallError | undefined): void {
    const { port } = this.#options;
    subscription.acks = subscription.acks.filter((ack) => {
      const settled = answer(ack);
      if (settled === undefined) return true;
      this.#size -= 1;
      const { correlation } = ack;
      if (typeof settled === 'object') port.send(toErrorReply(correlation, settled));
      else port.send({ kind: 'acked', correlation, cursor: settled });
      return false;
    });
  }
}
