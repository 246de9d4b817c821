/**
 * The record batch ("chunk"): one format for proposal, Raft entry, storage, replication and delivery.
 *
 * A fixed little-endian header, then a body that is never touched between producer and consumer. The producer fills
 * its part; the partition's leader fills the rest in place (`sealChunk`) and thereby makes the chunk a Raft entry:
 *
 * | at | size | field               | filled by | meaning |
 * |----|------|---------------------|-----------|---------|
 * | 0  | 4    | magic               | producer  | `0x314b4243` ("CBK1") |
 * | 4  | 1    | version             | producer  | 1 |
 * | 5  | 1    | kind                | producer  | see `chunkKind` |
 * | 6  | 1    | codec               | producer  | 0: body not compressed |
 * | 7  | 1    | owner               | leader    | who brought the producer's id: 0 a node, else a number that stands for a client's address |
 * | 8  | 4    | body length, bytes  | producer  | |
 * | 12 | 4    | record count        | producer  | 0 for anything but `records` |
 * | 16 | 16   | producer id         | producer  | all zero: not idempotent |
 * | 32 | 4    | producer epoch      | producer  | |
 * | 36 | 8    | first sequence      | producer  | records of one producer and epoch count 0, 1, 2 … |
 * | 44 | 8    | first timestamp, ms | producer  | `undated`: the leader fills in its own clock |
 * | 52 | 4    | last timestamp delta, ms | producer | added to the first timestamp |
 * | 56 | 4    | body checksum       | producer  | CRC-32 of the body |
 * | 60 | 4    | group               | leader    | |
 * | 64 | 8    | term                | leader    | |
 * | 72 | 8    | index               | leader    | |
 * | 80 | 8    | base offset         | leader    | offset of the first record; 0 in a chunk without records |
 * | 88 | 4    | previous checksum   | leader    | header checksum of the entry before; 0 for index 1 |
 * | 92 | 4    | header checksum     | leader    | CRC-32 of bytes 0 to 91 |
 *
 * The header checksum covers the body checksum and the previous header's checksum, so it names the whole log up to
 * and including this chunk: two entries with equal index, term and header checksum end equal logs.
 */
import {
  groupId,
  logIndex,
  offset,
  term,
  type GroupId,
  type LogIndex,
  type Offset,
  type Term,
} from './brands.ts';

export const chunkHeaderBytes = 96;
const magic = 0x314b4243;
const version = 1;

/** What a chunk is for. `records` carries user data; the others carry none and take no offsets. */
export const chunkKind = { records: 0, noop: 1, command: 2 } as const;
export type ChunkKind = (typeof chunkKind)[keyof typeof chunkKind];

/** CRC-32 (IEEE) over bytes; comes in from outside, since browsers and Node differ. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

/** The producer's part. */
export interface ChunkDraft {
  readonly kind: ChunkKind;
  readonly body: Uint8Array;
  readonly recordCount: number;
  /** 16 bytes; all zero when not idempotent. */
  readonly producerId: Uint8Array;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  /** Wall-clock milliseconds since 1970. */
  readonly firstTimestamp: number;
  readonly lastTimestampDelta: number;
}

/** The leader's part. */
export interface ChunkSeal {
  readonly group: GroupId;
  readonly term: Term;
  readonly index: LogIndex;
  readonly baseOffset: Offset;
  readonly previousChecksum: number;
}

/** A decoded header. `producerId` is 32 lower-case hexadecimal characters. */
export interface ChunkHeader extends ChunkSeal {
  readonly kind: ChunkKind;
  readonly codec: number;
  readonly owner: number;
  readonly bodyLength: number;
  readonly recordCount: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
  readonly lastTimestampDelta: number;
  readonly bodyChecksum: number;
  readonly headerChecksum: number;
}

/** Why bytes are not a sound chunk. */
export type ChunkFault =
  | 'too-short'
  | 'bad-magic'
  | 'bad-version'
  | 'bad-field'
  | 'bad-length'
  | 'bad-header-checksum'
  | 'bad-body-checksum';

/**
 * Stands for the first timestamp where nobody has given one: whose clock counts is then the leader's, and one wrong clock among
 * gateways and clients does not get its records refused. Only in drafts; all deltas are 0.
 */
export const undated: number = Number.MAX_SAFE_INTEGER;

export const noProducer: Uint8Array = new Uint8Array(16);

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const twoTo32 = 4294967296;

function setU53(to: DataView, at: number, value: number): void {
  to.setUint32(at, value % twoTo32, true);
  to.setUint32(at + 4, Math.floor(value / twoTo32), true);
}

function getU53(from: DataView, at: number): number {
  return from.getUint32(at + 4, true) * twoTo32 + from.getUint32(at, true);
}

/** Builds a chunk with the producer's part filled and the leader's part zero. Copies the body. */
export function buildChunk(draft: ChunkDraft, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(chunkHeaderBytes + draft.body.byteLength);
  bytes.set(draft.body, chunkHeaderBytes);
  fillDraft(bytes, draft, crc32);
  return bytes;
}

/** Fills the producer's part in place, around a body that is there already behind the header. */
export function fillDraft(bytes: Uint8Array, draft: Omit<ChunkDraft, 'body'>, crc32: Crc32): void {
  const header = view(bytes);
  const body = bytes.subarray(chunkHeaderBytes);
  header.setUint32(0, magic, true);
  header.setUint8(4, version);
  header.setUint8(5, draft.kind);
  header.setUint32(8, body.byteLength, true);
  header.setUint32(12, draft.recordCount, true);
  bytes.set(draft.producerId, 16);
  header.setUint32(32, draft.producerEpoch, true);
  setU53(header, 36, draft.firstSequence);
  setU53(header, 44, draft.firstTimestamp);
  header.setUint32(52, draft.lastTimestampDelta, true);
  header.setUint32(56, crc32(body), true);
}

/** Its 16 bytes in place; the chunk has at least a header. */
export function producerIdOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(16, 32);
}

/** Of a producer's chunk, by the leader before it is sealed; see `ownerOf`. */
export function setOwner(bytes: Uint8Array, owner: number): void {
  bytes[7] = owner;
}

/** Gives an `undated` draft its date, by the leader before it is sealed. */
export function dateDraft(bytes: Uint8Array, wallTimeMs: number): void {
  setU53(view(bytes), 44, Math.max(0, Math.floor(wallTimeMs)));
}

/** Fills the leader's part in place and returns the header checksum. The producer's part must be sound. */
export function sealChunk(bytes: Uint8Array, seal: ChunkSeal, crc32: Crc32): number {
  const header = view(bytes);
  header.setUint32(60, seal.group, true);
  setU53(header, 64, seal.term);
  setU53(header, 72, seal.index);
  setU53(header, 80, seal.baseOffset);
  header.setUint32(88, seal.previousChecksum, true);
  const checksum = crc32(bytes.subarray(0, 92));
  header.setUint32(92, checksum, true);
  return checksum;
}

const noProducerHex = '0'.repeat(32);

function isAnonymous(header: DataView): boolean {
  for (let at = 16; at < 32; at += 4) if (header.getUint32(at) !== 0) return false;
  return true;
}

/** Reads a header without checking any checksum; the caller knows that there are at least `chunkHeaderBytes`. */
export function readChunkHeader(bytes: Uint8Array): ChunkHeader {
  const header = view(bytes);
  return {
    kind: header.getUint8(5) as ChunkKind,
    codec: header.getUint8(6),
    owner: header.getUint8(7),
    bodyLength: header.getUint32(8, true),
    recordCount: header.getUint32(12, true),
    producerId: isAnonymous(header) ? noProducerHex : hex(producerIdOf(bytes)),
    producerEpoch: header.getUint32(32, true),
    firstSequence: getU53(header, 36),
    firstTimestamp: getU53(header, 44),
    lastTimestampDelta: header.getUint32(52, true),
    bodyChecksum: header.getUint32(56, true),
    group: groupId(header.getUint32(60, true)),
    term: term(getU53(header, 64)),
    index: logIndex(getU53(header, 72)),
    baseOffset: offset(getU53(header, 80)),
    previousChecksum: header.getUint32(88, true),
    headerChecksum: header.getUint32(92, true),
  };
}

/** The producer's part is well formed and its body matches its checksum. Says nothing of the leader's part. */
export function checkDraft(bytes: Uint8Array, crc32: Crc32): ChunkFault | undefined {
  if (bytes.byteLength < chunkHeaderBytes) return 'too-short';
  return bytes[7] === 0 ? draftFault(bytes, view(bytes), crc32) : 'bad-field';
}

function draftFault(bytes: Uint8Array, header: DataView, crc32: Crc32): ChunkFault | undefined {
  if (header.getUint32(0, true) !== magic) return 'bad-magic';
  if (header.getUint8(4) !== version) return 'bad-version';
  if (header.getUint32(8, true) !== bytes.byteLength - chunkHeaderBytes) return 'bad-length';
  const kind = header.getUint8(5);
  const unsafe = header.getUint32(40, true) > 0x1fffff || header.getUint32(48, true) > 0x1fffff;
  if (kind > 2 || header.getUint8(6) !== 0 || unsafe) return 'bad-field';
  if (kind !== chunkKind.records && header.getUint8(7) !== 0) return 'bad-field';
  if ((kind === chunkKind.records) !== header.getUint32(12, true) > 0) return 'bad-field';
  if (crc32(bytes.subarray(chunkHeaderBytes)) !== header.getUint32(56, true)) return 'bad-body-checksum';
  return undefined;
}

/** The whole chunk is sound: both checksums, and every number within the safe range. Does not check the chain. */
export function checkSealed(bytes: Uint8Array, crc32: Crc32): ChunkFault | undefined {
  if (bytes.byteLength < chunkHeaderBytes) return 'too-short';
  const header = view(bytes);
  const fault = draftFault(bytes, header, crc32);
  if (fault !== undefined) return fault;
  for (let at = 68; at <= 84; at += 8) if (header.getUint32(at, true) > 0x1fffff) return 'bad-field';
  if (crc32(bytes.subarray(0, 92)) !== header.getUint32(92, true)) return 'bad-header-checksum';
  return undefined;
}

/** 32 lower-case hexadecimal characters for 16 bytes. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexPairs[byte] as string;
  return text;
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** The bytes of a lower-case hexadecimal text of even length. */
export function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
