/** One chunk as it came: verified as a whole, its records found by their lengths, nothing decoded before it is asked for. */
import {
  checkSealed,
  chunkHeaderBytes,
  chunkKind,
  readChunkHeader,
  WireError,
  type ChunkHeader,
  type Crc32,
} from '../protocol/index.ts';
import type { Ledger } from './ledger.ts';

const leastRecordBytes = 14;

/** Where a chunk came from, and what is done with it. */
export interface ChunkPlace<T> {
  readonly topic: string;
  readonly partition: number;
  readonly ledger: Ledger;
  /** By the consumer's codec. */
  readonly decode: ((bytes: Uint8Array) => T) | undefined;
}

export class ReceivedChunk<T> {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly base: number;
  /** One above its last offset. */
  readonly end: number;
  readonly firstTimestamp: number;
  /** Who keeps account of its records. */
  readonly ledger: Ledger;
  readonly decode: ((bytes: Uint8Array) => T) | undefined;
  /** What it took of the credit. */
  readonly records: number;
  /** One above the highest committed offset when it was sent. */
  readonly committedEnd: number;
  /** The next record to hand over: its offset, and where it begins. */
  next: number;
  at: number;

  /** `from`: the first record wanted; those before it have been handed over already. */
  constructor(
    where: ChunkPlace<T>,
    bytes: Uint8Array,
    header: ChunkHeader,
    from: number,
    records: number,
    committedEnd: number,
  ) {
    this.topic = where.topic;
    this.partition = where.partition;
    this.ledger = where.ledger;
    this.decode = where.decode;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.base = header.baseOffset;
    this.end = header.baseOffset + header.recordCount;
    this.firstTimestamp = header.firstTimestamp;
    this.records = records;
    this.committedEnd = committedEnd;
    this.next = header.baseOffset;
    this.at = chunkHeaderBytes;
    while (this.next < from) this.skip();
  }

  /** Moves on to the record after the next, and returns where that ends. */
  skip(): number {
    this.at += 4 + this.view.getUint32(this.at, true);
    this.next += 1;
    return this.at;
  }
}

/** What one chunk says about the one that follows it. */
export interface ChainLink {
  readonly group: number;
  readonly term: number;
  readonly index: number;
  readonly checksum: number;
}

/** The header of a chunk that is sound and may follow `previous`. Throws a WireError. */
export function verified(bytes: Uint8Array, previous: ChainLink | undefined, crc32: Crc32): ChunkHeader {
  const fault = checkSealed(bytes, crc32);
  if (fault !== undefined) throw bad(`a chunk is ${fault}`);
  const header = readChunkHeader(bytes);
  const { kind, group, term, index, baseOffset } = header;
  if (kind !== chunkKind.records) throw bad(`the chunk at offset ${baseOffset} holds no records`);
  if (previous !== undefined) {
    const stranger = group !== previous.group;
    if (stranger) throw bad(`offset ${baseOffset} is of group ${group}, not ${previous.group}`);
    if (index <= previous.index || term < previous.term) {
      throw bad(
        `entry ${index} of term ${term} comes after entry ${previous.index} of term ${previous.term}`,
      );
    }
    const breaks = index === previous.index + 1 && header.previousChecksum !== previous.checksum;
    if (breaks) throw bad(`entry ${index} does not continue the one before it`);
  }
  checkLengths(bytes, header);
  return header;
}

/** The records fill the body exactly; so finding them later needs no more checks. */
function checkLengths(bytes: Uint8Array, { recordCount, baseOffset }: ChunkHeader): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.byteLength;
  let at = chunkHeaderBytes;
  for (let n = 0; n < recordCount; n += 1) {
    if (at + leastRecordBytes > end) throw bad(`the chunk at offset ${baseOffset} ends in record ${n}`);
    const length = view.getUint32(at, true);
    if (length < leastRecordBytes - 4 || length > end - at - 4) {
      throw bad(`record ${n} of the chunk at offset ${baseOffset} has length ${length}`);
    }
    at += 4 + length;
  }
  if (at !== end) throw bad(`the chunk at offset ${baseOffset} has bytes after its last record`);
}

function bad(detail: string): WireError {
  return new WireError('frame_invalid', detail);
}
