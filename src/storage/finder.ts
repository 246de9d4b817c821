/** Looks up records by offset and by time in the offset index. */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import type { Engine, EngineEntry } from './engine.ts';
import { lastKey, offsetKey, offsetTag } from './keys.ts';
import type { LogKey } from './keys.ts';
import { decodeOffsetEntry } from './offset-index.ts';
import type { OffsetEntry } from './offset-index.ts';

type Found = (index: LogIndex | undefined) => void;
type FoundEntry = (entry: OffsetEntry | undefined) => void;

const pageEntries = 2_048;

export class Finder {
  readonly #engine: Engine;
  readonly #crc32: Crc32;
  readonly #log: LogKey;

  constructor(engine: Engine, crc32: Crc32, log: LogKey) {
    this.#engine = engine;
    this.#crc32 = crc32;
    this.#log = log;
  }

  /** The nearest sound index entry at or below `offset`. */
  #floor(offset: number, done: FoundEntry): void {
    this.#floorBefore(Uint8Array.of(...offsetKey(this.#log, offset), 0), done);
  }

  #floorBefore(to: Uint8Array, done: FoundEntry): void {
    const from = offsetKey(this.#log, 0);
    const range = { from, to, reverse: true, limit: 1, maxBytes: 1, values: true };
    this.#engine.scan(range, (error, [entry]) => {
      if (error !== undefined || entry === undefined) {
        done(undefined);
        return;
      }
      const decoded = this.#decode(entry);
      if (decoded === undefined) this.#floorBefore(entry.key, done);
      else done(decoded);
    });
  }

  #decode(entry: EngineEntry): OffsetEntry | undefined {
    return decodeOffsetEntry(entry.key, entry.value, this.#crc32);
  }

  byOffset(offset: number, done: Found): void {
    this.#floor(offset, (entry) => {
      done(entry !== undefined && offset < entry.baseOffset + entry.count ? entry.index : undefined);
    });
  }

  /** The last index entry of the log. */
  last(done: FoundEntry): void {
    this.#floorBefore(lastKey(offsetTag, this.#log), done);
  }

  /** By halving: right as long as the running maxima rise, which an index made by appends alone guarantees. */
  byTime(timestamp: number, done: Found): void {
    this.last((last) => {
      if (last === undefined || last.maxTimestamp < timestamp) done(undefined);
      else this.#halve(timestamp, 0, last, done);
    });
  }

  /** `best` qualifies; nothing below `low` does. */
  #halve(timestamp: number, low: number, best: OffsetEntry, done: Found): void {
    if (low >= best.baseOffset) {
      done(best.index);
      return;
    }
    const middle = low + Math.floor((best.baseOffset - 1 - low) / 2);
    this.#floor(middle, (entry) => {
      if (entry !== undefined && entry.baseOffset >= low && entry.maxTimestamp >= timestamp) {
        this.#halve(timestamp, low, entry, done);
      } else this.#halve(timestamp, middle + 1, best, done);
    });
  }

  /** From the beginning: for an index with repaired entries, whose running maxima may be too low here and there. */
  byTimeSlowly(timestamp: number, done: Found): void {
    const to = lastKey(offsetTag, this.#log);
    const page = (from: Uint8Array): void => {
      const range = { from, to, reverse: false, limit: pageEntries, maxBytes: 1 << 20, values: true };
      this.#engine.scan(range, (error, entries) => {
        const hit = entries
          .map((entry) => this.#decode(entry))
          .find((entry) => entry !== undefined && entry.maxTimestamp >= timestamp);
        const last = entries.at(-1);
        if (error !== undefined || hit !== undefined || last === undefined) done(hit?.index);
        else page(Uint8Array.of(...last.key, 0));
      });
    };
    page(offsetKey(this.#log, 0));
  }
}
