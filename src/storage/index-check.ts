/**
 * Compares the stored index with what a walk of the entries says it must be, page by page, and collects what would
 * mend it.
 */
import type { Entry } from '../raft/types.ts';
import type { EngineEntry, EngineOp } from './engine.ts';
import { lastKey, numberOf, offsetKey, offsetTag } from './keys.ts';
import { IndexTrail, decodePoint, emptyIndex, putPoint } from './offset-index.ts';
import type { IndexPoint, IndexState } from './offset-index.ts';
import type { ReadContext } from './reader.ts';
import { recordFields } from './stored-entry.ts';

const pageEntries = 2_048;

interface StoredPoint {
  readonly key: Uint8Array;
  readonly point: IndexPoint | undefined;
}

function same(a: IndexPoint | undefined, b: IndexPoint): boolean {
  return a?.index === b.index && a.count === b.count && a.maxTimestamp === b.maxTimestamp;
}

export class IndexCheck {
  readonly fixes: EngineOp[] = [];
  readonly #context: ReadContext;
  readonly #trail: IndexTrail;
  /** Points below this offset were compared. */
  #next = 0;

  constructor(context: ReadContext, gapBytes: number) {
    this.#context = context;
    this.#trail = new IndexTrail(gapBytes, emptyIndex);
  }

  get state(): IndexState {
    return this.#trail.state;
  }

  /** Takes the next entries of the sound prefix. */
  page(entries: readonly Entry[], done: () => void): void {
    let end = this.#next;
    for (const { bytes } of entries) end = Math.max(end, (recordFields(bytes)?.baseOffset ?? -1) + 1);
    const { log, crc32 } = this.#context;
    this.#read(offsetKey(log, end), (stored) => {
      for (const entry of entries) {
        const due = this.#trail.step(entry, (point) => {
          const isRight = same(stored.get(point.baseOffset)?.point, point);
          if (isRight) stored.delete(point.baseOffset);
          return isRight;
        });
        if (due === undefined) continue;
        stored.delete(due.baseOffset);
        this.fixes.push(putPoint(log, due, crc32));
      }
      this.#delete(stored.values());
      this.#next = end;
      done();
    });
  }

  /** Only for a clean log: nothing may be indexed beyond its end. */
  finish(done: () => void): void {
    this.#read(lastKey(offsetTag, this.#context.log), (stored) => {
      this.#delete(stored.values());
      done();
    });
  }

  #delete(wrong: Iterable<StoredPoint>): void {
    for (const { key } of wrong) this.fixes.push({ kind: 'delete', key });
  }

  /** The stored points from `#next` up to `to`, by base offset; what is none of ours is deleted. */
  #read(to: Uint8Array, done: (stored: Map<number, StoredPoint>) => void): void {
    const { engine, log, crc32 } = this.#context;
    const stored = new Map<number, StoredPoint>();
    const take = ({ key, value }: EngineEntry): void => {
      const base = numberOf(key);
      if (base === undefined) this.fixes.push({ kind: 'delete', key });
      else stored.set(base, { key, point: decodePoint(key, value, crc32) });
    };
    const page = (from: Uint8Array): void => {
      const range = { from, to, reverse: false, limit: pageEntries, maxBytes: 1 << 20, values: true };
      engine.scan(range, (_error, found) => {
        // Unreadable counts as missing: the point is put again.
        for (const entry of found) take(entry);
        const last = found.at(-1);
        if (last === undefined) done(stored);
        else page(Uint8Array.of(...last.key, 0));
      });
    };
    page(offsetKey(log, this.#next));
  }
}
