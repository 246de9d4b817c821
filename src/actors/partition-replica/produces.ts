/**
 * The leader's open produces: who waits for which log index, and at which level of acknowledgement.
 *
 * An index is settled by what is applied there (of the term it was proposed in: stored; of another: not applied), or by the end of the
 * leadership, after which nobody here can know: `unknown`. That it was cut off this replica's log would prove nothing.
 */
import type { Context, Ref } from '../../kernel/index.ts';
import { failure, type LogIndex, type Offset, type Term } from '@callboard/client/protocol';
import type { Acks, PartitionAnswer } from './messages.ts';

export interface Waiter {
  readonly id: number;
  readonly replyTo: Ref<PartitionAnswer>;
  readonly acks: Acks;
  readonly baseOffset: Offset;
}

interface Open {
  readonly index: LogIndex;
  readonly term: Term;
  waiters: Waiter[];
}

type Sender = Pick<Context<never>, 'send'>;

export class OpenProduces {
  /** In order of index. */
  #open: Open[] = [];
  /** Waiters that the leader's own disk is enough for. Mostly there are none, and then `durable` need not look for them. */
  #atLeader = 0;
  readonly #context: Sender;

  constructor(context: Sender) {
    this.#context = context;
  }

  get size(): number {
    return this.#open.length;
  }

  /** Without a waiter: the producer asked for no ack, but a repeat of its batch may. */
  add(index: LogIndex, term: Term, waiter: Waiter | undefined): void {
    this.#open.push({ index, term, waiters: waiter === undefined ? [] : [waiter] });
    if (waiter?.acks === 'leader') this.#atLeader += 1;
  }

  /** A repeat of a batch that is not applied yet waits with its original. */
  join(index: LogIndex, waiter: Waiter): void {
    const open = this.#open.find((entry) => entry.index === index);
    if (open === undefined) throw new Error(`no produce is open at index ${index}`);
    open.waiters.push(waiter);
    if (waiter.acks === 'leader') this.#atLeader += 1;
  }

  /** The leader's own disk has everything up to `index`: answers `acks: 'leader'`. */
  durable(index: LogIndex): void {
    for (const open of this.#open) {
      if (this.#atLeader === 0 || open.index > index) break;
      for (const waiter of open.waiters) if (waiter.acks === 'leader') this.#stored(waiter);
      open.waiters = open.waiters.filter((waiter) => waiter.acks !== 'leader');
    }
  }

  /** The entry at `index` is committed and applied, with the term it has. */
  applied(index: LogIndex, term: Term): void {
    while ((this.#open[0]?.index ?? Infinity) <= index) {
      const open = this.#open.shift();
      if (open === undefined) return;
      if (open.index === index && open.term === term) for (const waiter of open.waiters) this.#stored(waiter);
      else this.#overwritten(open);
    }
  }

  /** The leadership ended: what is open may still commit under another leader. */
  abandon(leader: string | undefined): void {
    for (const open of this.#open) {
      for (const waiter of open.waiters) {
        const message =
          `this replica lost leadership before log index ${open.index} was committed; ` +
          'repeat the call with the same producer id, epoch and sequence';
        this.#fail(waiter, failure('not_leader', { message, outcome: 'unknown' }), leader);
      }
    }
    this.#open = [];
  }

  #overwritten(open: Open): void {
    for (const waiter of open.waiters) {
      const message = `another leader's entry took log index ${open.index}; the record is not stored, send it again`;
      this.#fail(waiter, failure('not_leader', { message, outcome: 'not_applied' }), undefined);
    }
  }

  #stored(waiter: Waiter): void {
    if (waiter.acks === 'leader') this.#atLeader -= 1;
    this.#context.send(
      waiter.replyTo,
      { kind: 'produced', id: waiter.id, baseOffset: waiter.baseOffset },
      'control',
    );
  }

  #fail(waiter: Waiter, error: ReturnType<typeof failure>, leader: string | undefined): void {
    if (waiter.acks === 'leader') this.#atLeader -= 1;
    this.#context.send(waiter.replyTo, { kind: 'partition-failed', id: waiter.id, error, leader }, 'control');
  }
}
