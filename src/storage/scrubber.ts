/**
 * Re-reads every log in the background, page by page, so that damage is found while the other replicas are still
 * whole. Whoever drives it decides the pace: each `step` reads one page and reports.
 *
 * Logs change while they are scrubbed. A page is checked against the end that the group has when it is read, and bad
 * news is believed only if a second read of the same page, after asking for the end again, brings the same.
 */
import type { GroupId, LogIndex } from '@callboard/client/protocol';
import type { LogStore } from '../raft/log-store.ts';

export interface ScrubTarget {
  readonly group: GroupId;
  /** Durable and part of the log: nothing above it is looked at. */
  readonly last: LogIndex;
}

export type ScrubReport =
  /** Sound up to here. */
  | { readonly kind: 'page'; readonly group: GroupId; readonly to: LogIndex; readonly bytes: number }
  /** The first bad index of a group; the rest of that group is left to its healing. */
  | { readonly kind: 'bad'; readonly group: GroupId; readonly index: LogIndex }
  /** Every group was looked at once; the next step begins anew. */
  | { readonly kind: 'pass'; readonly groups: number };

export interface ScrubOptions {
  readonly store: Pick<LogStore, 'readEntries'>;
  /** The groups to scrub, asked at the beginning of each pass: damaged replicas are not among them. */
  readonly groups: () => readonly GroupId[];
  /** The group's end now; undefined if it is no longer here or is damaged. */
  readonly last: (group: GroupId) => LogIndex | undefined;
  readonly pageBytes: number;
  readonly pageEntries: number;
}

export class Scrubber {
  readonly #options: ScrubOptions;
  #queue: GroupId[] = [];
  #groups = 0;
  #passRunning = false;
  /** Sound up to here in the group at the head of the queue. */
  #at = 0;
  /** The next page must hold two entries, whatever their size: its bounds let only the overlap through. */
  #pair = false;
  #busy = false;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  /** One page. Not before the step before has reported. Reports later only if something was read. */
  step(done: (report: ScrubReport) => void): void {
    if (this.#busy) throw new Error('a scrub step is running already');
    if (!this.#passRunning) {
      this.#queue = [...this.#options.groups()];
      this.#groups = this.#queue.length;
      this.#passRunning = true;
      this.#at = 0;
    }
    for (let group = this.#queue[0]; group !== undefined; group = this.#queue[0]) {
      const last = this.#options.last(group);
      if (last !== undefined && this.#at < last) {
        this.#busy = true;
        this.#read(group, last, undefined, (report) => {
          this.#busy = false;
          done(report);
        });
        return;
      }
      this.#leave();
    }
    this.#passRunning = false;
    done({ kind: 'pass', groups: this.#groups });
  }

  #leave(): void {
    this.#queue.shift();
    this.#at = 0;
    this.#pair = false;
  }

  /** Begins with the last entry of the page before, so that the chain between pages is checked too. */
  #read(
    group: GroupId,
    last: LogIndex,
    suspected: LogIndex | undefined,
    done: (report: ScrubReport) => void,
  ): void {
    const { store, pageBytes, pageEntries } = this.#options;
    const from = Math.max(1, this.#at) as LogIndex;
    const bounds = this.#pair
      ? { maxBytes: Number.MAX_SAFE_INTEGER, maxEntries: 2 }
      : { maxBytes: pageBytes, maxEntries: Math.max(2, pageEntries) };
    const request = { group, from, to: last, cut: 'tail', ...bounds } as const;
    store.readEntries(request, ({ entries, bad }) => {
      const lastNow = this.#options.last(group);
      if (bad !== undefined && lastNow !== undefined && bad <= lastNow) {
        if (bad === suspected) {
          this.#leave();
          done({ kind: 'bad', group, index: bad });
        } else this.#read(group, lastNow, bad, done);
        return;
      }
      let bytes = 0;
      for (const entry of entries) bytes += entry.bytes.byteLength;
      const to = entries.at(-1)?.index ?? last;
      this.#pair = to <= this.#at;
      this.#at = Math.max(this.#at, to);
      done({ kind: 'page', group, to: this.#at as LogIndex, bytes });
    });
  }
}
