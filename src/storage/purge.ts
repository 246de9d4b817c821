/** Deletes the entries and index keys of all replicas that a group ever had here, a page at a time. */
import type { GroupId } from '@callboard/client/protocol';
import type { Engine, EngineOp } from './engine.ts';
import { entryTag, groupRange, offsetTag } from './keys.ts';
import type { Step } from './series.ts';

const pageEntries = 1_024;
const retryMs = 10_000;

/** `unreadable`: nothing was changed; looking again later may help. `error`: of a batch, which leaves the engine in doubt. */
type Purged =
  { readonly kind: 'all' | 'more' | 'unreadable' } | { readonly kind: 'error'; readonly error: Error };

/** Deletes one page. */
function purge(engine: Engine, group: GroupId, done: (purged: Purged) => void): void {
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

export interface PurgesOptions {
  readonly schedule: (delayMs: number, callback: () => void) => void;
  /** Whether what is stored of the group is still that of dead replicas. */
  isDue(group: GroupId): boolean;
  /** Runs a step in its turn among all that is written, and calls back in any case. */
  job(step: Step, then: () => void): void;
}

/** What dead replicas have left, page after page: never more than one among the writes that wait for their turn. */
export class Purges {
  readonly #options: PurgesOptions;
  readonly #waiting: { readonly engine: Engine; readonly group: GroupId }[] = [];
  #running = false;

  constructor(options: PurgesOptions) {
    this.#options = options;
  }

  add(engine: Engine, group: GroupId): void {
    this.#waiting.push({ engine, group });
    if (!this.#running) this.#next();
  }

  #next(): void {
    const { schedule, isDue, job } = this.#options;
    let due = this.#waiting.shift();
    while (due !== undefined && !isDue(due.group)) due = this.#waiting.shift();
    this.#running = due !== undefined;
    if (due === undefined) return;
    const { engine, group } = due;
    const again = due;
    const page: Step = (then) => {
      // It waited for its turn, and things may have changed meanwhile.
      if (!isDue(group)) {
        then(undefined);
        return;
      }
      purge(engine, group, (purged) => {
        if (purged.kind === 'more') this.#waiting.unshift(again);
        // Nobody needs what is there, so a page that cannot be read costs no more than its room.
        else if (purged.kind === 'unreadable') schedule(retryMs, () => this.add(engine, group));
        then(purged.kind === 'error' ? purged.error : undefined);
      });
    };
    job(page, () => this.#next());
  }
}
