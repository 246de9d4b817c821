/** Deletes the entries and index keys of all replicas that a group ever had here, a page at a time. */
import type { GroupId } from '@callboard/client/protocol';
import type { Engine, EngineOp } from './engine.ts';
import { entryTag, groupRange, offsetTag } from './keys.ts';

const pageEntries = 1_024;

/** `unreadable`: nothing was changed; looking again later may help. `error`: of a batch, which leaves the engine in doubt. */
export type Purged =
  { readonly kind: 'all' | 'more' | 'unreadable' } | { readonly kind: 'error'; readonly error: Error };

/** Deletes one page. */
export function purge(engine: Engine, group: GroupId, done: (purged: Purged) => void): void {
  const ranges = [groupRange(entryTag, group), groupRange(offsetTag, group)];
  const next = (at: number): void => {
    const range = ranges[at];
    if (range === undefined) {
      done({ kind: 'all' });
      return;
    }
    const [from, to] = range;
    const scan = { from, to, reverse: false, limit: pageEntries, maxBytes: 1 << 20, values: false };
    engine.scan(scan, (error, found) => {
      if (error !== undefined) done({ kind: 'unreadable' });
      else if (found.length === 0) next(at + 1);
      else {
        const ops = found.map(({ key }): EngineOp => ({ kind: 'delete', key }));
        engine.batch(ops, (failure) => {
          done(failure === undefined ? { kind: 'more' } : { kind: 'error', error: failure });
        });
      }
    });
  };
  next(0);
}
