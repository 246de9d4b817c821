/**
 * The offset and time index: one key per chunk with records, named by the chunk's base offset. Its value:
 *
 * | at | size | field |
 * |----|------|-------|
 * | 0  | 8    | Raft index of the chunk |
 * | 8  | 4    | record count |
 * | 12 | 8    | highest timestamp of this chunk and all before it, ms |
 * | 20 | 4    | CRC-32 of base offset and these fields |
 *
 * Nothing is promised on its account: it is derived from the entries, and checked against them at each open.
 */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { Engine, EngineOp } from './engine.ts';
import type { Entry } from '../raft/types.ts';
import { lastKey, numberOf, offsetKey, offsetTag } from './keys.ts';
import type { LogKey } from './keys.ts';
import { recordFields } from './stored-entry.ts';

const twoTo32 = 4294967296;

export interface OffsetEntry {
  readonly baseOffset: number;
  readonly index: LogIndex;
  readonly count: number;
  readonly maxTimestamp: number;
}

export function encodeOffsetEntry(entry: OffsetEntry, crc32: Crc32): Uint8Array {
  const { baseOffset, index, count, maxTimestamp } = entry;
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
export function decodeOffsetEntry(key: Uint8Array, value: Uint8Array, crc32: Crc32): OffsetEntry | undefined {
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

export function putOffset(log: LogKey, entry: OffsetEntry, crc32: Crc32): EngineOp {
  return { kind: 'put', key: offsetKey(log, entry.baseOffset), value: encodeOffsetEntry(entry, crc32) };
}

/** The entry of this chunk, if it has records. `before`: the running maximum so far. */
export function offsetEntryOf(entry: Entry, before: number): OffsetEntry | undefined {
  const fields = recordFields(entry.bytes);
  if (fields === undefined) return undefined;
  return {
    baseOffset: fields.baseOffset,
    index: entry.index,
    count: fields.count,
    maxTimestamp: Math.max(before, fields.timestamp),
  };
}

const pageEntries = 2_048;

/**
 * Compares the stored index with what a walk of the entries says it must be, page by page, and collects what would
 * mend it.
 */
export class OffsetCheck {
  readonly fixes: EngineOp[] = [];
  readonly #engine: Engine;
  readonly #log: LogKey;
  readonly #crc32: Crc32;
  #next = 0;
  #maxTimestamp = 0;

  constructor(engine: Engine, log: LogKey, crc32: Crc32) {
    this.#engine = engine;
    this.#log = log;
    this.#crc32 = crc32;
  }

  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  /** Takes the next entries of the sound prefix. */
  page(entries: readonly Entry[], done: () => void): void {
    const expected = new Map<number, OffsetEntry>();
    let end = this.#next;
    for (const entry of entries) {
      const wanted = offsetEntryOf(entry, this.#maxTimestamp);
      if (wanted === undefined) continue;
      this.#maxTimestamp = wanted.maxTimestamp;
      expected.set(wanted.baseOffset, wanted);
      end = Math.max(end, wanted.baseOffset + 1);
    }
    if (expected.size === 0) {
      done();
      return;
    }
    this.#compare(offsetKey(this.#log, this.#next), offsetKey(this.#log, end), expected, () => {
      this.#next = end;
      done();
    });
  }

  /** Only for a clean log: nothing may be indexed beyond its end. */
  finish(done: () => void): void {
    this.#compare(offsetKey(this.#log, this.#next), lastKey(offsetTag, this.#log), new Map(), done);
  }

  #compare(from: Uint8Array, to: Uint8Array, expected: Map<number, OffsetEntry>, done: () => void): void {
    const range = { from, to, reverse: false, limit: pageEntries, maxBytes: 1 << 20, values: true };
    this.#engine.scan(range, (_error, found) => {
      // Unreadable counts as missing: the entry is put again.
      for (const { key, value } of found) {
        const stored = decodeOffsetEntry(key, value, this.#crc32);
        const wanted = stored === undefined ? undefined : expected.get(stored.baseOffset);
        if (stored === undefined || wanted === undefined) this.fixes.push({ kind: 'delete', key });
        else if (
          stored.index === wanted.index &&
          stored.count === wanted.count &&
          stored.maxTimestamp === wanted.maxTimestamp
        ) {
          expected.delete(stored.baseOffset);
        }
      }
      const last = found.at(-1);
      if (last !== undefined && found.length > 0) {
        this.#compare(Uint8Array.of(...last.key, 0), to, expected, done);
        return;
      }
      for (const wanted of expected.values()) this.fixes.push(putOffset(this.#log, wanted, this.#crc32));
      done();
    });
  }
}
