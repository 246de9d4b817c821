/**
 * The partition machine: what committed chunks mean. Pure and deterministic; every replica applies the same log and comes to
 * the same state (RELIABILITY R11).
 */
import {
  chunkHeaderBytes,
  chunkKind,
  offset,
  readChunkHeader,
  type LogIndex,
  type Offset,
} from '@callboard/client/protocol';
import { CursorTable, decodeCursorMoves } from './cursors.ts';
import {
  batchOf,
  ProducerTable,
  type Batch,
  type Decision,
  type PendingBatch,
  type ProducerLimits,
} from './producers.ts';

export interface PartitionLimits extends ProducerLimits {
  readonly cursorsPerPartition: number;
}

export type Applied =
  | {
      readonly kind: 'records';
      readonly baseOffset: Offset;
      readonly end: Offset;
      readonly producerId: string;
    }
  | { readonly kind: 'cursors'; readonly moved: readonly boolean[] }
  | { readonly kind: 'noop' };

export class PartitionMachine {
  readonly #limits: PartitionLimits;
  readonly #producers: ProducerTable;
  readonly #cursors = new CursorTable();
  #end: Offset = offset(0);
  #lastIndex = 0;

  constructor(limits: PartitionLimits) {
    this.#limits = limits;
    this.#producers = new ProducerTable(limits);
  }

  /** One above the highest applied record's offset. */
  get end(): Offset {
    return this.#end;
  }

  /** The consumer's next offset. */
  cursor(consumer: string): Offset {
    return offset(this.#cursors.of(consumer));
  }

  /** Whether one more consumer's cursor can be kept. */
  takesCursorOf(consumer: string): boolean {
    return this.#cursors.has(consumer) || this.#cursors.size < this.#limits.cursorsPerPartition;
  }

  decide(batch: Batch, pending: readonly PendingBatch[]): Decision {
    return this.#producers.decide(batch, pending);
  }

  /** Applies one committed, verified chunk. Throws when it contradicts the state: then the replica must not go on. */
  apply(index: LogIndex, chunk: Uint8Array): Applied {
    if (index !== this.#lastIndex + 1) throw new Error(`applied index ${index} after ${this.#lastIndex}`);
    this.#lastIndex = index;
    const header = readChunkHeader(chunk);
    if (header.kind === chunkKind.noop) return { kind: 'noop' };
    if (header.kind === chunkKind.command) {
      const moves = decodeCursorMoves(chunk.subarray(chunkHeaderBytes));
      return { kind: 'cursors', moved: moves.map((move) => this.#cursors.apply(move, this.#end)) };
    }
    if (header.baseOffset !== this.#end) {
      throw new Error(
        `chunk at index ${index} has base offset ${header.baseOffset}, the log ends at ${this.#end}`,
      );
    }
    this.#producers.apply(batchOf(header), this.#end, header.firstTimestamp + header.lastTimestampDelta);
    this.#end = offset(this.#end + header.recordCount);
    return { kind: 'records', baseOffset: header.baseOffset, end: this.#end, producerId: header.producerId };
  }

  /** The whole state as lines in a fixed order: equal states give equal lines. */
  *describe(): Generator<string> {
    yield `index ${this.#lastIndex} end ${this.#end}`;
    yield* this.#producers.describe();
    yield* this.#cursors.describe();
  }
}
