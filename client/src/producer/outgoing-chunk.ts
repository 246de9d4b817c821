/** One chunk of a lane, from its first record to its answer. */
import { CallboardError } from '../errors.ts';
import { chunkKind, fillDraft, type Crc32, type Failure } from '../protocol/index.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { Waiter } from './waiters.ts';

export interface ProducerIdentity {
  readonly id: Uint8Array;
  readonly crc32: Crc32;
}

export class OutgoingChunk {
  readonly writer: ChunkWriter;
  /** In the order of the records. Empty once they have been told. */
  waiters: Waiter[] = [];
  /** Rises within a lane. */
  readonly number: number;
  /** When its first record came, by the clock that never jumps. */
  readonly bornMs: number;
  /** Takes one record only. */
  readonly alone: boolean;
  flying = false;
  /** A try was made whose effect is not known: only an answer can tell that it is stored, nothing that it is not. */
  unknown = false;
  /** What its records take of the producer's bound. */
  bufferedBytes = 0;
  #bytes: Uint8Array | undefined;
  #settled = false;

  constructor(number: number, bornMs: number, timestamp: number, alone: boolean, capacity: number) {
    this.number = number;
    this.bornMs = bornMs;
    this.alone = alone;
    this.writer = new ChunkWriter(capacity, timestamp);
  }

  /** Its records have been answered. A chunk that was given up as unknown may still have to be sent: see Lane. */
  get settled(): boolean {
    return this.#settled;
  }

  /** What goes over the wire; equal for every try under the same number. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) throw new Error('the chunk has no sequence yet');
    return this.#bytes;
  }

  /** Gives the chunk its place in the producer's series. Bytes that were sent under another are left as they are. */
  seal({ id, crc32 }: ProducerIdentity, epoch: number, firstSequence: number): void {
    const bytes = this.#bytes === undefined ? this.writer.bytes() : this.#bytes.slice();
    fillDraft(
      bytes,
      {
        kind: chunkKind.records,
        recordCount: this.writer.count,
        producerId: id,
        producerEpoch: epoch,
        firstSequence,
        firstTimestamp: this.writer.firstTimestamp,
        lastTimestampDelta: this.writer.lastDelta,
      },
      crc32,
    );
    this.#bytes = bytes;
    this.unknown = false;
  }

  stored(partition: number, base: number): void {
    this.#settled = true;
    let offset = base;
    for (const waiter of this.waiters) {
      waiter.stored(partition, offset);
      if (base >= 0) offset += waiter.count;
    }
    this.waiters = [];
  }

  /** The error that its records were told. */
  failed(problem: Failure, cause?: unknown): CallboardError {
    this.#settled = true;
    const error = new CallboardError(problem, cause === undefined ? undefined : { cause });
    for (const waiter of this.waiters) waiter.failed(error);
    this.waiters = [];
    return error;
  }
}
