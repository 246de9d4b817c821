/** Producer: finds each record's partition and encodes it there at once; a flush at the end of the turn sends. */
import type { FlushReport, OutgoingRecord, Producer, ProducerOptions, SentRecord, Value } from '../api.ts';
import { checkedBatch, checkedRecord, type CheckedRecord, type Encoder } from '../checks/records.ts';
import type { Core } from '../core/core.ts';
import type { Timer } from '../core/platform.ts';
import { abortedFailure, CallboardError, errorOf } from '../errors.ts';
import { clientLimits, failure, partitionOfKey, type Acks, type Failure } from '../protocol/index.ts';
import type { Made } from '../made.ts';
import { silent } from '../silent.ts';
import { EarlyRecords } from './early-records.ts';
import { Lane, tooLarge, type LaneHost } from './lane.ts';
import type { ProducerIdentity } from './outgoing-chunk.ts';
import { Tally } from './tally.ts';
import { writeText } from './text.ts';
import { Batch, SingleWaiter } from './waiters.ts';

const always = Promise.resolve();

export class CallboardProducer<T = Value> implements Producer<T>, LaneHost {
  readonly topic: string;
  readonly core: Core;
  readonly acks: Acks;
  readonly deadlineMs: number;
  readonly identity: ProducerIdentity;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #codec: Encoder | undefined;
  readonly #ended: (producer: CallboardProducer<T>) => void;
  readonly #unwatch: () => void;
  /** It was refused when it was made, and every promise of it says so. */
  readonly #refusal: Failure | undefined;
  readonly tally: Tally = new Tally();
  readonly #early = new EarlyRecords();
  #lanes: (Lane | undefined)[] = [];
  readonly #dirty = new Set<Lane>();
  #partitions = 0;
  #sticky = -1;
  #scheduled = false;
  #nowMs = 0;
  #buffered = 0;
  #ready: Promise<void> | undefined;
  #setReady: () => void = () => undefined;
  #flushes: { readonly marks: Map<Lane, number>; resolve(): void }[] = [];
  #sweep: Timer | undefined;
  #sweptMs = 0;
  #end: Failure | undefined;
  #scratch = new Uint8Array(256);

  constructor(
    core: Core,
    { topic, options, refusal }: Made<ProducerOptions<T>>,
    ended: (producer: CallboardProducer<T>) => void,
  ) {
    this.core = core;
    this.topic = topic;
    this.#refusal = refusal;
    this.acks = options.acks ?? 'quorum';
    this.deadlineMs = options.deadlineMs ?? core.deadlineMs;
    this.#maxBytes = options.maxBufferedBytes ?? clientLimits.producerBufferedBytes;
    this.identity = this.freshIdentity();
    this.#codec = options.codec;
    this.#ended = ended;
    this.#unwatch = core.watch(() => this.#changed());
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#aborted);
    if (refusal !== undefined) this.#stop(refusal);
    else if (this.#signal?.aborted === true) this.#aborted();
    else this.#changed();
  }

  get recordBytes(): number {
    return this.core.links.home?.hello.recordBytes ?? this.#recordBytes;
  }
  #recordBytes = 1 << 20;

  freshIdentity(): ProducerIdentity {
    const { platform } = this.core;
    return { id: platform.randomBytes(16), crc32: platform.crc32 };
  }

  get ready(): Promise<void> {
    if (this.#refusal !== undefined) return silent(Promise.reject(new CallboardError(this.#refusal)));
    if (this.#buffered < this.#maxBytes || this.#end !== undefined) return always;
    this.#ready ??= new Promise((resolve) => {
      this.#setReady = resolve;
    });
    return this.#ready;
  }

  send(record: OutgoingRecord<T>): Promise<SentRecord> {
    return new Promise((resolve, reject) => {
      const checked = this.#entering(1, () => checkedRecord(record, 'the record', this.#codec));
      this.#take(checked, new SingleWaiter(resolve, reject), 0);
    });
  }

  sendBatch(records: readonly OutgoingRecord<T>[]): Promise<readonly SentRecord[]> {
    return new Promise((resolve, reject) => {
      const count = Array.isArray(records) ? records.length : 1;
      const checked = this.#entering(count, () => checkedBatch(records, 'the batch', this.#codec));
      if (checked.length === 0) resolve([]);
      const batch = new Batch(checked.length, resolve, reject);
      for (let i = 0; i < checked.length; i += 1) this.#take(checked[i] as CheckedRecord, batch, i);
    });
  }

  async flush(): Promise<FlushReport> {
    if (this.#refusal !== undefined) throw new CallboardError(this.#refusal);
    await this.#early.done();
    this.#flush();
    const marks = new Map<Lane, number>();
    for (const lane of this.#lanes) if (lane !== undefined) marks.set(lane, lane.newest);
    await new Promise<void>((resolve) => {
      this.#flushes.push({ marks, resolve });
      this.#tellFlushes();
    });
    return this.tally.take();
  }

  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    await this.flush();
    this.#stop(failure('closed', { message: `the producer of '${this.topic}' was closed` }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Lanes tell this when records were answered. */
  settled(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#buffered < this.#maxBytes && this.#ready !== undefined) {
      this.#ready = undefined;
      this.#setReady();
    }
    if (this.#flushes.length > 0) this.#tellFlushes();
  }

  /** Checks what is to be sent; what that throws rejects the promise of whoever sends it. */
  #entering<R>(records: number, check: () => R): R {
    try {
      this.#assertTakes();
      return check();
    } catch (error) {
      if (error instanceof CallboardError) this.tally.failed(records, error);
      throw error;
    }
  }

  #assertTakes(): void {
    if (this.#end !== undefined) throw new CallboardError(this.#end);
    if (this.#buffered < this.#maxBytes) return;
    const message = `${this.#buffered} bytes wait for their acknowledgement, the bound of this producer is ${this.#maxBytes}; await producer.ready before sending`;
    throw errorOf('overloaded', { message });
  }

  /** One record; whoever waits for it is told of everything, mistakes in the record included. */
  #take(record: CheckedRecord, waiter: SingleWaiter | Batch, index: number): void {
    let problem: CallboardError | undefined;
    if (this.#partitions > 0 && this.#early.size === 0) problem = this.#append(record, waiter, index);
    else {
      this.#buffered += this.#early.add(record, waiter, index, this.core.platform.now());
      this.#startSweep();
      this.#lookUp();
    }
    if (problem !== undefined) this.#tell(waiter, problem);
  }

  /** `bornMs`: when the record came, if not now; its deadline counts from there. */
  #append(
    record: CheckedRecord,
    waiter: SingleWaiter | Batch,
    index: number,
    bornMs?: number,
  ): CallboardError | undefined {
    this.#schedule();
    const { key } = record;
    if (key !== undefined && key.length > this.recordBytes) return tooLarge(this.recordBytes);
    let keyBytes: Uint8Array | undefined;
    let keyLength = 0;
    if (typeof key === 'string') {
      if (key.length * 3 > this.#scratch.length) this.#scratch = new Uint8Array(key.length * 3);
      keyBytes = this.#scratch;
      keyLength = writeText(key, keyBytes, 0);
    } else if (key !== undefined) {
      keyBytes = key;
      keyLength = key.length;
    }
    const partition = record.partition ?? this.#partitionFor(keyBytes, keyLength);
    if (partition >= this.#partitions) {
      const message = `'${this.topic}' has partitions 0 to ${this.#partitions - 1}, not ${partition}`;
      return errorOf('invalid_partition', { message });
    }
    const lane = (this.#lanes[partition] ??= new Lane(this, partition));
    const bornAtMs = bornMs ?? this.#nowMs;
    const ahead = this.#isAhead(record.timestamp);
    const taken = lane.append(record, keyBytes, keyLength, bornAtMs, ahead, waiter, index);
    if (taken === 0) return tooLarge(this.recordBytes);
    this.#buffered += taken;
    this.#dirty.add(lane);
    return undefined;
  }

  /** A leader may find this date wrong, and refuse it with all that travels in the same chunk. */
  #isAhead(timestamp: number | undefined): boolean {
    return timestamp !== undefined && timestamp > this.core.platform.wallTime() + clientLimits.datedAheadMs;
  }

  #partitionFor(key: Uint8Array | undefined, keyLength: number): number {
    if (key !== undefined) return partitionOfKey(key, this.#partitions, keyLength);
    if (this.#sticky < 0) this.#sticky = Math.floor(this.core.platform.random() * this.#partitions);
    const lane = this.#lanes[this.#sticky];
    if (lane !== undefined && (lane.inTrouble || lane.isFull)) this.#moveOn();
    return this.#sticky;
  }

  /** The next partition that works, for records that may go anywhere. */
  #moveOn(): void {
    for (let i = 0; i < this.#partitions; i += 1) {
      this.#sticky = (this.#sticky + 1) % this.#partitions;
      if (this.#lanes[this.#sticky]?.inTrouble !== true) return;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { platform } = this.core;
    this.#nowMs = platform.now();
    // Twice, so that those who wait for the same answer have sent their next records before.
    platform.soon(() => platform.soon(() => this.#flush()));
    this.#startSweep();
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#dirty.size === 0) return;
    const lanes = [...this.#dirty];
    this.#dirty.clear();
    if (this.#sticky >= 0 && this.#lanes[this.#sticky]?.hasOpen === true) this.#moveOn();
    for (const lane of lanes) lane.pump();
  }

  /** Connections or topics have changed. */
  #changed(): void {
    if (this.#end !== undefined) return;
    if (this.core.end !== undefined) {
      this.#stop(this.core.end);
      return;
    }
    this.#recordBytes = this.recordBytes;
    if (this.#partitions === 0) this.#lookUp();
    for (const lane of this.#lanes) lane?.pump();
  }

  #lookUp(): void {
    const view = this.core.topology.view(this.topic);
    if (view === undefined) return;
    if (view.kind === 'missing') {
      const early = this.#early.takeAll();
      // The next record asks anew: the topic may be created any time.
      this.core.topology.drop(this.topic);
      for (const { waiter, bytes } of early) this.#refuseEarly(waiter, bytes, view.problem);
      return;
    }
    this.#partitions = view.partitions.length;
    for (const { record, waiter, index, bytes, bornMs } of this.#early.takeAll()) {
      this.#buffered -= bytes;
      const problem = this.#append(record, waiter, index, bornMs);
      if (problem !== undefined) this.#tell(waiter, problem);
    }
    // Their bytes are counted as they are now, no longer as they might be.
    this.settled(0);
  }

  #refuseEarly(waiter: SingleWaiter | Batch, bytes: number, problem: Failure, cause?: unknown): void {
    this.#tell(waiter, new CallboardError(problem, cause === undefined ? undefined : { cause }));
    this.settled(bytes);
  }

  #startSweep(): void {
    if (this.#sweep !== undefined || this.#end !== undefined) return;
    const { platform } = this.core;
    const ms = Math.max(1, Math.min(clientLimits.sweepMs, this.deadlineMs / 4));
    this.#sweptMs = platform.now();
    this.#sweep = platform.setTimer(ms, () => {
      const nowMs = platform.now();
      // After a stall of this process the answers wait in the socket: nothing is judged before they are read.
      const stalled = nowMs - this.#sweptMs > 3 * ms + 100;
      this.#sweep = undefined;
      if (!stalled) this.#giveUpLate(nowMs);
      if (this.#buffered > 0) this.#startSweep();
    });
  }

  #giveUpLate(nowMs: number): void {
    for (const lane of this.#lanes) lane?.sweep(nowMs);
    const late = this.#early.takeOlder(nowMs - this.deadlineMs);
    if (late.length === 0) return;
    const { message } = this.core.links.lastProblem;
    const text = `nothing could be learnt of topic '${this.topic}' within ${this.deadlineMs} ms: ${message}`;
    const problem = failure('timeout', { message: text, outcome: 'not_applied' });
    for (const { waiter, bytes } of late) this.#refuseEarly(waiter, bytes, problem);
  }

  readonly #aborted = (): void => {
    const signal = this.#signal as AbortSignal;
    this.#stop(abortedFailure('not_applied'), signal.reason);
  };

  #stop(problem: Failure, cause?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { ...problem, outcome: 'not_applied' };
    this.#unwatch();
    this.#sweep?.cancel();
    this.#signal?.removeEventListener('abort', this.#aborted);
    for (const lane of this.#lanes) lane?.abort(this.#end, cause);
    for (const { waiter, bytes } of this.#early.takeAll()) this.#refuseEarly(waiter, bytes, this.#end, cause);
    this.#setReady();
    this.#ended(this);
  }

  #tellFlushes(): void {
    this.#flushes = this.#flushes.filter(({ marks, resolve }) => {
      for (const [lane, newest] of marks) if (lane.oldestUnsettled <= newest) return true;
      resolve();
      return false;
    });
  }

  #tell(waiter: SingleWaiter | Batch, problem: CallboardError): void {
    this.tally.failed(1, problem);
    if (waiter instanceof SingleWaiter) waiter.failed(problem);
    else {
      waiter.fail(problem);
      waiter.answered(1);
    }
  }
}
