/**
 * The records that this gateway writes to one partition under its own producer id: one chunk in flight, the next one
 * gathering behind it, so that the partition sees each sequence in order and batches grow with the load. A chunk leaves at the end
 * of the gateway's turn, with all that came in the turn.
 *
 * A chunk keeps its numbers and its records for as long as an attempt may have been applied. It ends in one of these ways:
 *
 * - answered: every record has its offset, and the sequence moves on;
 * - certainly not applied, and worth another attempt: the records go back to the head of the queue, the numbers are free
 *   again, and callers whose deadline passes meanwhile learn that their record was not stored;
 * - certainly not applied, because the partition takes no such numbers: it goes under those that it names;
 * - certainly not applied, for good: its callers are told why;
 * - given up in doubt, when the last of its callers' deadlines has passed: the epoch rises, which shuts out what may still be
 *   on its way, and counting begins at 0 again before any other record is sent.
 */
import {
  buildChunk,
  chunkKind,
  encodeRecords,
  undated,
  epochAfter,
  type CallError,
  type Crc32,
  type GroupId,
  type Limits,
} from '@callboard/client/protocol';
import type { Ref, TraceSink } from '../../kernel/index.ts';
import type { PartitionAnswer, Produce } from '../partition-replica/messages.ts';
import type { Ask, AskResult } from './ask.ts';
import type { Calls, PendingCall } from './calls.ts';
import { inDoubt, neverSent, noReplicaServes, unanswered } from './failures.ts';
import { Fifo } from './fifo.ts';

export interface LaneParts {
  readonly calls: Calls;
  readonly limits: Limits;
  readonly crc32: Crc32;
  /** This gateway start's own wire producer id. */
  readonly producerId: Uint8Array;
  /** Another one, that nobody has used. */
  readonly freshProducerId: () => Uint8Array;
  readonly now: () => number;
  /** Starts the lane's ask at the end of the turn. */
  readonly startLater: (lane: ProduceLane) => void;
  readonly trace: TraceSink;
}

interface Item {
  readonly call: PendingCall;
  /** Let go when the call is answered while it waits. */
  value: Uint8Array;
}

const nothing = new Uint8Array(0);
/** What a record takes in a chunk besides its value; see the record format. */
const recordOverheadBytes = 14;
/** Fresh epochs in a row that a partition may refuse before the records' callers are told. */
const epochsInARow = 3;

export class ProduceLane implements Ask {
  readonly group: GroupId;
  readonly repeatable = true;
  readonly replicas: () => readonly string[];
  readonly #parts: LaneParts;
  readonly #partition: number;
  readonly #queue = new Fifo<Item>();
  #batch: readonly Item[] = [];
  #batchDeadlineMs = Infinity;
  #asking = false;
  #producerId: Uint8Array;
  #epoch = 0;
  #nextSequence = 0;
  #epochsRefused = 0;
  #lastRefusal: CallError | undefined;
  #closed = false;

  constructor(parts: LaneParts, group: GroupId, partition: number, replicas: () => readonly string[]) {
    this.#parts = parts;
    this.#producerId = parts.producerId;
    this.group = group;
    this.#partition = partition;
    this.replicas = replicas;
  }

  /** Without a chunk in doubt there is nothing to give up: each call has its own deadline. */
  get deadlineMs(): number {
    return this.#batchDeadlineMs;
  }

  add(call: PendingCall, value: Uint8Array): void {
    const item = { call, value };
    call.expired = () => this.#expired(item);
    this.#queue.push(item);
    if (this.#asking) return;
    this.#asking = true;
    this.#lastRefusal = undefined;
    this.#parts.startLater(this);
  }

  /** The partition is no more: what waits is answered with `error`, and so will be what is in flight, by its ask. */
  close(error: CallError): void {
    this.#closed = true;
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      this.#parts.calls.fail(item.call, error);
    }
  }

  request(id: number, replyTo: Ref<PartitionAnswer>): Produce | undefined {
    if (this.#batch.length === 0) this.#gather();
    if (this.#batch.length === 0) {
      this.#asking = false;
      return undefined;
    }
    // Built anew for each attempt: the receiver owns a chunk and writes its own part into it.
    return { kind: 'produce', id, replyTo, acks: 'quorum', chunk: this.#chunk() };
  }

  refused(error: CallError, certain: boolean): void {
    this.#lastRefusal = error;
    if (!certain) return;
    this.#queue.putBack(this.#batch);
    this.#clearBatch();
  }

  settled(result: AskResult): void {
    if (result.kind === 'failed') this.#failed(result.error, result.certain);
    else if (result.answer.kind === 'produced') this.#stored(result.answer.baseOffset);
    else throw new Error(`partition group ${this.group} answered a produce with ${result.answer.kind}`);
    if (!this.#closed) this.#parts.startLater(this);
  }

  inspect(): Record<string, number> {
    const { length } = this.#queue;
    return { queued: length, inFlight: this.#batch.length, epoch: this.#epoch, sequence: this.#nextSequence };
  }

  #stored(baseOffset: number): void {
    const batch = this.#batch;
    this.#nextSequence += batch.length;
    this.#epochsRefused = 0;
    this.#lastRefusal = undefined;
    this.#clearBatch();
    batch.forEach(({ call }, index) => {
      this.#parts.calls.succeed(call, {
        op: 'produce',
        partition: this.#partition,
        offset: baseOffset + index,
      });
    });
  }

  #failed(error: CallError, certain: boolean): void {
    const batch = this.#batch;
    this.#clearBatch();
    const numbersRefused =
      error.code === 'producer_fenced' || error.code === 'sequence_gap' || error.code === 'producer_expired';
    if (!certain || numbersRefused) this.#renew(error);
    if (certain && numbersRefused && this.#epochsRefused < epochsInARow) {
      // The partition no longer knows our numbers, for example after a day of rest. Nothing was stored: begin again.
      this.#epochsRefused += 1;
      this.#queue.putBack(batch);
      return;
    }
    // One chunk at a time is never so old that its offset is forgotten: whatever the partition took it for, it is in doubt.
    const told = error.outcome === 'applied' ? inDoubt(error) : error;
    for (const { call } of batch) this.#parts.calls.fail(call, told);
  }

  /** Numbers that no chunk of this lane has had; those that the partition takes, if it said so. */
  #renew({ code, nextEpoch }: CallError): void {
    const epoch = epochAfter(this.#epoch, nextEpoch);
    if (epoch === undefined) this.#producerId = this.#parts.freshProducerId();
    this.#epoch = epoch ?? 0;
    this.#nextSequence = 0;
    const { group } = this;
    this.#parts.trace.note('warn', 'gateway.epoch_raised', { group, epoch: this.#epoch, code });
  }

  #expired(item: Item): CallError {
    if (this.#batch.includes(item)) return unanswered(this.group, undefined);
    item.value = nothing;
    if (this.#lastRefusal !== undefined) return noReplicaServes(this.group, this.#lastRefusal);
    return neverSent(this.group, item.call.message.deadlineMs);
  }

  #gather(): void {
    const { gatewayBatchRecords, gatewayBatchBytes } = this.#parts.limits;
    const nowMs = this.#parts.now();
    const batch: Item[] = [];
    let bytes = 0;
    let deadlineMs = 0;
    for (let item = this.#queue.peek(); item !== undefined; item = this.#queue.peek()) {
      // A call at its deadline is about to be answered: not sent is better than in doubt.
      if (item.call.open && item.call.deadlineMs > nowMs) {
        bytes += item.value.byteLength + recordOverheadBytes;
        if (batch.length > 0 && (bytes > gatewayBatchBytes || batch.length >= gatewayBatchRecords)) break;
        batch.push(item);
        deadlineMs = Math.max(deadlineMs, item.call.deadlineMs);
      }
      this.#queue.shift();
    }
    this.#batch = batch;
    this.#batchDeadlineMs = batch.length === 0 ? Infinity : deadlineMs;
  }

  #clearBatch(): void {
    this.#batch = [];
    this.#batchDeadlineMs = Infinity;
  }

  #chunk(): Uint8Array {
    const records = this.#batch.map(({ value }) => ({
      timestampDelta: 0,
      key: undefined,
      headers: [],
      value,
    }));
    return buildChunk(
      {
        kind: chunkKind.records,
        body: encodeRecords(records),
        recordCount: records.length,
        producerId: this.#producerId,
        producerEpoch: this.#epoch,
        firstSequence: this.#nextSequence,
        firstTimestamp: undated,
        lastTimestampDelta: 0,
      },
      this.#parts.crc32,
    );
  }
}
