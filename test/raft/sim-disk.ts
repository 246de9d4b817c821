/**
 * One replica's disk as the core must think of it: batches land in order and whole; what is not yet written may be lost
 * in a crash; a journal keeps term, vote and owed tail apart from the entries, and only entries are ever damaged here.
 */
import type { LogIndex, Term } from '@callboard/client/protocol';
import type { Entry, HardState, LoadEffect, OwedTail, PersistEffect } from '../../src/raft/index.ts';
import type { RecoveredLog, Tail, TermRun, Verdict } from '../../src/raft/index.ts';

export const emptyTail: Tail = { index: 0 as LogIndex, term: 0 as Term, checksum: 0 };

export class SimDisk {
  hard: HardState = { term: 0 as Term, vote: undefined };
  readonly entries: Map<number, Entry> = new Map();
  /** For each of the newest batches, what stood before at the indexes that it changed. */
  readonly #undo: Map<number, Entry | undefined>[] = [];
  /** Issued, not yet written; in order. */
  readonly pending: PersistEffect[] = [];
  owed: OwedTail = { kind: 'known', tail: emptyTail };
  /** The journal says: damaged, owing `owed`. */
  damaged = false;
  writtenToken = 0;

  issue(effect: PersistEffect): void {
    this.pending.push(effect);
  }

  /** Writes the oldest pending batch. */
  writeNext(): PersistEffect | undefined {
    const effect = this.pending.shift();
    if (effect !== undefined) this.#apply(effect);
    return effect;
  }

  /**
   * A crash. `kept`: so many pending batches were on disk though nobody was told. `hardOnly`: of the one after them the
   * journal's part was written, and nothing else.
   */
  crash(kept = 0, hardOnly = false): void {
    for (let count = 0; count < kept; count += 1) this.writeNext();
    const next = this.pending[0];
    if (hardOnly && next?.hard !== undefined) this.hard = next.hard;
    this.pending.length = 0;
  }

  #apply(effect: PersistEffect): void {
    if (effect.hard !== undefined) {
      if (effect.hard.term < this.hard.term) throw new Error('R6: the term fell on disk');
      this.hard = effect.hard;
    }
    const before = new Map<number, Entry | undefined>();
    const { truncateFrom } = effect;
    for (const [index, entry] of truncateFrom === undefined ? [] : [...this.entries]) {
      if (index < (truncateFrom ?? Infinity)) continue;
      before.set(index, entry);
      this.entries.delete(index);
    }
    for (const entry of effect.entries) {
      if (!before.has(entry.index)) before.set(entry.index, this.entries.get(entry.index));
      this.entries.set(entry.index, entry);
    }
    if (before.size > 0) this.#undo.push(before);
    if (this.#undo.length > 20) this.#undo.shift();
    if (effect.healed) this.damaged = false;
    if (effect.tail !== undefined) this.owed = { kind: 'known', tail: effect.tail };
    this.writtenToken = effect.token;
  }

  /** What would change if the engine lost its newest `batches`: older states come back whole, and chain soundly. */
  rollback(batches: number): ReadonlyMap<number, Entry | undefined> {
    const changes = new Map<number, Entry | undefined>();
    for (const before of this.#undo.slice(-batches).toReversed()) {
      for (const [index, entry] of before) changes.set(index, entry);
    }
    return changes;
  }

  /** Damages the disk: these indexes now show something else, or nothing. */
  damage(changes: ReadonlyMap<number, Entry | undefined>): void {
    for (const [index, entry] of changes) {
      if (entry === undefined) this.entries.delete(index);
      else this.entries.set(index, entry);
    }
    this.#undo.length = 0;
    // It counts from now on, not only from when the store finds it.
    this.damaged = true;
  }

  /** What will be at `index` when everything pending is written. */
  view(index: number): Entry | undefined {
    for (const effect of this.pending.toReversed()) {
      const entry = effect.entries.find((candidate) => candidate.index === index);
      if (entry !== undefined) return entry;
      if (effect.truncateFrom !== undefined && effect.truncateFrom <= index) return undefined;
    }
    return this.entries.get(index);
  }

  /** Entries for a load: the run that is sound and chained, from the kept end; and the index that ended it, if none of the bounds did. */
  load(effect: LoadEffect): { readonly entries: readonly Entry[]; readonly bad: LogIndex | undefined } {
    const fromTop = effect.reason !== 'replicate';
    const found: Entry[] = [];
    let bytes = 0;
    const step = fromTop ? -1 : 1;
    let bad: LogIndex | undefined;
    for (let index: number = fromTop ? effect.to : effect.from; ; index += step) {
      if (index < effect.from || index > effect.to) break;
      const entry = this.entries.get(index);
      const last = found.at(-1);
      const [above, below] = fromTop ? [last, entry] : [entry, last];
      const chained = above === undefined || below === undefined || above.previous === below.checksum;
      if (entry === undefined || !chained) {
        bad = index as LogIndex;
        break;
      }
      bytes += entry.bytes.byteLength;
      if (found.length > 0 && (bytes > effect.maxBytes || found.length >= effect.maxEntries)) break;
      found.push(entry);
    }
    return { entries: fromTop ? found.toReversed() : found, bad };
  }

  /** Walks the log as the store does at open, and journals the verdict. */
  recover(): RecoveredLog {
    const runs: TermRun[] = [];
    let tail = emptyTail;
    for (let index = 1; ; index += 1) {
      const entry = this.entries.get(index);
      if (entry === undefined || entry.previous !== tail.checksum || entry.term < tail.term) break;
      if (entry.term !== tail.term) runs.push({ first: entry.index, term: entry.term });
      tail = { index: entry.index, term: entry.term, checksum: entry.checksum };
    }
    const verdict = this.#verdict(tail);
    if (verdict.kind === 'damaged') this.damaged = true;
    const highest = Math.max(0, ...this.entries.keys()) as LogIndex;
    return { hard: this.hard, verdict, runs, tail, highest };
  }

  #verdict(tail: Tail): Verdict {
    const { owed } = this;
    if (owed.kind === 'unknown') return { kind: 'damaged', owed, detail: 'owed tail unknown' };
    const { index, checksum } = owed.tail;
    const whole = index <= tail.index && (index === 0 || this.entries.get(index)?.checksum === checksum);
    if (this.damaged || !whole) {
      return { kind: 'damaged', owed, detail: `sound up to ${tail.index} of ${index}` };
    }
    return { kind: 'clean' };
  }
}
