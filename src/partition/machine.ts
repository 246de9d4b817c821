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
import { decodeCursorCommand } from './cursor-commands.ts';
import {
  CursorTable,
  type Advanced,
  type Attached,
  type ConsumerState,
  type CursorLimits,
} from './cursors.ts';
import { decodeClock } from './log-clock.ts';
import {
  batchOf,
  ProducerTable,
  type Batch,
  type Decision,
  type Newcomers,
  type PendingBatch,
  type ProducerLimits,
} from './producers.ts';

export interface PartitionLimits extends ProducerLimits, CursorLimits {}

export type Applied =
  | {
      readonly kind: 'records';
      readonly baseOffset: Offset;
      readonly end: Offset;
      readonly producerId: string;
    }
  /** `done`: the records are the takers'. `fenced`: the consumer's pushed session lost its cursor. */
  | { readonly kind: 'taken'; readonly consumer: string; readonly done: boolean; readonly fenced: boolean }
  | { readonly kind: 'settled' }
  /** These consumers have no cursor any more. */
  | { readonly kind: 'forgot'; readonly consumers: readonly string[] }
  | {
      readonly kind: 'attached';
      readonly consumer: string;
      readonly session: number;
      readonly result: Attached;
    }
  /** In the order of the command's advances. */
  | { readonly kind: 'advanced'; readonly results: readonly Advanced[] }
  /** Log time moved. `forgotten`: the highest epoch of forgotten producers, if that rose. */
  | { readonly kind: 'clock'; readonly forgotten: number | undefined }
  | { readonly kind: 'noop' };

export class PartitionMachine {
  readonly first: Offset;
  readonly #producers: ProducerTable;
  readonly #cursors: CursorTable;
  #end: Offset;
  #lastIndex = 0;

  /** `first`: offset of the first record, and every consumer's first position. */
  constructor(limits: PartitionLimits, first: Offset = offset(0)) {
    this.first = first;
    this.#end = first;
    this.#cursors = new CursorTable(limits, first);
    this.#producers = new ProducerTable(limits, first > 0);
  }

  /** One above the highest applied record's offset. */
  get end(): Offset {
    return this.#end;
  }

  /** The consumer's lowest offset that is not acknowledged. */
  cursor(consumer: string): Offset {
    return offset(this.#cursors.of(consumer));
  }

  /** The consumer's next offset that nobody has had. */
  position(consumer: string): Offset {
    return offset(this.#cursors.position(consumer));
  }

  /** S12: what the consumer may still read. */
  size(consumer: string): number {
    return this.#cursors.size(consumer, this.#end);
  }

  /** Records that were taken over HTTP and are not known to have been handed over. */
  get openTakes(): CursorTable['openTakes'] {
    return this.#cursors.openTakes;
  }

  /** The consumers that moved last, for people to look at. */
  recentConsumers(): readonly ConsumerState[] {
    return this.#cursors.recent(this.#end);
  }

  cursorPage(from: number, most: number): ReturnType<CursorTable['page']> {
    return this.#cursors.page(from, most);
  }

  /** Whether one more consumer's cursor can be kept. */
  takesCursorOf(consumer: string): boolean {
    return this.#cursors.takes(consumer);
  }

  /** How long the partition was led, as far as its log tells. */
  get logTimeMs(): number {
    return this.#producers.logTimeMs;
  }

  /** The highest epoch of producers that were forgotten here; undefined: none was. */
  get forgotten(): number | undefined {
    return this.#producers.forgotten;
  }

  decide(
    batch: Batch,
    pending: readonly PendingBatch[],
    registered: boolean = false,
    coming?: Newcomers,
  ): Decision {
    return this.#producers.decide(batch, pending, registered, coming);
  }

  /** Applies one committed, verified chunk. Throws when it contradicts the state: then the replica must not go on. */
  apply(index: LogIndex, chunk: Uint8Array): Applied {
    if (index !== this.#lastIndex + 1) throw new Error(`applied index ${index} after ${this.#lastIndex}`);
    this.#lastIndex = index;
    const header = readChunkHeader(chunk);
    if (header.kind === chunkKind.noop) return { kind: 'noop' };
    if (header.kind === chunkKind.command) {
      return this.#command(index, chunk.subarray(chunkHeaderBytes));
    }
    if (header.baseOffset !== this.#end) {
      throw new Error(
        `chunk at index ${index} has base offset ${header.baseOffset}, the log ends at ${this.#end}`,
      );
    }
    this.#producers.apply(batchOf(header), this.#end);
    this.#end = offset(this.#end + header.recordCount);
    return { kind: 'records', baseOffset: header.baseOffset, end: this.#end, producerId: header.producerId };
  }

  #command(index: LogIndex, body: Uint8Array): Applied {
    const logTimeMs = decodeClock(body);
    if (logTimeMs !== undefined) {
      const rose = this.#producers.advance(logTimeMs);
      return { kind: 'clock', forgotten: rose ? this.#producers.forgotten : undefined };
    }
    const command = decodeCursorCommand(body);
    switch (command.kind) {
      case 'take': {
        const { consumer } = command.take;
        return { kind: 'taken', consumer, ...this.#cursors.take(command.take, this.#end, index) };
      }
      case 'settlements':
        for (const settlement of command.settlements) this.#cursors.settle(settlement);
        return { kind: 'settled' };
      case 'forget':
        return { kind: 'forgot', consumers: this.#cursors.forget(command.cursors) };
      case 'attach': {
        const { consumer, session } = command.attach;
        return {
          kind: 'attached',
          consumer,
          session,
          result: this.#cursors.attach(command.attach, this.#end),
        };
      }
      case 'advances': {
        const results = command.advances.map((advance) => this.#cursors.advance(advance, this.#end));
        return { kind: 'advanced', results };
      }
    }
  }

  /** The whole state as lines in a fixed order: equal states give equal lines. */
  *describe(): Generator<string> {
    yield `index ${this.#lastIndex} end ${this.#end}`;
    yield* this.#producers.describe();
    yield* this.#cursors.describe();
  }
}
