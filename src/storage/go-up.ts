/** Goes up a log entry by entry, past what is missing or unsound, until its visitor has seen enough. */
import type { LogIndex } from '@callboard/client/protocol';
import type { Entry } from '../raft/types.ts';
import type { EngineEntry } from './engine.ts';
import { entryKey, entryTag, lastKey, numberOf } from './keys.ts';
import type { ReadContext } from './reader.ts';
import { checkEntry } from './stored-entry.ts';

/** `entry` undefined: nothing sound stands there; of a stretch without keys only the first index comes. False: enough. */
export type Visit = (index: LogIndex, entry: Entry | undefined) => boolean;

const pageEntries = 1_024;

export function goUp(
  context: ReadContext,
  from: number,
  pageBytes: number,
  visit: Visit,
  done: () => void,
): void {
  const { engine, log, crc32 } = context;
  let next = from;
  /** Whether to go on. */
  const take = (found: readonly EngineEntry[]): boolean => {
    for (const { key, value } of found) {
      const index = numberOf(key);
      if (index === undefined) continue;
      if (index > next && !visit(next as LogIndex, undefined)) return false;
      const entry = checkEntry(value, log.group, index, crc32);
      next = index + 1;
      if (!visit(index as LogIndex, typeof entry === 'string' ? undefined : entry)) return false;
    }
    return true;
  };
  const page = (start: Uint8Array): void => {
    const range = { from: start, to: lastKey(entryTag, log), reverse: false, limit: pageEntries };
    engine.scan({ ...range, maxBytes: pageBytes, values: true }, (error, found) => {
      const last = found.at(-1);
      if (error !== undefined) single();
      else if (last !== undefined && take(found)) page(Uint8Array.of(...last.key, 0));
      else done();
    });
  };
  /** A page that cannot be read as a whole may still hold readable entries. */
  const single = (): void => {
    const key = entryKey(log, next);
    engine.get(key, (error, value) => {
      if (error === undefined && value !== undefined) {
        if (take([{ key, value }])) page(entryKey(log, next));
        else done();
        return;
      }
      visit(next as LogIndex, undefined);
      done();
    });
  };
  page(entryKey(log, from));
}
