/** From the bytes under an entry key to a checked entry. */
import { checkSealed, readEntryHeader } from '@callboard/client/protocol';
import type { Crc32, GroupId } from '@callboard/client/protocol';
import type { Entry } from '../raft/types.ts';

/** What the offset index needs of a chunk: read here field by field, since decoding a whole header costs more. */
export interface RecordFields {
  readonly count: number;
  readonly baseOffset: number;
  /** Timestamp of the last record. */
  readonly timestamp: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function u53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

/** Undefined for chunks without records. The bytes are a sealed chunk. */
export function recordFields(bytes: Uint8Array): RecordFields | undefined {
  const header = viewOf(bytes);
  const count = header.getUint32(12, true);
  if (count === 0) return undefined;
  return { count, baseOffset: u53(header, 80), timestamp: u53(header, 44) + header.getUint32(52, true) };
}

/** The entry in these bytes, or why they are none of `group` at `index`. Does not check the chain. */
export function checkEntry(bytes: Uint8Array, group: GroupId, index: number, crc32: Crc32): Entry | string {
  const fault = checkSealed(bytes, crc32);
  if (fault !== undefined) return fault;
  const header = readEntryHeader(bytes);
  if (header === undefined) return 'bad-field';
  if (header.group !== group) return 'other-group';
  if (header.index !== index) return 'other-index';
  const { term, checksum, previous } = header;
  return { index: header.index, term, checksum, previous, bytes };
}
