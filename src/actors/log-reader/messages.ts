/**
 * LogReader: all reads of a node's log, at most `readsInFlight` at a time, so that reads never queue ahead of
 * the writer's fsync. Everything it answers has been verified; what is unsound is reported, never served.
 */
import type { Ref } from '../../kernel/index.ts';
import type { GroupId, LogIndex, Offset } from '@callboard/client/protocol';
import type { GroupDamage, GroupLoaded } from '../group/messages.ts';

/** Entries by index, for replication, healing and applying; answered by `group-loaded`. Control lane. */
export interface ReadEntries {
  readonly kind: 'read-entries';
  readonly replyTo: Ref<GroupLoaded>;
  readonly incarnation: number;
  readonly id: number;
  readonly group: GroupId;
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly cut: 'tail' | 'head';
}

/**
 * The chunks that hold the records from `offset` on, up to `upTo` (exclusive), `maxChunks` and about `maxBytes`; chunks without records are
 * left out. Answered by `read-chunks-answer`, always at least one chunk unless damaged. Data lane.
 */
export interface ReadChunks {
  readonly kind: 'read-chunks';
  readonly replyTo: Ref<ReadChunksAnswer | GroupDamage>;
  readonly incarnation: number;
  readonly id: number;
  readonly group: GroupId;
  readonly offset: Offset;
  readonly upTo: Offset;
  /** The entry that holds `offset`, or one before it with nothing but commands between: a reader that goes on where it was. */
  readonly at: LogIndex | undefined;
  /** Entries above this index are not committed or not durable here and are never returned. */
  readonly maxIndex: LogIndex;
  readonly maxBytes: number;
  /** Of chunks that the answer may hold. */
  readonly maxChunks: number;
}

/**
 * `chunks`: whole sealed chunks in order. `damaged`: this copy is bad there, and what can be served lies before it; with no chunks, it
 * cannot serve the offset.
 */
export interface ReadChunksAnswer {
  readonly kind: 'read-chunks-answer';
  readonly incarnation: number;
  readonly id: number;
  readonly chunks: readonly Uint8Array[];
  readonly damaged: LogIndex | undefined;
}

/**
 * The first chunk up to `maxIndex` whose newest record is at or after `timestamp`, or whose predecessors' is. Answered by
 * `find-time-answer`. Data lane.
 */
export interface FindTime {
  readonly kind: 'find-time';
  readonly replyTo: Ref<FindTimeAnswer>;
  readonly incarnation: number;
  readonly id: number;
  readonly group: GroupId;
  readonly timestamp: number;
  readonly maxIndex: LogIndex;
}

/** Neither: all records up to `maxIndex` are older. */
export interface FindTimeAnswer {
  readonly kind: 'find-time-answer';
  readonly incarnation: number;
  readonly id: number;
  readonly chunk: Uint8Array | undefined;
  readonly damaged: LogIndex | undefined;
}

/** Internal: one request was answered; its place is free. */
export interface ReadDone {
  readonly kind: 'read-done';
}

export type LogReaderMessage = ReadEntries | ReadChunks | FindTime | ReadDone;

export const logReaderActorId = 'log-reader';
