/**
 * The log in memory: its newest entries, and the terms of all. What is not yet durable or not yet applied is always
 * here; the rest is a cache for slow followers, bounded in bytes.
 */
import type { LogIndex, Term } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { lower, noTerm, toIndex } from './brand-arithmetic.ts';
import { TermRuns } from './term-runs.ts';
import type { Entry, Tail, TermRun } from './types.ts';

/** A checksum that this replica does not know: the prefix was cut where no entry is in memory. */
export const unknownChecksum = -1;

/** Removed slots are squeezed out of the array once there are this many of them. */
const slackSlots = 1_024;

export class RaftLog {
  readonly #cacheBytes: number;
  /** What an entry costs beside its bytes: its object, its buffer, its place here. Small records are mostly this. */
  readonly #overheadBytes: number;
  #runs: TermRuns;
  /** Slots before `#head` are released; the entry at `#head` has index `#first`. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #first: LogIndex;
  #bytes = 0;
  #checksum: number;

  constructor(runs: readonly TermRun[], tail: Tail, cacheBytes: number, overheadBytes = 0) {
    this.#overheadBytes = overheadBytes;
    this.#runs = new TermRuns(runs, tail.index);
    assert(
      this.#runs.lastTerm === tail.term,
      'the tail has the term of the last run',
      tail.term,
      this.#runs.lastTerm,
    );
    this.#first = toIndex(tail.index + 1);
    this.#checksum = tail.checksum;
    this.#cacheBytes = cacheBytes;
  }

  get last(): LogIndex {
    return this.#runs.last;
  }

  get lastTerm(): Term {
    return this.#runs.lastTerm;
  }

  get checksum(): number {
    return this.#checksum;
  }

  /** Lowest index in memory; last + 1 when there is none. */
  get firstInMemory(): LogIndex {
    return this.#first;
  }

  tail(): Tail {
    return { index: this.last, term: this.lastTerm, checksum: this.#checksum };
  }

  termAt(index: LogIndex): Term | undefined {
    return this.#runs.termAt(index);
  }

  /**
   * Where a log that has `term` at `index` may agree with this one: the highest index at or below it with at most that
   * term. Each side skips whole terms of the other, so a long divergence costs a round trip per term, not per entry.
   */
  agreementUpTo(index: LogIndex, term: Term): LogIndex {
    return this.#runs.highestUpTo(lower(index, this.last), term);
  }

  /** Undefined when the entry is not in memory. */
  entryAt(index: LogIndex): Entry | undefined {
    if (index < this.#first) return undefined;
    return this.#entries[this.#head + index - this.#first];
  }

  append(entry: Entry): void {
    assert(entry.index === this.last + 1, 'entries are contiguous', entry.index, this.last);
    const chained = this.#checksum === unknownChecksum || entry.previous === this.#checksum;
    assert(
      chained,
      'log matching: an entry names the entry before it',
      entry.index,
      entry.previous,
      this.#checksum,
    );
    this.#runs.append(entry.term);
    this.#entries.push(entry);
    this.#bytes += entry.bytes.byteLength + this.#overheadBytes;
    this.#checksum = entry.checksum;
  }

  /** Removes every entry at or above `index`. */
  truncateFrom(index: LogIndex): void {
    assert(index >= 1 && index <= this.last, 'a truncation removes something', index, this.last);
    const before =
      this.entryAt(toIndex(index - 1))?.checksum ?? this.entryAt(index)?.previous ?? unknownChecksum;
    if (index < this.#first) {
      this.#entries = [];
      this.#head = 0;
      this.#bytes = 0;
      this.#first = index;
    } else {
      const kept = this.#head + index - this.#first;
      for (let at = kept; at < this.#entries.length; at += 1) {
        this.#bytes -= (this.#entries[at]?.bytes.byteLength ?? 0) + this.#overheadBytes;
      }
      this.#entries.length = kept;
    }
    this.#runs.truncateFrom(index);
    this.#checksum = index === 1 ? 0 : before;
  }

  /** Entries in memory from `from` on, as far as the bounds go, but at least one. `from` is in memory. */
  slice(from: LogIndex, maxBytes: number, maxEntries: number): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    for (let at = this.#head + from - this.#first; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      assert(entry !== undefined, 'a retained slot holds an entry', from, this.#first);
      bytes += entry.bytes.byteLength;
      if (taken.length > 0 && (bytes > maxBytes || taken.length >= maxEntries)) break;
      taken.push(entry);
    }
    return taken;
  }

  /** Drops the oldest entries above the cache's bound, none above `upTo`. */
  release(upTo: LogIndex): void {
    while (this.#bytes > this.#cacheBytes && this.#first <= upTo) {
      this.#bytes -= (this.#entries[this.#head]?.bytes.byteLength ?? 0) + this.#overheadBytes;
      this.#entries[this.#head] = undefined;
      this.#head += 1;
      this.#first = toIndex(this.#first + 1);
    }
    if (this.#head >= slackSlots && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Healing: entries up to `tail` were found on disk above the last one; `runs` holds their terms, from last + 1 on. */
  adopt(runs: readonly TermRun[], tail: Tail): void {
    for (const [at, run] of runs.entries()) {
      const end = runs[at + 1]?.first ?? tail.index + 1;
      assert(run.first === this.last + 1, 'adopted runs are contiguous', run.first, this.last);
      for (let index: number = run.first; index < end; index += 1) this.#runs.append(run.term);
    }
    assert(this.last === tail.index, 'adopted runs end at the tail', this.last, tail.index);
    assert(
      this.lastTerm === (tail.index === 0 ? noTerm : tail.term),
      "the tail has the last run's term",
      tail.term,
    );
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#first = toIndex(tail.index + 1);
    this.#checksum = tail.checksum;
  }
}
