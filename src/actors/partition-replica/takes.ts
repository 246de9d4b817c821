/**
 * Everything that a replica does for takes over HTTP (SEMANTICS S11): consumes, the words of gateways about what became of them, and the
 * leader's own questions.
 */
import type { TakeId } from '../../partition/index.ts';
import type { LogIndex } from '@callboard/client/protocol';
import type { GroupLink } from '../group/messages.ts';
import { ConsumeDesk } from './consumes.ts';
import { consumeHost, settleHost, watchHost, type ReplicaParts } from './hosts.ts';
import type { Consume, SettleTakes, TakesChecked, TakeTick } from './messages.ts';
import { TakeSettles } from './take-settles.ts';
import { TakeWatch } from './take-watch.ts';

export class Takes {
  readonly #parts: ReplicaParts;
  readonly #consumes: ConsumeDesk;
  readonly #settles: TakeSettles;
  readonly #watch: TakeWatch;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#settles = new TakeSettles(settleHost(parts));
    const undoubted = (): void => this.#consumes.undoubted();
    this.#watch = new TakeWatch(watchHost(parts, undoubted), this.#settles);
    this.#consumes = new ConsumeDesk(consumeHost(parts, this.#watch));
  }

  asked(request: Consume | SettleTakes): void {
    if (request.kind === 'consume') this.#consumes.take(request.consumer, request);
    else this.#settle(request);
  }

  told(message: TakesChecked | TakeTick): void {
    if (message.kind === 'takes-checked') this.#watch.answered(message);
    else this.#watch.ticked();
  }

  linkChanged({ node, up }: GroupLink): void {
    this.#watch.link(node, up);
  }

  taken(index: LogIndex, { consumer, done }: { readonly consumer: string; readonly done: boolean }): void {
    this.#consumes.applied(consumer, index, done);
    this.#watch.stir();
  }

  settled(index: LogIndex): void {
    this.#settles.applied(index);
    this.#consumes.undoubted();
  }

  /** More became readable. */
  durable(): void {
    this.#consumes.durable();
  }

  /** This replica leads, and takes proposals. */
  began(): void {
    this.#watch.began();
  }

  /** The leadership ended. */
  abandon(): void {
    this.#consumes.abandon();
    this.#settles.abandon();
    this.#watch.abandon();
  }

  #settle(request: SettleTakes): void {
    const { id, replyTo, start, words } = request;
    const ids = (calls: readonly number[]): TakeId[] =>
      calls.map((call) => ({ node: replyTo.node, start, call }));
    const settlements = words.map(({ consumer, noted, returned }) => {
      return { consumer, noted: ids(noted), returned: ids(returned) };
    });
    this.#settles.add(settlements, (error) => {
      if (error === undefined) this.#parts.answer(request, { kind: 'takes-settled', id });
      else this.#parts.fail(request, error);
    });
  }
}
