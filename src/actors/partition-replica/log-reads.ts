/** What a replica asks of its node's LogReader: chunks from an offset on, and the chunk of a time. */
import type { Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import { readChunkHeader, type GroupId, type LogIndex, type Offset } from '@callboard/client/protocol';
import {
  logReaderActorId,
  type FindTimeAnswer,
  type LogReaderMessage,
  type ReadChunksAnswer,
} from '../log-reader/messages.ts';
import type { PartitionReplicaMessage } from './messages.ts';

/** What is done with an answer; `gone`: this replica ends before there is one. */
interface Asked {
  readonly then: ChunksThen;
  readonly gone: () => void;
}

const nobody = (): void => undefined;

export type ChunksThen = (chunks: readonly Uint8Array[], damaged: LogIndex | undefined) => void;

export interface ChunkRange {
  readonly offset: Offset;
  readonly upTo: Offset;
  readonly maxBytes: number;
  readonly maxChunks: number;
  /** See `ReadChunks.at`. */
  readonly at?: LogIndex;
}

export interface LogReadsOptions {
  readonly context: Context<PartitionReplicaMessage>;
  readonly group: GroupId;
  /** The entry of the last record that is committed and durable here. */
  maxIndex(): LogIndex;
  /** Whether the log's entry at `index` is the one of that term. */
  holds(chunk: ReturnType<typeof readChunkHeader>): boolean;
  /** This replica's copy is bad there, whoever asked for it, and whether or not anybody still waits. */
  damaged(index: LogIndex): void;
}

export class LogReads {
  readonly #options: LogReadsOptions;
  readonly #open = new Map<number, Asked>();
  #lastId = 0;

  constructor(options: LogReadsOptions) {
    this.#options = options;
  }

  /** False: refused, the reader is full. `gone`: for those that nobody else tells of this replica's end. */
  chunks(
    { offset, upTo, maxBytes, maxChunks, at }: ChunkRange,
    then: ChunksThen,
    gone: () => void = nobody,
  ): boolean {
    const { context, group } = this.#options;
    const { self, incarnation } = context;
    this.#lastId += 1;
    const id = this.#lastId;
    const maxIndex = this.#options.maxIndex();
    const place = { group, offset, upTo, at, maxIndex, maxBytes, maxChunks };
    return this.#ask({ kind: 'read-chunks', replyTo: self, incarnation, id, ...place }, { then, gone });
  }

  /** `then` gets one chunk, or none when everything readable is older. False: refused. */
  time(timestamp: number, then: ChunksThen, gone: () => void = nobody): boolean {
    const { context, group } = this.#options;
    const { self, incarnation } = context;
    this.#lastId += 1;
    const id = this.#lastId;
    const maxIndex = this.#options.maxIndex();
    const asked = { then, gone };
    return this.#ask(
      { kind: 'find-time', replyTo: self, incarnation, id, group, timestamp, maxIndex },
      asked,
    );
  }

  /** This replica ends. */
  abandon(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { gone } of open) gone();
  }

  answered(answer: ReadChunksAnswer | FindTimeAnswer): void {
    if (answer.incarnation !== this.#options.context.incarnation) return;
    const then = this.#open.get(answer.id)?.then;
    this.#open.delete(answer.id);
    const chunks = answer.kind === 'read-chunks-answer' ? answer.chunks : listOf(answer.chunk);
    // The chain cannot tell an older, intact entry from the right one; the term can.
    const stale = chunks.map(readChunkHeader).find((header) => !this.#options.holds(header));
    const damaged = stale?.index ?? answer.damaged;
    const sound = stale === undefined ? chunks : [];
    // Whoever waits is concerned only if there is nothing for it.
    then?.(sound, sound.length === 0 ? damaged : undefined);
    if (damaged !== undefined) this.#options.damaged(damaged);
  }

  #ask(request: Extract<LogReaderMessage, { id: number; replyTo: unknown }>, asked: Asked): boolean {
    const { context } = this.#options;
    const reader = refTo<LogReaderMessage>(context.self.node, logReaderActorId);
    if (context.send(reader, request, 'data') !== 'accepted') return false;
    this.#open.set(request.id, asked);
    return true;
  }
}

function listOf(chunk: Uint8Array | undefined): readonly Uint8Array[] {
  return chunk === undefined ? [] : [chunk];
}
