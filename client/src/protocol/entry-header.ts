/**
 * The few header fields that consensus needs of a sealed chunk, read without decoding the rest (`readChunkHeader` also
 * builds the producer's id, which costs more than everything here).
 */
import { chunkHeaderBytes } from './chunk.ts';
import type { GroupId, LogIndex, Term } from './brands.ts';

export interface EntryHeader {
  readonly group: GroupId;
  readonly index: LogIndex;
  readonly term: Term;
  readonly checksum: number;
  readonly previous: number;
}

const magic = 0x314b4243;
const twoTo32 = 4294967296;
const highestSafeHalf = 0x1fffff;

/**
 * Undefined unless the bytes have the form of a sealed chunk: magic, version, a body of the stated length, and a term
 * and an index from 1 within the safe range. Checks no checksum.
 */
export function readEntryHeader(bytes: Uint8Array): EntryHeader | undefined {
  if (bytes.byteLength < chunkHeaderBytes) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, chunkHeaderBytes);
  if (header.getUint32(0, true) !== magic || header.getUint8(4) !== 1) return undefined;
  if (header.getUint32(8, true) !== bytes.byteLength - chunkHeaderBytes) return undefined;
  const termHigh = header.getUint32(68, true);
  const indexHigh = header.getUint32(76, true);
  if (termHigh > highestSafeHalf || indexHigh > highestSafeHalf) return undefined;
  const term = termHigh * twoTo32 + header.getUint32(64, true);
  const index = indexHigh * twoTo32 + header.getUint32(72, true);
  if (term === 0 || index === 0) return undefined;
  return {
    group: header.getUint32(60, true) as GroupId,
    index: index as LogIndex,
    term: term as Term,
    checksum: header.getUint32(92, true),
    previous: header.getUint32(88, true),
  };
}
