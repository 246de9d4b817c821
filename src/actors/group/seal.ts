/** Makes Raft entries of chunks: the leader's part of the header is filled in place. */
import type { Checksum } from '../../kernel/index.ts';
import type { Entry, Tail } from '../../raft/index.ts';
import {
  buildChunk,
  chunkKind,
  noProducer,
  offset,
  sealChunk,
  type GroupId,
  type LogIndex,
  type Offset,
  type Term,
} from '@callboard/client/protocol';

export interface EntryPlace {
  readonly group: GroupId;
  readonly index: LogIndex;
  readonly term: Term;
  /** The end of the log before it. */
  readonly previous: Tail;
  readonly baseOffset: Offset;
}

/** `bytes` is owned by the log from here on. */
export function sealEntry(bytes: Uint8Array, place: EntryPlace, crc32: Checksum): Entry {
  const { group, index, term, previous, baseOffset } = place;
  const checksum = sealChunk(
    bytes,
    { group, index, term, baseOffset, previousChecksum: previous.checksum },
    crc32,
  );
  return { index, term, checksum, previous: previous.checksum, bytes };
}

/** A chunk without records, with the producer's part filled. */
export function emptyDraft(
  kind: 'noop' | 'command',
  body: Uint8Array,
  wallTimeMs: number,
  crc32: Checksum,
): Uint8Array {
  return buildChunk(
    {
      kind: chunkKind[kind],
      body,
      recordCount: 0,
      producerId: noProducer,
      producerEpoch: 0,
      firstSequence: 0,
      firstTimestamp: Math.max(0, Math.floor(wallTimeMs)),
      lastTimestampDelta: 0,
    },
    crc32,
  );
}

const noBody = new Uint8Array(0);

/** What a new leader announces its term with (Raft paper, section 8). */
export function sealNoop(place: Omit<EntryPlace, 'baseOffset'>, wallTimeMs: number, crc32: Checksum): Entry {
  return sealEntry(emptyDraft('noop', noBody, wallTimeMs, crc32), { ...place, baseOffset: offset(0) }, crc32);
}
