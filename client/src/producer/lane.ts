/**
 * What one producer sends to one partition, in order (S3), each record at most once over any number of tries (S4).
 *
 * A few chunks are on their way at a time; what is sent meanwhile forms the next one. A chunk gets its sequence when it is
 * first sent, and every try carries the same bytes. After a failure the lane lets everything that is on its way be
 * answered, then sends again from the first chunk that is not stored: later ones were refused as a gap.
 *
 * A chunk that is given up while its effect is unknown keeps its place (its sequence may be taken) for as long as later ones under
 * the same epoch are open; else they could neither be stored nor be told to be lost. When only such chunks are left, or one is
 * known not to be stored, the lane raises its epoch, which fences every copy that is still on its way, and counts from 0. A partition
 * that has forgotten the producer, or knows a higher epoch of it, says which one it takes; if that is none above the lane's, the
 * lane goes on under an id of its own.
 */
import { CallboardError } from '../errors.ts';
import {
  clientLimits,
  epochAfter,
  failure,
  undated,
  type Acks,
  type Failure,
  type GroupId,
} from '../protocol/index.ts';
import type { Connection } from '../core/connection.ts';
import type { Core } from '../core/core.ts';
import { backOff, type Timer } from '../core/platform.ts';
import type { CheckedRecord } from '../checks/records.ts';
import { leastHeaderBytes, mostBytes, mostHeaderBytes } from './chunk-writer.ts';
import { OutgoingChunk, type ProducerIdentity } from './outgoing-chunk.ts';
import type { Tally } from './tally.ts';
import { BatchPart, SingleWaiter, type Batch, type Waiter } from './waiters.ts';

export interface LaneHost {
  readonly core: Core;
  readonly topic: string;
  readonly acks: Acks;
  readonly deadlineMs: number;
  readonly identity: ProducerIdentity;
  /** Another one, that nobody has used. */
  freshIdentity(): ProducerIdentity;
  /** The largest record that the cluster takes. */
  readonly recordBytes: number;
  readonly tally: Tally;
  /** Records were answered; so many bytes are free again. */
  settled(bytes: number): void;
}

const firstCapacity = 1_024;

export class Lane {
  readonly partition: number;
  readonly #host: LaneHost;
  /** Taking records. */
  #open: OutgoingChunk | undefined;
  /** Full, and never sent. */
  #full: OutgoingChunk[] = [];
  /** Sent at least once and not stored, in order of sequence. */
  #sent: OutgoingChunk[] = [];
  #chunks = 0;
  #capacity = firstCapacity;
  #inFlight = 0;
  #connection: Connection | undefined;
  /** The partition's group, which everything in `#sent` is meant for; undefined until the first chunk is sent. */
  #group: GroupId | undefined;
  #identity: ProducerIdentity;
  #epoch = 0;
  #nextSequence = 0;
  /** The epoch that the partition named as it refused another. */
  #told: number | undefined;
  #recovering = false;
  /** Chunks from this one on are surely not stored, and get new numbers as soon as nothing before it is in doubt; 0: all of them do. */
  #renumberFrom: number | undefined;
  /** The partition knows nothing of this producer any more, as it said of the first chunk. */
  #forgotten: Failure | undefined;
  #failures = 0;
  #retryAtMs = 0;
  #retry: Timer | undefined;
  #last: Failure | undefined;
  #ended = false;

  constructor(host: LaneHost, partition: number) {
    this.#host = host;
    this.#identity = host.identity;
    this.partition = partition;
  }

  /** Something went wrong and is not mended yet: records that may go elsewhere should. */
  get inTrouble(): boolean {
    return this.#recovering || this.#renumberFrom !== undefined;
  }

  /** Records wait that no chunk on its way holds. */
  get hasOpen(): boolean {
    return this.#filled() !== undefined;
  }

  /** The chunk that takes records is as large as chunks get. */
  get isFull(): boolean {
    return (this.#open?.writer.size ?? 0) >= (clientLimits.chunkBytes * 7) / 8;
  }

  /** The newest chunk, and the oldest one whose records wait for an answer: what `flush` compares. */
  get newest(): number {
    return this.#chunks;
  }

  get oldestUnsettled(): number {
    // Also one that was never sent may be settled, while it is being given up.
    const waits = (chunk: OutgoingChunk): boolean => !chunk.settled;
    const open = this.#filled();
    const waiting = this.#sent.find(waits) ?? this.#full.find(waits) ?? open;
    return waiting === undefined || waiting.settled ? Infinity : waiting.number;
  }

  /** Encodes one record and returns the bytes that it takes; 0: it is larger than the cluster takes. Sends nothing. `alone`: in a chunk of its own. */
  append(
    record: CheckedRecord,
    key: Uint8Array | undefined,
    keyLength: number,
    nowMs: number,
    alone: boolean,
    waiter: SingleWaiter | Batch,
    index: number,
  ): number {
    const { value, headers } = record;
    const limit = this.#host.recordBytes;
    if (keyLength + value.length + leastHeaderBytes(headers) > limit) return 0;
    const most = keyLength + mostBytes(value) + mostHeaderBytes(headers);
    const timestamp = record.timestamp ?? undated;
    const chunk = this.#chunkFor(most, timestamp, nowMs, alone);
    const taken = chunk.writer.append(key, keyLength, value, headers, timestamp, most, limit);
    if (taken === 0) return 0;
    chunk.bufferedBytes += taken;
    if (waiter instanceof SingleWaiter) chunk.waiters.push(waiter);
    else partOf(chunk.waiters, waiter).add(index);
    return taken;
  }

  /** Sends what may be sent now. */
  pump(): void {
    if (this.#ended) return;
    if (this.inTrouble && !this.#recovered()) return;
    const unsent = this.#full.length > 0 || this.hasOpen;
    if (this.#sent.length === this.#inFlight && !unsent) return;
    const connection = this.#host.core.route(this.#host.topic, this.partition);
    // Chunks that are on their way elsewhere come first, or the new place would see a gap.
    if (connection === undefined || (this.#inFlight > 0 && connection !== this.#connection)) return;
    this.#connection = connection;
    if (this.#sent.length === 0) this.#learnGroup();
    const most = Math.max(1, Math.min(clientLimits.chunksInFlight, connection.hello.inflightBatches));
    while (this.#inFlight < most && connection.open && connection.hasRoom) {
      const chunk = this.#next();
      if (chunk === undefined) return;
      this.#send(chunk, connection);
    }
  }

  /** While chunks wait for new numbers, only those are sent that stand up to the last one in doubt: their answers tell. */
  #next(): OutgoingChunk | undefined {
    const last = this.#renumberFrom === undefined ? Infinity : this.#lastInDoubt;
    const again = this.#sent.find(({ flying, number }) => !flying && number <= last);
    return again ?? (last === Infinity ? this.#take() : undefined);
  }

  /** The last chunk that may be stored under the number that it has, though nobody has said so; 0: there is none. */
  get #lastInDoubt(): number {
    const before = this.#renumberFrom ?? Infinity;
    return (
      this.#sent.findLast(({ settled, unknown, number }) => !settled && unknown && number < before)?.number ??
      0
    );
  }

  /** Gives up what has waited for longer than its deadline. */
  sweep(nowMs: number): void {
    const late = (chunk: OutgoingChunk): boolean => nowMs - chunk.bornMs >= this.#host.deadlineMs;
    const unsent = [...this.#full, ...(this.#open === undefined ? [] : [this.#open])];
    if (!unsent.some(late) && !this.#sent.some(late)) return;
    const problem = failure('timeout', { message: this.#lateText(), outcome: 'not_applied' });
    this.#abandon(late, problem);
    this.pump();
  }

  /** Gives up everything, because the producer ends. */
  abort(problem: Failure, cause?: unknown): void {
    this.#ended = true;
    this.#abandon(() => true, problem, cause);
    this.#retry?.cancel();
  }

  #lateText(): string {
    const { topic, deadlineMs } = this.#host;
    const last = this.#last ?? this.#host.core.links.lastProblem;
    const why = this.#last === undefined && this.#inFlight > 0 ? 'no answer came' : last.message;
    return `records for partition ${this.partition} of '${topic}' were not stored within ${deadlineMs} ms: ${why}`;
  }

  #abandon(which: (chunk: OutgoingChunk) => boolean, problem: Failure, cause?: unknown): void {
    for (const chunk of this.#sent.filter(which)) {
      if (!chunk.settled) this.#giveUp(chunk, problem, cause);
    }
    const keeps = (chunk: OutgoingChunk): boolean => {
      if (!which(chunk)) return true;
      this.#fail(chunk, problem, cause);
      return false;
    };
    this.#full = this.#full.filter(keeps);
    if (this.#open !== undefined && !keeps(this.#open)) this.#open = undefined;
  }

  #filled(): OutgoingChunk | undefined {
    return this.#open !== undefined && this.#open.writer.count > 0 ? this.#open : undefined;
  }

  #chunkFor(most: number, timestamp: number, nowMs: number, alone: boolean): OutgoingChunk {
    const open = this.#open;
    if (open !== undefined) {
      const fits = open.writer.count === 0 || open.writer.size + most <= clientLimits.chunkBytes;
      // An old chunk takes no more, or its youngest record would be given up together with its oldest.
      const young = nowMs - open.bornMs < clientLimits.sweepMs;
      const company = !alone && !open.alone;
      if (company && fits && young && open.writer.takesTimestamp(timestamp)) return open;
      if (open.writer.count > 0) this.#full.push(open);
    }
    this.#chunks += 1;
    const chunk = new OutgoingChunk(this.#chunks, nowMs, timestamp, alone, this.#capacity);
    this.#open = chunk;
    return chunk;
  }

  /** A topic of the same name took the place of the one before, or its partition was begun anew: groups are numbered upwards. */
  #learnGroup(): void {
    const group = this.#host.core.topology.groupOf(this.#host.topic, this.partition);
    if (group === undefined || (this.#group !== undefined && group <= this.#group)) return;
    if (this.#group !== undefined) this.#renew();
    this.#group = group;
  }

  /** Numbers that none of this lane's chunks has had. */
  #renew(): void {
    const epoch = epochAfter(this.#epoch, this.#told);
    if (epoch === undefined) this.#identity = this.#host.freshIdentity();
    this.#epoch = epoch ?? 0;
    this.#nextSequence = 0;
    this.#told = undefined;
  }

  #take(): OutgoingChunk | undefined {
    let chunk = this.#full.shift();
    if (chunk === undefined) {
      chunk = this.#filled();
      if (chunk === undefined) return undefined;
      this.#open = undefined;
    }
    // The next one will most likely be as large, and then need not grow.
    this.#capacity = Math.min(clientLimits.chunkBytes, Math.max(firstCapacity, 2 * chunk.writer.size));
    this.#number(chunk);
    this.#sent.push(chunk);
    return chunk;
  }

  #number(chunk: OutgoingChunk): void {
    chunk.seal(this.#identity, this.#epoch, this.#nextSequence);
    this.#nextSequence += chunk.writer.count;
  }

  #send(chunk: OutgoingChunk, connection: Connection): void {
    const { topic, acks } = this.#host;
    chunk.flying = true;
    this.#inFlight += 1;
    const produce = { kind: 'produce', topic, partition: this.partition, acks, chunk: chunk.bytes } as const;
    connection.call(this.#group === undefined ? produce : { ...produce, group: this.#group }, {
      answer: 'produced',
      answered: ({ baseOffset }) => this.#stored(chunk, baseOffset ?? -1),
      failed: (problem) => this.#missed(chunk, problem),
    });
  }

  #stored(chunk: OutgoingChunk, base: number): void {
    this.#landed(chunk);
    this.#failures = 0;
    this.#last = undefined;
    if (!chunk.settled) {
      chunk.stored(this.partition, base);
      this.#host.tally.stored(chunk.writer.count);
      this.#trace(chunk, base < 0 ? undefined : base, undefined);
      this.#host.settled(chunk.bufferedBytes);
    }
    this.#remove(chunk);
    this.pump();
  }

  #missed(chunk: OutgoingChunk, problem: Failure): void {
    this.#landed(chunk);
    this.#last = problem;
    if (problem.outcome === 'unknown') chunk.unknown = true;
    if (problem.outcome === 'applied') {
      this.#fail(chunk, problem);
      this.#remove(chunk);
    } else if (this.#refusedInTurn(chunk, problem) || chunk.settled || problem.retriable) {
      this.#pause(problem);
    } else {
      if (problem.code === 'producer_fenced') this.#told = problem.nextEpoch;
      this.#giveUp(chunk, problem);
      if (chunk.unknown) this.#pause(problem);
    }
    this.pump();
  }

  /** The refusal says nothing of this chunk: it may be right at another time, or under another number. */
  #refusedInTurn(chunk: OutgoingChunk, problem: Failure): boolean {
    const { code } = problem;
    const first = this.#sent[0] === chunk;
    if (code === 'sequence_gap') {
      // With weaker acks a failover may lose what was acknowledged before: that is their bargain. With `quorum` a leader that was
      // deposed and does not know it may say this; the next one will not.
      if (first && this.#host.acks !== 'quorum') this.#renumberFrom = 0;
      return true;
    }
    if (code !== 'producer_expired') return false;
    // What becomes of the first one decides for those behind it.
    if (first) {
      this.#forgotten = problem;
      this.#told = problem.nextEpoch;
    }
    return true;
  }

  #landed(chunk: OutgoingChunk): void {
    chunk.flying = false;
    this.#inFlight -= 1;
  }

  #pause(problem: Failure): void {
    const { core, topic } = this.#host;
    const { retryMs, retryMaxMs } = clientLimits;
    core.topology.refresh(topic);
    if (this.#recovering) return;
    this.#recovering = true;
    this.#failures += 1;
    const pauseMs = backOff(core.platform, this.#failures, retryMs, retryMaxMs);
    const retryAfterMs = Math.max(problem.retryAfterMs ?? 0, pauseMs);
    this.#retryAtMs = core.platform.now() + retryAfterMs;
    this.#retry = core.platform.setTimer(retryAfterMs, () => {
      this.#retryAtMs = 0;
      this.pump();
    });
    if (problem.code === 'overloaded' || problem.code === 'low_disk_space') {
      core.status({ kind: 'throttled', topic, partition: this.partition, retryAfterMs });
    }
  }

  /** False: it is not time yet. Else what has to be sent again is ready to be. */
  #recovered(): boolean {
    if (this.#inFlight > 0 || this.#retryAtMs !== 0) return false;
    if (this.#forgotten !== undefined) this.#beginAnew(this.#forgotten);
    if (this.#sent.length > 0 && this.#sent.every(({ settled }) => settled)) this.#renumberFrom = 0;
    if (this.#renumberFrom !== undefined && this.#lastInDoubt === 0) {
      this.#sent = this.#sent.filter(({ settled }) => !settled);
      this.#renew();
      for (const chunk of this.#sent) this.#number(chunk);
      this.#renumberFrom = undefined;
    }
    this.#recovering = false;
    return true;
  }

  /** What is in doubt stays so for ever: nobody can tell any more. The others are not stored, and may go to another group. */
  #beginAnew(problem: Failure): void {
    for (const chunk of this.#sent) if (chunk.unknown) this.#fail(chunk, { ...problem, outcome: 'unknown' });
    this.#forgotten = undefined;
    this.#renumberFrom = 0;
    this.#learnGroup();
  }

  #giveUp(chunk: OutgoingChunk, problem: Failure, cause?: unknown): void {
    const unknown = chunk.flying || chunk.unknown || problem.outcome === 'unknown';
    this.#fail(chunk, unknown ? { ...problem, outcome: 'unknown' } : problem, cause);
    // One that is still on its way goes on being waited for, and holds up nobody.
    if (!unknown) this.#drop(chunk);
  }

  /** It is known not to be stored, so nothing after it under this epoch is; what stands before it may be. */
  #drop(chunk: OutgoingChunk): void {
    this.#remove(chunk);
    this.#renumberFrom = Math.min(this.#renumberFrom ?? Infinity, chunk.number);
    this.#recovering = true;
  }

  #fail(chunk: OutgoingChunk, problem: Failure, cause?: unknown): void {
    if (chunk.settled) return;
    const error = chunk.failed(problem, cause);
    this.#host.tally.failed(chunk.writer.count, error);
    this.#trace(chunk, undefined, error);
    this.#host.settled(chunk.bufferedBytes);
  }

  #trace(
    { writer, bornMs }: OutgoingChunk,
    offset: number | undefined,
    error: CallboardError | undefined,
  ): void {
    const { core, topic } = this.#host;
    core.diagnostics.tell('callboard:send', () => ({
      topic,
      partition: this.partition,
      records: writer.count,
      bytes: writer.size,
      durationMs: core.platform.now() - bornMs,
      offset,
      error,
    }));
  }

  #remove(chunk: OutgoingChunk): void {
    const at = this.#sent.indexOf(chunk);
    if (at >= 0) this.#sent.splice(at, 1);
  }
}

/** The part of the batch that ends the chunk so far. */
function partOf(waiters: Waiter[], batch: Batch): BatchPart {
  const last = waiters.at(-1);
  if (last instanceof BatchPart && last.batch === batch) return last;
  const part = new BatchPart(batch);
  waiters.push(part);
  return part;
}

/** For records that no lane takes. */
export function tooLarge(limit: number): CallboardError {
  const message = `a record's key, headers and value may have ${limit} bytes; split it, or store it elsewhere and send a reference`;
  return new CallboardError(failure('record_too_large', { message }));
}
