/** Chunks for tests: small, sound, and in a chain where one is wanted. */
import { crc32 } from '../../src/node/ports/crc32.ts';
import type { Entry } from '../../src/raft/index.ts';
import {
  buildChunk,
  chunkKind,
  encodeRecords,
  groupId,
  logIndex,
  noProducer,
  offset,
  sealChunk,
  term,
  unhex,
} from '@callboard/client/protocol';

export interface DraftOptions {
  readonly producerId?: string;
  readonly epoch?: number;
  readonly firstSequence?: number;
  readonly timestamp?: number;
}

/** A producer's chunk of one record per text. */
export function draftOf(texts: readonly string[], options: DraftOptions = {}): Uint8Array {
  const value = (text: string): Uint8Array => new TextEncoder().encode(text);
  const records = texts.map((text) => ({
    timestampDelta: 0,
    key: undefined,
    headers: [],
    value: value(text),
  }));
  return buildChunk(
    {
      kind: chunkKind.records,
      body: encodeRecords(records),
      recordCount: texts.length,
      producerId: options.producerId === undefined ? noProducer : unhex(options.producerId),
      producerEpoch: options.epoch ?? 0,
      firstSequence: options.firstSequence ?? 0,
      firstTimestamp: options.timestamp ?? 1_700_000_000_000,
      lastTimestampDelta: 0,
    },
    crc32,
  );
}

/** A chunk without records. */
export function emptyDraft(kind: 'noop' | 'command', body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return buildChunk(
    {
      kind: chunkKind[kind],
      body,
      recordCount: 0,
      producerId: noProducer,
      producerEpoch: 0,
      firstSequence: 0,
      firstTimestamp: 1_700_000_000_000,
      lastTimestampDelta: 0,
    },
    crc32,
  );
}

export interface Place {
  readonly group?: number;
  readonly index: number;
  readonly term?: number;
  readonly baseOffset?: number;
  readonly previous?: number;
}

/** The draft as a Raft entry. */
export function entryOf(draft: Uint8Array, place: Place): Entry {
  const previous = place.previous ?? 0;
  const seal = {
    group: groupId(place.group ?? 1),
    term: term(place.term ?? 1),
    index: logIndex(place.index),
    baseOffset: offset(place.baseOffset ?? 0),
    previousChecksum: previous,
  };
  const checksum = sealChunk(draft, seal, crc32);
  return { index: seal.index, term: seal.term, checksum, previous, bytes: draft };
}
