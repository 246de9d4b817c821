/** Deletes the entries and index keys of a replica that is no more, a page at a time. */
import type { Engine, EngineOp } from './engine.ts';
import { entryKey, entryTag, lastKey, offsetKey, offsetTag } from './keys.ts';
import type { LogKey } from './keys.ts';

const pageEntries = 1_024;

export function purge(
  engine: Engine,
  log: LogKey,
  done: (error: Error | undefined, more: boolean) => void,
): void {
  const ranges = [
    [entryKey(log, 0), lastKey(entryTag, log)],
    [offsetKey(log, 0), lastKey(offsetTag, log)],
  ] as const;
  const next = (at: number): void => {
    const range = ranges[at];
    if (range === undefined) {
      done(undefined, false);
      return;
    }
    const [from, to] = range;
    const scan = { from, to, reverse: false, limit: pageEntries, maxBytes: 1 << 20, values: false };
    engine.scan(scan, (error, found) => {
      if (error !== undefined) done(error, false);
      else if (found.length === 0) next(at + 1);
      else {
        const ops = found.map(({ key }): EngineOp => ({ kind: 'delete', key }));
        engine.batch(ops, (failure) => done(failure, true));
      }
    });
  };
  next(0);
}
