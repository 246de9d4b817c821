/** A batch of one record, as a client library would build it. */
import { crc32 } from 'node:zlib';
import { buildChunk, chunkKind, encodeRecords } from '@callboard/client/protocol';
import { makeValue } from './values.ts';

export interface OneRecord {
  readonly id: number;
  readonly bytes: number;
  readonly producerId: Uint8Array;
  readonly epoch?: number;
  readonly sequence?: number;
  /** What the client's clock says. */
  readonly timestamp: number;
}

export function oneRecordChunk({
  id,
  bytes,
  producerId,
  epoch = 0,
  sequence = 0,
  timestamp,
}: OneRecord): Uint8Array {
  return buildChunk(
    {
      kind: chunkKind.records,
      body: encodeRecords([{ timestampDelta: 0, key: undefined, headers: [], value: makeValue(id, bytes) }]),
      recordCount: 1,
      producerId,
      producerEpoch: epoch,
      firstSequence: sequence,
      firstTimestamp: Math.floor(timestamp),
      lastTimestampDelta: 0,
    },
    crc32,
  );
}
