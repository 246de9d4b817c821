/**
 * Taking records over HTTP (SEMANTICS S11): read and verify, commit the take, then answer.
 *
 * One step per consumer at a time: the calls that wait are served together by one read and one command, so parallel calls of one
 * consumer never get the same record and their order needs no reservation. Records that are to be given again go before newer ones.
 * A call that meets the end asks ReadIndex, and whoever has open takes of the consumer, before it says that there is nothing.
 */
import type { Ref } from '../../kernel/index.ts';
import type { OpenTake, Take, TakeId } from '../../partition/index.ts';
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
import { unnoted } from './take-watch.ts';

export interface ConsumeCall {
  /** The gateway's number of the call, by which it knows what was taken for it. */
  readonly id: number;
  readonly replyTo: Ref<PartitionAnswer>;
  /** The gateway's run. */
  readonly start: number;
  /** Its earlier calls of this consumer whose records were handed over. */
  readonly noted: readonly number[];
}

interface Read {
  readonly offset: number;
  readonly value: Uint8Array;
}

type Lane = {
  readonly consumer: string;
  waiting: ConsumeCall[];
} & Phase;

type Phase =
  | { phase: 'idle' }
  /** ReadIndex and the gateways are asked for the calls that waited when it began. */
  | { phase: 'confirming'; calls: readonly ConsumeCall[] }
  /** Takes that may be given back at any moment go before what is newer; `undoubted` goes on. */
  | { phase: 'doubting' }
  /** Committed records above are not durable here yet; `durable` goes on. */
  | { phase: 'stalled' }
  | { phase: 'reading'; calls: readonly ConsumeCall[] }
  | {
      phase: 'committing';
      calls: readonly ConsumeCall[];
      read: readonly Read[];
      index: LogIndex;
    };

/** What to read for the calls that wait: given again, or new from the read position on. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly again: boolean;
  readonly position: number;
}

/** What the desk needs of its replica. */
export interface ConsumeHost {
  /** The consumer's next offset that nobody has had. */
  position(consumer: string): Offset;
  openTakes(consumer: string): readonly OpenTake[];
  /** How many more takes of the consumer may be open. */
  room(consumer: string): number;
  takesCursorOf(consumer: string): boolean;
  /** End of the records that are applied. */
  appliedEnd(): Offset;
  /** End of the records that are applied and durable on this replica: what can be read from its disk. */
  readableEnd(): Offset;
  confirm(then: (leads: boolean) => void): void;
  /** Whether newer records must wait for what becomes of these takes. */
  doubts(takes: readonly OpenTake[]): boolean;
  /** Settles what can be known of these takes; `then` is told a node that could not be asked, if there is one. */
  check(consumer: string, takes: readonly OpenTake[], then: (unreachable: string | undefined) => void): void;
  /** Undefined: refused, the reader is full. */
  readChunks(
    offset: Offset,
    upTo: Offset,
    then: (chunks: readonly Uint8Array[], damaged: LogIndex | undefined) => void,
  ): boolean;
  proposeTake(take: Take): { readonly index: LogIndex } | { readonly error: CallError };
  damaged(index: LogIndex): void;
  answer(call: ConsumeCall, answer: PartitionAnswer): void;
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

  take(consumer: string, call: ConsumeCall): void {
    const lane: Lane = this.#lanes.get(consumer) ?? { consumer, waiting: [], phase: 'idle' };
    this.#lanes.set(consumer, lane);
    lane.waiting.push(call);
    // It may bring the word that was waited for.
    if (lane.phase === 'doubting') setPhase(lane, { phase: 'idle' });
    this.#pump(lane);
  }

  /** More became readable. */
  durable(): void {
    this.#resume('stalled');
  }

  /** Takes were settled, or their gateways are doubted no longer. */
  undoubted(): void {
    this.#resume('doubting');
  }

  /** The take at `index` was applied; not `done`: it was decided on an older state, and took nothing. */
  applied(consumer: string, index: LogIndex, done: boolean): void {
    const lane = this.#lanes.get(consumer);
    if (lane?.phase !== 'committing' || lane.index !== index) return;
    const { calls, read } = lane;
    setPhase(lane, { phase: 'idle' });
    for (const [i, call] of calls.entries()) {
      const record = read[i];
      if (record === undefined || !done) {
        this.#fail(call, notTaken('the cursor was moved by somebody else'));
      } else {
        const { offset, value } = record;
        this.#host.answer(call, { kind: 'consumed', id: call.id, offset: offset as Offset, value });
      }
    }
    this.#pump(lane);
  }

  /** The leadership ended. Calls whose take was proposed cannot know; the others took nothing. */
  abandon(): void {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    for (const lane of lanes) {
      if (lane.phase === 'committing') {
        for (const call of lane.calls) {
          const message =
            'leadership was lost while the take was being committed; what was taken for this call is given again';
          this.#fail(call, failure('not_leader', { message, outcome: 'unknown' }));
        }
      } else if (lane.phase === 'reading' || lane.phase === 'confirming') {
        for (const call of lane.calls) this.#fail(call, notTaken('leadership was lost'));
      }
      for (const call of lane.waiting) this.#fail(call, notTaken('leadership was lost'));
    }
  }

  #resume(phase: 'stalled' | 'doubting'): void {
    for (const lane of this.#lanes.values()) {
      if (lane.phase !== phase) continue;
      setPhase(lane, { phase: 'idle' });
      this.#pump(lane);
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
    const open = this.#host.openTakes(lane.consumer);
    const position = this.#host.position(lane.consumer);
    const most = Math.min(lane.waiting.length, takenAtOnce);
    const again = firstRun(open);
    if (again !== undefined) {
      const count = Math.min(again.count, most, this.#host.readableEnd() - again.from);
      if (count > 0) this.#read(lane, { from: again.from, count, again: true, position });
      else setPhase(lane, { phase: 'stalled' });
      return;
    }
    const pending = unnoted(open, notedBy(lane.waiting));
    if (this.#host.doubts(pending)) setPhase(lane, { phase: 'doubting' });
    else if (this.#host.appliedEnd() <= position) this.#confirmEmpty(lane, pending);
    else {
      const room = this.#host.room(lane.consumer) + open.length - pending.length;
      const count = Math.min(most, room, this.#host.readableEnd() - position);
      if (room <= 0) this.#failWaiting(lane, tooManyOpen(open.length));
      else if (count > 0) this.#read(lane, { from: position, count, again: false, position });
      else setPhase(lane, { phase: 'stalled' });
    }
  }

  #confirmEmpty(lane: Lane, pending: readonly OpenTake[]): void {
    const { consumer, waiting: calls } = lane;
    lane.waiting = [];
    setPhase(lane, { phase: 'confirming', calls });
    let leads: boolean | undefined;
    let checked: { readonly heldBy: string | undefined } | undefined;
    const done = (): void => {
      if (leads === undefined || checked === undefined || this.#lanes.get(consumer) !== lane) return;
      setPhase(lane, { phase: 'idle' });
      const more = (): boolean =>
        this.#host.appliedEnd() > this.#host.position(consumer) ||
        firstRun(this.#host.openTakes(consumer)) !== undefined;
      if (!leads) for (const call of calls) this.#fail(call, notTaken('leadership could not be confirmed'));
      else if (more()) lane.waiting = [...calls, ...lane.waiting];
      else {
        const { heldBy } = checked;
        for (const call of calls) this.#host.answer(call, { kind: 'nothing', id: call.id, heldBy });
      }
      this.#pump(lane);
    };
    this.#host.confirm((confirmed) => {
      leads = confirmed;
      done();
    });
    this.#host.check(consumer, pending, (heldBy) => {
      checked = { heldBy };
      done();
    });
  }

  #read(lane: Lane, stretch: Stretch): void {
    const { from, count } = stretch;
    const calls = lane.waiting.slice(0, count);
    lane.waiting = lane.waiting.slice(count);
    setPhase(lane, { phase: 'reading', calls });
    const sent = this.#host.readChunks(from as Offset, (from + count) as Offset, (chunks, damaged) => {
      if (this.#lanes.get(lane.consumer) !== lane || lane.phase !== 'reading') return;
      setPhase(lane, { phase: 'idle' });
      if (damaged !== undefined) {
        for (const call of calls) this.#fail(call, failure('replica_damaged', { outcome: 'not_applied' }));
        this.#host.damaged(damaged);
        return;
      }
      this.#commit(lane, calls, stretch, recordsFrom(chunks, from, calls.length));
    });
    if (sent) return;
    setPhase(lane, { phase: 'idle' });
    for (const call of calls) {
      this.#fail(call, failure('overloaded', { retryAfterMs: 50, outcome: 'not_applied' }));
    }
    this.#pump(lane);
  }

  #commit(lane: Lane, calls: readonly ConsumeCall[], stretch: Stretch, read: readonly Read[]): void {
    const { consumer } = lane;
    const noted = notedBy([...calls, ...lane.waiting]);
    // Fewer came than were asked for: the others wait for the next round, in their order.
    lane.waiting = [...calls.slice(read.length), ...lane.waiting];
    const served = calls.slice(0, read.length);
    const again = stretch.again ? read.map(({ offset }) => offset) : [];
    const takes = served.map(({ id, start, replyTo }) => ({ node: replyTo.node, start, call: id }));
    const proposed = this.#host.proposeTake({ consumer, from: stretch.position, again, takes, noted });
    if ('error' in proposed) {
      for (const call of served) this.#fail(call, proposed.error);
      this.#failWaiting(lane, proposed.error);
      return;
    }
    setPhase(lane, { phase: 'committing', calls: served, read, index: proposed.index });
  }

  #failWaiting(lane: Lane, error: CallError): void {
    this.#lanes.delete(lane.consumer);
    for (const call of lane.waiting) this.#fail(call, error);
  }

  #fail(call: ConsumeCall, error: CallError): void {
    this.#host.answer(call, { kind: 'partition-failed', id: call.id, error, leader: this.#host.leader() });
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

function tooManyOpen(open: number): CallError {
  const message =
    `${open} records of this consumer are taken and not known to be handed over, which is as many as may be: ` +
    'read the answers of the calls that are open, or try again later';
  return failure('overloaded', { message, retryAfterMs: 250 });
}

/** What these calls say of earlier ones of the same gateways. */
function notedBy(calls: readonly ConsumeCall[]): readonly TakeId[] {
  return calls.flatMap(({ replyTo, start, noted }) =>
    noted.map((call) => ({ node: replyTo.node, start, call })),
  );
}

/** The lowest records to be given again, as far as they follow each other. */
function firstRun(open: readonly OpenTake[]): { readonly from: number; readonly count: number } | undefined {
  const offsets = open.flatMap((take) => (take.returned ? [take.offset] : []));
  const [from] = offsets;
  if (from === undefined) return undefined;
  const gap = offsets.findIndex((offset, i) => offset !== from + i);
  return { from, count: gap < 0 ? offsets.length : gap };
}

/** The records from `from` on, at most `count`, out of chunks that begin at or below it. Values are copied. */
function recordsFrom(chunks: readonly Uint8Array[], from: number, count: number): readonly Read[] {
  const taken: Read[] = [];
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
