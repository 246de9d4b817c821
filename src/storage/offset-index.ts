/**
 * The offset and time index: points, each named by the base offset of a chunk with records. Its value:
 *
 * | at | size | field |
 * |----|------|-------|
 * | 0  | 8    | Raft index of the chunk |
 * | 8  | 4    | record count |
 * | 12 | 8    | highest timestamp of this chunk and all before it, ms |
 * | 20 | 4    | CRC-32 of base offset and these fields |
 *
 * The index is sparse. The first chunk with records has a point, and then each one that begins `gapBytes` of log or more
 * after the last point; so every record lies within `gapBytes` above a point, and a look-up walks the entries from there. More points
 * than that do no harm.
 *
 * Nothing is promised on its account: it is derived from the entries, and checked against them at each open.
 */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { EngineOp } from './engine.ts';
import type { Entry } from '../raft/types.ts';
import { numberOf, offsetKey } from './keys.ts';
import type { LogKey } from './keys.ts';
import { recordFields } from './stored-entry.ts';

const twoTo32 = 4294967296;

export interface IndexPoint {
  readonly baseOffset: number;
  readonly index: LogIndex;
  readonly count: number;
  readonly maxTimestamp: number;
}

/** What the entries so far decide about the points to come. */
export interface IndexState {
  /** Running maximum of timestamps. */
  readonly maxTimestamp: number;
  /** Bytes of entries from the last point on, its own included; Infinity: the next chunk with records gets one. */
  readonly sincePoint: number;
}

export const emptyIndex: IndexState = { maxTimestamp: 0, sincePoint: Infinity };

export function encodePoint(point: IndexPoint, crc32: Crc32): Uint8Array {
  const { baseOffset, index, count, maxTimestamp } = point;
  // The checksum covers the base offset, which stands in the key: so it is written in front, and left out of the value.
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  setU53(view, 0, baseOffset);
  setU53(view, 8, index);
  view.setUint32(16, count, true);
  setU53(view, 20, maxTimestamp);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes.subarray(8);
}

function setU53(to: DataView, at: number, value: number): void {
  to.setUint32(at, value % twoTo32, true);
  to.setUint32(at + 4, Math.floor(value / twoTo32), true);
}

/** Undefined if unsound. */
export function decodePoint(key: Uint8Array, value: Uint8Array, crc32: Crc32): IndexPoint | undefined {
  const baseOffset = numberOf(key);
  if (baseOffset === undefined || value.byteLength !== 24) return undefined;
  const checked = new ByteWriter(32).u53(baseOffset).raw(value.subarray(0, 20)).finish();
  const reader = new ByteReader(value);
  reader.raw(20);
  if (reader.u32() !== crc32(checked)) return undefined;
  const fields = new ByteReader(value);
  return {
    baseOffset,
    index: fields.u53() as LogIndex,
    count: fields.u32(),
    maxTimestamp: fields.u53(),
  };
}

export function putPoint(log: LogKey, point: IndexPoint, crc32: Crc32): EngineOp {
  return { kind: 'put', key: offsetKey(log, point.baseOffset), value: encodePoint(point, crc32) };
}

/** The point of this chunk; undefined if it has no records. `before`: the running maximum so far. */
export function pointOf(entry: Entry, before: number): IndexPoint | undefined {
  const fields = recordFields(entry.bytes);
  if (fields === undefined) return undefined;
  const { baseOffset, count, timestamp } = fields;
  return { baseOffset, index: entry.index, count, maxTimestamp: Math.max(before, timestamp) };
}

/** Follows a log entry by entry and says which of them get points. */
export class IndexTrail {
  readonly #gapBytes: number;
  #maxTimestamp: number;
  #sincePoint: number;

  constructor(gapBytes: number, from: IndexState) {
    this.#gapBytes = gapBytes;
    this.#maxTimestamp = from.maxTimestamp;
    this.#sincePoint = from.sincePoint;
  }

  get state(): IndexState {
    return { maxTimestamp: this.#maxTimestamp, sincePoint: this.#sincePoint };
  }

  /** The point to be put for the next entry, if one is due. `isStored`: whether it is there already; then it counts. */
  step(entry: Entry, isStored?: (point: IndexPoint) => boolean): IndexPoint | undefined {
    const due = this.#sincePoint >= this.#gapBytes;
    this.#sincePoint += entry.bytes.byteLength;
    const point = pointOf(entry, this.#maxTimestamp);
    if (point === undefined) return undefined;
    this.#maxTimestamp = point.maxTimestamp;
    const stored = isStored?.(point) === true;
    if (stored || due) this.#sincePoint = entry.bytes.byteLength;
    return due && !stored ? point : undefined;
  }
}
