/**
 * Walks a whole log at open: checksums, group, index, chain and contiguity, page by page, so that other work runs
 * between pages. Ends at the first entry that is missing or unsound, and then looks for the highest sound one above.
 */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import type { Entry, Tail, TermRun } from '../raft/types.ts';
import type { Engine, EngineEntry, ScanRange } from './engine.ts';
import { emptyTail } from './journal-state.ts';
import { entryKey, entryTag, lastKey, numberOf } from './keys.ts';
import type { LogKey } from './keys.ts';
import { checkEntry } from './stored-entry.ts';

export interface WalkOptions {
  readonly engine: Engine;
  readonly crc32: Crc32;
  readonly log: LogKey;
  /** The entry at this index is reported by `at`: the end of what is owed. */
  readonly watch: number;
  readonly pageBytes: number;
  /** Called for each page of the sound prefix before the next is read. */
  readonly onPage: (entries: readonly Entry[], next: () => void) => void;
}

export interface Walk {
  readonly runs: readonly TermRun[];
  readonly tail: Tail;
  /** Highest sound entry, also above a hole. */
  readonly highest: LogIndex;
  /** The later of these two, as elections order entries: by term, then by index. */
  readonly newest: Tail;
  /** The entry at `watch`, if it belongs to the sound prefix. */
  readonly watched: Tail | undefined;
  /** What ended the prefix, if anything lies above it or could not be read. */
  readonly fault: string | undefined;
}

const pageEntries = 4_096;

function tailOf(entry: Entry): Tail {
  return { index: entry.index, term: entry.term, checksum: entry.checksum };
}

/** As elections order them: by term, then by index. */
export function isAfter(a: Tail, b: Tail): boolean {
  return a.term === b.term ? a.index > b.index : a.term > b.term;
}

export class LogWalk {
  readonly #options: WalkOptions;
  readonly #done: (walk: Walk) => void;
  readonly #runs: TermRun[] = [];
  #tail: Tail = emptyTail;
  #watched: Tail | undefined;

  constructor(options: WalkOptions, done: (walk: Walk) => void) {
    this.#options = options;
    this.#done = done;
    this.#watched = options.watch === 0 ? emptyTail : undefined;
  }

  start(): void {
    this.#nextPage();
  }

  #range(reverse: boolean, limit: number): ScanRange {
    const { log, pageBytes } = this.#options;
    const from = entryKey(log, this.#tail.index + 1);
    return { from, to: lastKey(entryTag, log), reverse, limit, maxBytes: pageBytes, values: true };
  }

  #nextPage(): void {
    this.#options.engine.scan(this.#range(false, pageEntries), (error, found) => {
      if (error !== undefined) this.#single();
      else if (found.length === 0) this.#end(undefined);
      else this.#take(found);
    });
  }

  /** A page that cannot be read as a whole may still hold readable entries. */
  #single(): void {
    const key = entryKey(this.#options.log, this.#tail.index + 1);
    this.#options.engine.get(key, (error, value) => {
      if (error !== undefined || value === undefined) this.#end(`unreadable: ${error?.message ?? 'missing'}`);
      else this.#take([{ key, value }]);
    });
  }

  #take(found: readonly EngineEntry[]): void {
    const sound: Entry[] = [];
    let fault: string | undefined;
    for (const { key, value } of found) {
      const entry = this.#check(key, value);
      if (typeof entry === 'string') {
        fault = entry;
        break;
      }
      sound.push(entry);
      this.#add(entry);
    }
    const next = (): void => (fault === undefined ? this.#nextPage() : this.#end(fault));
    if (sound.length === 0) next();
    else this.#options.onPage(sound, next);
  }

  #check(key: Uint8Array, value: Uint8Array): Entry | string {
    const { log, crc32 } = this.#options;
    const index = this.#tail.index + 1;
    if (numberOf(key) !== index) return 'missing';
    const entry = checkEntry(value, log.group, index, crc32);
    if (typeof entry === 'string') return entry;
    if (entry.previous !== this.#tail.checksum || entry.term < this.#tail.term) return 'not chained';
    return entry;
  }

  #add(entry: Entry): void {
    if (entry.term !== this.#tail.term) this.#runs.push({ first: entry.index, term: entry.term });
    this.#tail = tailOf(entry);
    if (entry.index === this.#options.watch) this.#watched = this.#tail;
  }

  /** With a fault, goes down from the top to the highest sound entry: keys may be damaged as well as values. */
  #end(fault: string | undefined): void {
    if (fault === undefined) {
      this.#finish(this.#tail, undefined);
      return;
    }
    const { engine, log, crc32 } = this.#options;
    const text = `entry ${String(this.#tail.index + 1)}: ${fault}`;
    const down = (to: Uint8Array): void => {
      engine.scan({ ...this.#range(true, pageEntries), to }, (error, found) => {
        for (const { key, value } of found) {
          const index = numberOf(key);
          const entry = index === undefined ? 'bad key' : checkEntry(value, log.group, index, crc32);
          if (typeof entry !== 'string') {
            this.#finish(tailOf(entry), text);
            return;
          }
        }
        const lowest = found.at(-1);
        if (error !== undefined || lowest === undefined) this.#finish(this.#tail, text);
        else down(lowest.key);
      });
    };
    down(lastKey(entryTag, log));
  }

  #finish(highest: Tail, fault: string | undefined): void {
    this.#done({
      runs: this.#runs,
      tail: this.#tail,
      highest: highest.index,
      newest: isAfter(highest, this.#tail) ? highest : this.#tail,
      watched: this.#watched,
      fault,
    });
  }
}
