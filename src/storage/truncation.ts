/**
 * Cuts a log within a batch that is being planned: every entry from an index on, stored or put by this batch, as explicit
 * deletes, with its points; and finds how the offset index stands at the new end.
 */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import type { Entry } from '../raft/types.ts';
import type { Engine, EngineOp } from './engine.ts';
import { goUp } from './go-up.ts';
import { entryKey, entryTag, lastKey, numberOf, offsetKey, offsetTag } from './keys.ts';
import { IndexTrail, decodePoint, emptyIndex } from './offset-index.ts';
import type { IndexPoint, IndexState } from './offset-index.ts';
import type { OpenLog } from './open-log.ts';
import { recordFields } from './stored-entry.ts';

export interface PlanContext {
  readonly engine: Engine;
  readonly crc32: Crc32;
  readonly gapBytes: number;
}

/** What a batch does to one log so far. */
export interface Staged {
  log: OpenLog;
  /** Points put by this batch and not cut again. */
  points: IndexPoint[];
  /** Entries put by this batch and not cut again. */
  entries: Entry[];
  /** From here on the engine's own entries and points are cut. */
  cutFrom: number;
}

const pageEntries = 2_048;
const pageBytes = 1 << 20;

export function cutLog(
  context: PlanContext,
  staged: Staged,
  from: LogIndex,
  ops: EngineOp[],
  done: (error: undefined) => void,
): void {
  const { key } = staged.log;
  for (const { index } of staged.entries) {
    if (index >= from) ops.push({ kind: 'delete', key: entryKey(key, index) });
  }
  for (const { index, baseOffset } of staged.points) {
    if (index >= from) ops.push({ kind: 'delete', key: offsetKey(key, baseOffset) });
  }
  staged.entries = staged.entries.filter(({ index }) => index < from);
  staged.points = staged.points.filter(({ index }) => index < from);
  deleteEntries(context, staged, from, ops, () => {
    staged.cutFrom = Math.min(staged.cutFrom, from);
    deletePoints(context, staged, ops, (stored, isSure) => {
      const last = staged.points.reduce((a, b) => (b.index > (a?.index ?? 0) ? b : a), stored);
      const finish = (at: IndexState | undefined): void => {
        staged.log = afterCut(staged.log, (from - 1) as LogIndex, at);
        done(undefined);
      };
      if (isSure) indexAt(context, staged, from, last, finish);
      else finish(undefined);
    });
  });
}

function deleteEntries(
  { engine }: PlanContext,
  staged: Staged,
  from: LogIndex,
  ops: EngineOp[],
  done: () => void,
): void {
  const { key, highest } = staged.log;
  const to = lastKey(entryTag, key);
  const page = (start: Uint8Array): void => {
    const range = { from: start, to, reverse: false, limit: pageEntries, maxBytes: pageBytes };
    engine.scan({ ...range, values: false }, (error, found) => {
      for (const entry of found) ops.push({ kind: 'delete', key: entry.key });
      const last = found.at(-1);
      if (error !== undefined) {
        // A truncation must not depend on reading what it removes.
        for (let index: number = from; index <= highest; index += 1) {
          ops.push({ kind: 'delete', key: entryKey(key, index) });
        }
      }
      if (last === undefined) done();
      else page(Uint8Array.of(...last.key, 0));
    });
  };
  page(entryKey(key, from));
}

/** From the top down to the first stored point that stays, which it gives. Not sure if points below the cut may be missing now. */
function deletePoints(
  { engine, crc32 }: PlanContext,
  staged: Staged,
  ops: EngineOp[],
  done: (last: IndexPoint | undefined, isSure: boolean) => void,
): void {
  const { key } = staged.log;
  let isSure = true;
  const kept = new Set(staged.points.map(({ baseOffset }) => baseOffset));
  const page = (to: Uint8Array): void => {
    const range = { from: offsetKey(key, 0), to, reverse: true, limit: 64, maxBytes: pageBytes };
    engine.scan({ ...range, values: true }, (error, found) => {
      isSure &&= error === undefined;
      for (const entry of found) {
        const point = decodePoint(entry.key, entry.value, crc32);
        if (point !== undefined && point.index < staged.cutFrom) {
          done(point, isSure);
          return;
        }
        isSure &&= point !== undefined;
        // An unsound one goes too: the next open would put it again. One that this batch has put anew stays.
        if (!kept.has(numberOf(entry.key) ?? -1)) ops.push({ kind: 'delete', key: entry.key });
      }
      const last = found.at(-1);
      if (last === undefined) done(undefined, isSure);
      else page(last.key);
    });
  };
  page(lastKey(offsetTag, key));
}

/**
 * The state of the index just below `from`: from its last point on, by the entries that are stored and not cut, and those
 * that this batch has put. Undefined if that cannot be told.
 */
function indexAt(
  context: PlanContext,
  staged: Staged,
  from: LogIndex,
  last: IndexPoint | undefined,
  done: (at: IndexState | undefined) => void,
): void {
  if (last === undefined) {
    // Where the index is whole, there is no chunk with records below its first point.
    done(emptyIndex);
    return;
  }
  const { gapBytes } = context;
  const own = new Map(staged.entries.map((entry) => [entry.index, entry]));
  const trail = new IndexTrail(gapBytes, { maxTimestamp: last.maxTimestamp, sincePoint: 0 });
  let next: number = last.index;
  /** Beyond one gap nothing but commands can follow. */
  const isDone = (): boolean => next >= from || trail.state.sincePoint >= gapBytes;
  const step = (entry: Entry | undefined): boolean => {
    if (entry?.index !== next) return false;
    // The point itself may be an older, intact value.
    if (next === last.index && recordFields(entry.bytes)?.baseOffset !== last.baseOffset) return false;
    trail.step(entry);
    next += 1;
    return true;
  };
  const finish = (): void => {
    while (!isDone() && step(own.get(next as LogIndex)));
    done(isDone() ? trail.state : undefined);
  };
  if (isDone() || own.has(last.index)) {
    finish();
    return;
  }
  const stored = (index: LogIndex, entry: Entry | undefined): boolean =>
    !isDone() && index < staged.cutFrom && step(entry) && !isDone();
  goUp({ ...context, log: staged.log.key }, last.index, gapBytes, stored, finish);
}

function afterCut(log: OpenLog, last: LogIndex, at: IndexState | undefined): OpenLog {
  return {
    ...log,
    end: Math.min(log.end, last) as LogIndex,
    highest: Math.min(log.highest, last) as LogIndex,
    at: at ?? emptyIndex,
    exactTo: at === undefined ? 0 : last <= log.exactTo ? Infinity : log.exactTo,
  };
}
