/**
 * Taking records over HTTP (SEMANTICS S11): read and verify, commit the cursor, then answer.
 *
 * One step per consumer at a time: the calls that wait are served together by one read and one cursor move, so parallel calls
 * of one consumer never get the same record and their order needs no reservation. A call that meets the end asks ReadIndex
 * before it says that there is nothing.
 */
import type { Ref } from '../../kernel/index.ts';
import {
  chunkHeaderBytes,
  decodeRecords,
  failure,
  readChunkHeader,
  type CallError,
  type LogIndex,
  type Offset,
} from '@callboard/client/protocol';
import type { PartitionAnswer } from './messages.ts';

export interface Taker {
  readonly id: number;
  readonly replyTo: Ref<PartitionAnswer>;
}

interface Taken {
  readonly offset: number;
  readonly value: Uint8Array;
}

type Lane = {
  readonly consumer: string;
  waiting: Taker[];
} & Phase;

type Phase =
  | { phase: 'idle' }
  /** ReadIndex is under way for the calls that waited when it began. */
  | { phase: 'confirming' }
  /** Committed records above are not durable here yet; `durable` goes on. */
  | { phase: 'stalled' }
  | { phase: 'reading'; takers: readonly Taker[]; from: number }
  | { phase: 'committing'; takers: readonly Taker[]; taken: readonly Taken[]; index: LogIndex };

/** What the desk needs of its replica. */
export interface ConsumeHost {
  cursor(consumer: string): Offset;
  takesCursorOf(consumer: string): boolean;
  /** End of the records that are applied. */
  appliedEnd(): Offset;
  /** End of the records that are applied and durable on this replica: what can be read from its disk. */
  readableEnd(): Offset;
  confirm(then: (leads: boolean) => void): void;
  /** Undefined: refused, the reader is full. */
  readChunks(
    offset: Offset,
    upTo: Offset,
    then: (chunks: readonly Uint8Array[], damaged: LogIndex | undefined) => void,
  ): boolean;
  proposeMove(
    consumer: string,
    from: number,
    to: number,
  ): { readonly index: LogIndex } | { readonly error: CallError };
  damaged(index: LogIndex): void;
  answer(taker: Taker, answer: PartitionAnswer): void;
  leader(): string | undefined;
}

const takenAtOnce = 100;

export class ConsumeDesk {
  readonly #host: ConsumeHost;
  readonly #lanes = new Map<string, Lane>();

  constructor(host: ConsumeHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#lanes.size;
  }

  take(consumer: string, taker: Taker): void {
    const lane: Lane = this.#lanes.get(consumer) ?? { consumer, waiting: [], phase: 'idle' };
    this.#lanes.set(consumer, lane);
    lane.waiting.push(taker);
    this.#pump(lane);
  }

  /** More became readable. */
  durable(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.phase !== 'stalled') continue;
      setPhase(lane, { phase: 'idle' });
      this.#pump(lane);
    }
  }

  /** The cursor move at `index` was applied; `moved` is false when it started from another cursor. */
  applied(index: LogIndex, moved: boolean): void {
    for (const lane of this.#lanes.values()) {
      if (lane.phase !== 'committing' || lane.index !== index) continue;
      const { takers, taken } = lane;
      setPhase(lane, { phase: 'idle' });
      for (const [i, taker] of takers.entries()) {
        const record = taken[i];
        if (record === undefined || !moved) {
          this.#fail(taker, notTaken('the cursor was moved by somebody else'));
        } else {
          const { offset, value } = record;
          this.#host.answer(taker, { kind: 'consumed', id: taker.id, offset: offset as Offset, value });
        }
      }
      this.#pump(lane);
      return;
    }
  }

  /** The leadership ended. Calls whose cursor move was proposed cannot know; the others took nothing. */
  abandon(): void {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    for (const lane of lanes) {
      if (lane.phase === 'committing') {
        for (const taker of lane.takers) {
          const message =
            'leadership was lost while the cursor was being committed: the record may count as read';
          this.#fail(taker, failure('not_leader', { message, outcome: 'unknown' }));
        }
      }
      if (lane.phase === 'reading') {
        for (const taker of lane.takers) this.#fail(taker, notTaken('leadership was lost'));
      }
      for (const taker of lane.waiting) this.#fail(taker, notTaken('leadership was lost'));
    }
  }

  #pump(lane: Lane): void {
    if (lane.phase !== 'idle') return;
    if (lane.waiting.length === 0) {
      this.#lanes.delete(lane.consumer);
      return;
    }
    if (!this.#host.takesCursorOf(lane.consumer)) {
      const message =
        'this partition keeps no more consumers; remove unused ones or raise cursorsPerPartition';
      this.#failWaiting(lane, failure('limit_reached', { message }));
      return;
    }
    const cursor = this.#host.cursor(lane.consumer);
    const count = Math.min(lane.waiting.length, takenAtOnce, this.#host.readableEnd() - cursor);
    if (count > 0) this.#read(lane, cursor, count);
    else if (this.#host.appliedEnd() > cursor) setPhase(lane, { phase: 'stalled' });
    else this.#confirmEmpty(lane);
  }

  #confirmEmpty(lane: Lane): void {
    const asking = lane.waiting;
    lane.waiting = [];
    setPhase(lane, { phase: 'confirming' });
    this.#host.confirm((leads) => {
      if (this.#lanes.get(lane.consumer) !== lane) {
        for (const taker of asking) this.#fail(taker, notTaken('leadership was lost'));
        return;
      }
      setPhase(lane, { phase: 'idle' });
      if (!leads) {
        for (const taker of asking) this.#fail(taker, notTaken('leadership could not be confirmed'));
      } else if (this.#host.appliedEnd() > this.#host.cursor(lane.consumer)) {
        lane.waiting = [...asking, ...lane.waiting];
      } else {
        for (const taker of asking) this.#host.answer(taker, { kind: 'nothing', id: taker.id });
      }
      this.#pump(lane);
    });
  }

  #read(lane: Lane, cursor: Offset, count: number): void {
    const takers = lane.waiting.slice(0, count);
    lane.waiting = lane.waiting.slice(count);
    setPhase(lane, { phase: 'reading', takers, from: cursor });
    const upTo = (cursor + count) as Offset;
    const sent = this.#host.readChunks(cursor, upTo, (chunks, damaged) => {
      if (this.#lanes.get(lane.consumer) !== lane || lane.phase !== 'reading') return;
      setPhase(lane, { phase: 'idle' });
      if (damaged !== undefined) {
        for (const taker of takers) this.#fail(taker, failure('replica_damaged', { outcome: 'not_applied' }));
        this.#host.damaged(damaged);
        return;
      }
      this.#commit(lane, takers, cursor, recordsFrom(chunks, cursor, takers.length));
    });
    if (sent) return;
    setPhase(lane, { phase: 'idle' });
    for (const taker of takers) {
      this.#fail(taker, failure('overloaded', { retryAfterMs: 50, outcome: 'not_applied' }));
    }
    this.#pump(lane);
  }

  #commit(lane: Lane, takers: readonly Taker[], cursor: Offset, taken: readonly Taken[]): void {
    // Fewer came than were asked for: the others wait for the next round, in their order.
    lane.waiting = [...takers.slice(taken.length), ...lane.waiting];
    const served = takers.slice(0, taken.length);
    const proposed = this.#host.proposeMove(lane.consumer, cursor, cursor + taken.length);
    if ('error' in proposed) {
      for (const taker of served) this.#fail(taker, proposed.error);
      this.#failWaiting(lane, proposed.error);
      return;
    }
    setPhase(lane, { phase: 'committing', takers: served, taken, index: proposed.index });
  }

  #failWaiting(lane: Lane, error: CallError): void {
    this.#lanes.delete(lane.consumer);
    for (const taker of lane.waiting) this.#fail(taker, error);
  }

  #fail(taker: Taker, error: CallError): void {
    this.#host.answer(taker, { kind: 'partition-failed', id: taker.id, error, leader: this.#host.leader() });
  }
}

function setPhase(lane: Lane, phase: Phase): void {
  Object.assign(lane, phase);
}

function notTaken(why: string): CallError {
  return failure('not_leader', {
    message: `${why}; nothing was read, repeat the call`,
    outcome: 'not_applied',
  });
}

/** The records from `from` on, at most `count`, out of chunks that begin at or below it. Values are copied. */
function recordsFrom(chunks: readonly Uint8Array[], from: number, count: number): readonly Taken[] {
  const taken: Taken[] = [];
  for (const chunk of chunks) {
    const header = readChunkHeader(chunk);
    const records = decodeRecords(chunk.subarray(chunkHeaderBytes), header.recordCount);
    for (const [i, record] of records.entries()) {
      const offset = header.baseOffset + i;
      if (offset < from || taken.length >= count) continue;
      if (offset !== from + taken.length) {
        throw new Error(`offset ${offset} follows ${from + taken.length - 1}`);
      }
      taken.push({ offset, value: record.value.slice() });
    }
  }
  return taken;
}
