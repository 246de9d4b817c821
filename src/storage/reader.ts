/** Reads a stretch of a log and verifies it: checksums, group, index and chain, from the end that is to be kept. */
import type { Crc32, LogIndex } from '@callboard/client/protocol';
import type { EntriesAnswer, EntriesRequest } from '../raft/log-store.ts';
import type { Entry } from '../raft/types.ts';
import type { Engine, EngineEntry } from './engine.ts';
import { entryKey, numberOf } from './keys.ts';
import type { LogKey } from './keys.ts';
import { checkEntry } from './stored-entry.ts';

export interface ReadContext {
  readonly engine: Engine;
  readonly crc32: Crc32;
  readonly log: LogKey;
}

export class EntriesRead {
  readonly #context: ReadContext;
  readonly #request: EntriesRequest;
  readonly #done: (answer: EntriesAnswer) => void;
  readonly #up: boolean;
  /** In the order of reading: rising, or falling when the highest are kept. */
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #next: number;

  constructor(context: ReadContext, request: EntriesRequest, done: (answer: EntriesAnswer) => void) {
    this.#context = context;
    this.#request = request;
    this.#done = done;
    this.#up = request.cut === 'tail';
    this.#next = this.#up ? request.from : request.to;
  }

  start(): void {
    this.#page();
  }

  #page(): void {
    const { from, to, maxBytes, maxEntries } = this.#request;
    const { engine, log } = this.#context;
    if (this.#full() || this.#past()) {
      this.#finish(undefined);
      return;
    }
    const range = {
      from: entryKey(log, this.#up ? this.#next : from),
      to: entryKey(log, (this.#up ? to : this.#next) + 1),
      reverse: !this.#up,
      limit: maxEntries - this.#entries.length,
      maxBytes: maxBytes - this.#bytes,
      values: true,
    };
    engine.scan(range, (error, found) => {
      if (error !== undefined) {
        this.#single();
        return;
      }
      // Nothing left to read, and the bounds not reached: what comes next is missing.
      const bad = found.length === 0 ? (this.#next as LogIndex) : this.#take(found);
      if (bad === undefined) this.#page();
      else this.#finish(bad);
    });
  }

  /** One bad block must not hide the entries before it: reads them one by one up to the one that cannot be read. */
  #single(): void {
    if (this.#full() || this.#past()) {
      this.#finish(undefined);
      return;
    }
    const key = entryKey(this.#context.log, this.#next);
    this.#context.engine.get(key, (error, value) => {
      const bad =
        error !== undefined || value === undefined ? (this.#next as LogIndex) : this.#take([{ key, value }]);
      if (bad === undefined) this.#single();
      else this.#finish(bad);
    });
  }

  #past(): boolean {
    return this.#up ? this.#next > this.#request.to : this.#next < this.#request.from;
  }

  #full(): boolean {
    const { maxBytes, maxEntries } = this.#request;
    return this.#entries.length >= maxEntries || (this.#entries.length > 0 && this.#bytes >= maxBytes);
  }

  /** Returns the first bad index. An entry that would overstep the byte bound is left out, unless it is the first. */
  #take(found: readonly EngineEntry[]): LogIndex | undefined {
    for (const { key, value } of found) {
      const bad = this.#next as LogIndex;
      if (this.#entries.length > 0 && this.#bytes + value.byteLength > this.#request.maxBytes) {
        this.#bytes = this.#request.maxBytes;
        return undefined;
      }
      if (numberOf(key) !== this.#next) return bad;
      const entry = checkEntry(value, this.#context.log.group, this.#next, this.#context.crc32);
      if (typeof entry === 'string' || !this.#chained(entry)) return bad;
      this.#entries.push(entry);
      this.#bytes += value.byteLength;
      this.#next += this.#up ? 1 : -1;
    }
    return undefined;
  }

  #chained(entry: Entry): boolean {
    const before = this.#entries.at(-1);
    if (before === undefined) return true;
    const [low, high] = this.#up ? [before, entry] : [entry, before];
    return high.previous === low.checksum && high.term >= low.term;
  }

  #finish(bad: LogIndex | undefined): void {
    if (!this.#up) this.#entries.reverse();
    this.#done({ entries: this.#entries, bad });
  }
}
