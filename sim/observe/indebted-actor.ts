/**
 * Keeps the books of what a partition's replica owes: each request that it has received is to be answered once, and when the replica ends,
 * by itself or by a failure, nothing may be owed any more: whoever waits would wait for its deadline (SEMANTICS S2).
 */
import {
  formatAddress,
  type Actor,
  type Address,
  type Context,
  type Lane,
  type Ref,
} from '../../src/kernel/index.ts';
import type { GroupLink } from '../../src/actors/group/messages.ts';
import type { PartitionAnswer, PartitionRequest } from '../../src/actors/partition-replica/messages.ts';
import type { PushClose, PushNews, PushOpen } from '../../src/actors/partition-replica/push-messages.ts';

const requests: ReadonlySet<string> = new Set<(PartitionRequest | PushOpen)['kind']>([
  'produce',
  'consume',
  'size',
  'fetch',
  'locate',
  'lead',
  'push-open',
]);
const answers: ReadonlySet<string> = new Set<(PartitionAnswer | PushNews)['kind']>([
  'produced',
  'consumed',
  'nothing',
  'sized',
  'fetched',
  'located',
  'leads',
  'partition-failed',
  'push-opened',
  'push-ended',
]);

type Request = PartitionRequest | PushOpen;

export class IndebtedActor<M> implements Actor<M> {
  readonly #inner: Actor<M>;
  readonly #report: (text: string) => void;
  /** What is owed, by asker and number. */
  readonly #owed = new Map<string, string>();
  #context: Context<M> | undefined;

  constructor(inner: Actor<M>, report: (text: string) => void) {
    this.#inner = inner;
    this.#report = report;
  }

  start(context: Context<M>): void {
    this.#context = this.#watched(context);
    this.#inner.start?.(this.#context);
  }

  receive(message: M, context: Context<M>): void {
    this.#borrow(message);
    this.#inner.receive(message, this.#context ?? context);
  }

  turnEnded(context: Context<M>): void {
    this.#inner.turnEnded?.(this.#context ?? context);
  }

  stopped(): void {
    this.#inner.stopped?.();
    this.#audit('ended');
  }

  undelivered(message: M, context: Context<M>): void {
    this.#borrow(message);
    this.#inner.undelivered?.(message, (this.#context ??= this.#watched(context)));
    this.#audit('ended before it received what waited for it');
  }

  inspect(): Record<string, unknown> {
    return this.#inner.inspect?.() ?? {};
  }

  #borrow(message: M): void {
    const { kind } = message as { readonly kind: string };
    if (kind === 'group-link') this.#lost(message as GroupLink);
    if (!requests.has(kind) && kind !== 'push-close') return;
    const { id, replyTo } = message as Request | PushClose;
    // Whoever closes what was not opened yet waits for nothing any more.
    if (kind === 'push-close') this.#owed.delete(`${formatAddress(replyTo)} ${id}`);
    else this.#owed.set(`${formatAddress(replyTo)} ${id}`, kind);
  }

  /** A node that was cut off: its subscribers begin anew when it is back. */
  #lost({ node, up }: GroupLink): void {
    if (up) return;
    for (const [key, kind] of this.#owed) {
      if (kind === 'push-open' && key.startsWith(`${node}/`)) this.#owed.delete(key);
    }
  }

  #paid(to: Address, message: unknown): void {
    const { kind, id } = message as { readonly kind: string; readonly id?: number };
    if (answers.has(kind)) this.#owed.delete(`${formatAddress(to)} ${id}`);
  }

  #audit(when: string): void {
    if (this.#owed.size === 0) return;
    const [first = ''] = this.#owed.values();
    this.#report(`a replica ${when} with ${this.#owed.size} requests open, a ${first} among them`);
    this.#owed.clear();
  }

  #watched(context: Context<M>): Context<M> {
    return {
      self: context.self,
      incarnation: context.incarnation,
      trace: context.trace,
      send: <T>(to: Ref<T>, message: T, lane?: Lane) => {
        this.#paid(to, message);
        return context.send(to, message, lane);
      },
      after: (delayMs, message) => context.after(delayMs, message),
      cancel: (timer) => context.cancel(timer),
      spawn: (id, factory, options) => context.spawn(id, factory, options),
      stop: (address) => context.stop(address),
      monitor: (address, message) => context.monitor(address, message),
      now: () => context.now(),
      wallTime: () => context.wallTime(),
      random: () => context.random(),
    };
  }
}
