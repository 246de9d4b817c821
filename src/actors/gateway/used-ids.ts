/**
 * Which producers and consumers have called through this gateway lately. The node's manager is told of each four times an hour for as long
 * as that was not too long ago: what it could not pass on is said again, and what the directory knows already goes no further.
 */
import type { ConsumerRef } from '../../directory/index.ts';
import { refTo, type Context } from '../../kernel/index.ts';
import type { Limits } from '@callboard/client/protocol';
import { managerActorId, type ManagerMessage } from '../manager/messages.ts';
import type { GatewayMessage } from './messages.ts';

const toldPerHour = 4;
/** Of the hour: a use is said for so long. */
const saidHours = 2;

interface Use {
  readonly consumer: ConsumerRef | undefined;
  readonly id: string;
  usedMs: number;
}

export class UsedIds {
  readonly #context: Context<GatewayMessage>;
  readonly #limits: Pick<Limits, 'useHourMs' | 'usedIdsTogether'>;
  readonly #uses = new Map<string, Use>();
  #waits = false;

  constructor(context: Context<GatewayMessage>, limits: Pick<Limits, 'useHourMs' | 'usedIdsTogether'>) {
    this.#context = context;
    this.#limits = limits;
  }

  get size(): number {
    return this.#uses.size;
  }

  producer(id: string): void {
    this.#use(id, id, undefined);
  }

  consumer(id: string, topic: string): void {
    this.#use(`${topic}/${id}`, id, topic);
  }

  tell(): void {
    this.#waits = false;
    const { useHourMs, usedIdsTogether } = this.#limits;
    const nowMs = this.#context.now();
    for (const [key, { usedMs }] of this.#uses) {
      if (nowMs - usedMs > saidHours * useHourMs) this.#uses.delete(key);
    }
    const uses = [...this.#uses.values()];
    for (let at = 0; at < uses.length; at += usedIdsTogether) {
      const some = uses.slice(at, at + usedIdsTogether);
      const producers = some.flatMap(({ id, consumer }) => (consumer === undefined ? [id] : []));
      const consumers = some.flatMap(({ consumer }) => consumer ?? []);
      const manager = refTo<ManagerMessage>(this.#context.self.node, managerActorId);
      this.#context.send(manager, { kind: 'ids-in-use', producers, consumers });
    }
    this.#wait();
  }

  #use(key: string, id: string, topic: string | undefined): void {
    const nowMs = this.#context.now();
    const known = this.#uses.get(key);
    const consumer = topic === undefined ? undefined : { id, topic };
    if (known === undefined) this.#uses.set(key, { id, consumer, usedMs: nowMs });
    else known.usedMs = nowMs;
    this.#wait();
  }

  #wait(): void {
    if (this.#waits || this.#uses.size === 0) return;
    this.#waits = true;
    this.#context.after(this.#limits.useHourMs / toldPerHour, { kind: 'gateway-used' });
  }
}
