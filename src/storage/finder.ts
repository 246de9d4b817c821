/**
 * Looks up records by offset and by time: the offset index gives the nearest point below, the entries above it are walked.
 *
 * A walk that meets an entry that is missing or unsound before it has found what it looks for answers with that one: the record may be in
 * it, and the caller, who reads what he is told, then learns of the damage.
 */
import type { LogIndex } from '@callboard/client/protocol';
import type { OffsetAnswer } from '../raft/log-store.ts';
import type { Entry } from '../raft/types.ts';
import { goUp } from './go-up.ts';
import { lastKey, offsetKey, offsetTag } from './keys.ts';
import { decodePoint, pointOf } from './offset-index.ts';
import type { IndexPoint } from './offset-index.ts';
import type { ReadContext } from './reader.ts';
import { recordFields } from './stored-entry.ts';

type Found = (answer: OffsetAnswer) => void;
/** `skipped`: unsound points above this one were passed over. */
type FoundPoint = (point: IndexPoint | undefined, skipped: boolean) => void;
/** The index could not be read. Its points are no smaller a part of the log than the entries: whoever asked is told. */
type Unread = () => void;

const unreadIndex: OffsetAnswer = { index: undefined, unread: true };

/** Up to where the index has all its points. */
export interface IndexExtent {
  readonly gapBytes: number;
  readonly exactTo: number;
}

export class Finder {
  readonly #context: ReadContext;
  readonly #extent: IndexExtent;

  constructor(context: ReadContext, extent: IndexExtent) {
    this.#context = context;
    this.#extent = extent;
  }

  /** The nearest sound point at or below `offset`. */
  #floor(offset: number, done: FoundPoint, unread: Unread): void {
    this.#floorBefore(Uint8Array.of(...offsetKey(this.#context.log, offset), 0), false, done, unread);
  }

  #floorBefore(to: Uint8Array, skipped: boolean, done: FoundPoint, unread: Unread): void {
    const { engine, log, crc32 } = this.#context;
    const range = { from: offsetKey(log, 0), to, reverse: true, limit: 1, maxBytes: 1, values: true };
    engine.scan(range, (error, [entry]) => {
      if (error !== undefined) {
        unread();
        return;
      }
      if (entry === undefined) {
        done(undefined, skipped);
        return;
      }
      const point = decodePoint(entry.key, entry.value, crc32);
      if (point === undefined) this.#floorBefore(entry.key, true, done, unread);
      else done(point, skipped);
    });
  }

  byOffset(offset: number, done: Found): void {
    const from: FoundPoint = (point, skipped) => this.#byOffsetFrom(offset, point, skipped, done);
    this.#floor(offset, from, () => done(unreadIndex));
  }

  #byOffsetFrom(offset: number, point: IndexPoint | undefined, skipped: boolean, done: Found): void {
    if (point === undefined && !skipped && this.#extent.exactTo === Infinity) {
      done({ index: undefined });
      return;
    }
    let found: LogIndex | undefined;
    let isStale = false;
    const holds = (index: LogIndex, entry: Entry | undefined): boolean => {
      if (entry === undefined) {
        found ??= index;
        return true;
      }
      const fields = recordFields(entry.bytes);
      // An older value of this key, of a log that was truncated since.
      isStale = index === point?.index && fields?.baseOffset !== point.baseOffset;
      if (isStale) return false;
      if (fields === undefined || offset >= fields.baseOffset + fields.count) return true;
      if (offset >= fields.baseOffset) found = index;
      return false;
    };
    this.#walk(point, skipped, holds, () => {
      if (point === undefined || !isStale) done({ index: found });
      else {
        const from: FoundPoint = (lower, skips) => this.#byOffsetFrom(offset, lower, skips, done);
        this.#floorBefore(offsetKey(this.#context.log, point.baseOffset), true, from, () =>
          done(unreadIndex),
        );
      }
    });
  }

  /** By halving, as far as the running maxima are known to rise; points above that count as late enough. */
  byTime(timestamp: number, done: Found): void {
    const { exactTo } = this.#extent;
    const isLate = (point: IndexPoint): boolean => point.index > exactTo || point.maxTimestamp >= timestamp;
    const unread = (): void => done(unreadIndex);
    const fromLast: FoundPoint = (last, skipped) => {
      if (last === undefined || !isLate(last)) this.#byTimeFrom(last, skipped, timestamp, undefined, done);
      else {
        const between = (before: IndexPoint | undefined, late: IndexPoint, passed: boolean): void => {
          const known = late.index > exactTo ? undefined : late.index;
          // The first chunk with records has a point.
          if (before === undefined && !passed && known !== undefined) done({ index: known });
          else this.#byTimeFrom(before, passed, timestamp, known, done);
        };
        this.#halve(isLate, 0, last, between, unread);
      }
    };
    this.#floorBefore(lastKey(offsetTag, this.#context.log), false, fromLast, unread);
  }

  /** `late` is late; no point below `low` is. Finds the first one that is late and the last one that is not. */
  #halve(
    isLate: (point: IndexPoint) => boolean,
    low: number,
    late: IndexPoint,
    done: (before: IndexPoint | undefined, late: IndexPoint, skipped: boolean) => void,
    unread: Unread,
  ): void {
    if (low >= late.baseOffset) {
      const ended: FoundPoint = (before, skipped) => done(before, late, skipped);
      this.#floorBefore(offsetKey(this.#context.log, late.baseOffset), false, ended, unread);
      return;
    }
    const middle = low + Math.floor((late.baseOffset - 1 - low) / 2);
    const halved: FoundPoint = (point) => {
      if (point !== undefined && point.baseOffset >= low && isLate(point)) {
        this.#halve(isLate, low, point, done, unread);
      } else this.#halve(isLate, middle + 1, late, done, unread);
    };
    this.#floor(middle, halved, unread);
  }

  /** The first chunk above `before` with a record late enough: `late`, unless one comes before it. */
  #byTimeFrom(
    before: IndexPoint | undefined,
    skipped: boolean,
    timestamp: number,
    late: LogIndex | undefined,
    done: Found,
  ): void {
    let found = late;
    let running = before?.maxTimestamp ?? 0;
    const isEarly = (index: LogIndex, entry: Entry | undefined): boolean => {
      if (index === late) return false;
      const point = entry === undefined ? undefined : pointOf(entry, running);
      running = point?.maxTimestamp ?? running;
      if (entry !== undefined && (point === undefined || running < timestamp)) return true;
      found = index;
      return false;
    };
    this.#walk(before, skipped, isEarly, () => done({ index: found }));
  }

  /** From a point, or from the beginning. Where no point is missing, what `visit` looks for begins within one gap, or nowhere. */
  #walk(
    from: IndexPoint | undefined,
    skipped: boolean,
    visit: (index: LogIndex, entry: Entry | undefined) => boolean,
    done: () => void,
  ): void {
    const { gapBytes, exactTo } = this.#extent;
    let left = exactTo === Infinity && !skipped && from !== undefined ? gapBytes : Infinity;
    goUp(
      this.#context,
      from?.index ?? 1,
      gapBytes,
      (index, entry) => {
        if (left <= 0) return false;
        left -= entry?.bytes.byteLength ?? 0;
        return visit(index, entry);
      },
      done,
    );
  }
}
