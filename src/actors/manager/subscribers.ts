/**
 * Who follows the directory on this node. Each is told the whole state once, then every change in order; topics that are
 * still being created are told of when they are ready.
 */
import { formatAddress, type Context, type Ref } from '../../kernel/index.ts';
import type { DirectoryEvent } from '../../directory/index.ts';
import type { DirectoryEvents, ManagerMessage } from './messages.ts';

interface Subscriber {
  readonly subscription: number;
  readonly replyTo: Ref<DirectoryEvents>;
}

function shown(event: DirectoryEvent): boolean {
  return event.kind !== 'topic' || event.topic.state !== 'creating';
}

export class Subscribers {
  readonly #context: Context<ManagerMessage>;
  readonly #most: number;
  readonly #byAddress = new Map<string, Subscriber>();
  /** The state as one message, kept while nothing changes: many subscribers come at once. */
  #whole: DirectoryEvents | undefined;
  #last = 0;

  constructor(context: Context<ManagerMessage>, most: number) {
    this.#context = context;
    this.#most = most;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  add(replyTo: Ref<DirectoryEvents>, snapshot: () => readonly DirectoryEvent[]): void {
    const address = formatAddress(replyTo);
    if (!this.#byAddress.has(address) && this.#byAddress.size >= this.#most) {
      this.#context.trace.note('error', 'manager.too-many-subscribers', {
        most: this.#most,
        refused: address,
      });
      return;
    }
    this.#last += 1;
    // Deleted first: a later subscription of one address stands at its new place in the order.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { subscription: this.#last, replyTo });
    this.#whole ??= { kind: 'directory-events', whole: true, events: snapshot().filter(shown) };
    this.#context.send(replyTo, this.#whole, 'control');
    this.#context.monitor(replyTo, { kind: 'subscriber-gone', subscription: this.#last });
  }

  gone(subscription: number): void {
    for (const [address, subscriber] of this.#byAddress) {
      if (subscriber.subscription !== subscription) continue;
      this.#byAddress.delete(address);
      return;
    }
  }

  send(changes: readonly DirectoryEvent[]): void {
    const events = changes.filter(shown);
    if (events.length === 0) return;
    this.#whole = undefined;
    const message: DirectoryEvents = { kind: 'directory-events', events };
    for (const { replyTo } of this.#byAddress.values()) this.#context.send(replyTo, message, 'control');
  }
}
