/**
 * The terms of the whole log, run-length encoded: a log of millions of entries has a few hundred leaders. So any
 * `prevTerm` and any rejection hint is found without I/O.
 */
import type { LogIndex, Term } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { noIndex, noTerm, toIndex } from './brand-arithmetic.ts';
import type { TermRun } from './types.ts';

export class TermRuns {
  readonly #firsts: LogIndex[] = [];
  readonly #terms: Term[] = [];
  #last: LogIndex;

  constructor(runs: readonly TermRun[], last: LogIndex) {
    for (const run of runs) {
      const previous = this.#firsts.at(-1);
      assert(
        previous === undefined ? run.first === 1 : run.first > previous,
        'term runs rise from index 1',
        run.first,
      );
      assert(run.term > (this.#terms.at(-1) ?? 0), 'terms rise from run to run', run.term);
      this.#firsts.push(run.first);
      this.#terms.push(run.term);
    }
    assert((this.#firsts.at(-1) ?? 0) <= last, 'the last run has an entry', last);
    assert(last === 0 || runs.length > 0, 'a log that is not empty has a run', last);
    this.#last = last;
  }

  get last(): LogIndex {
    return this.#last;
  }

  get lastTerm(): Term {
    return this.#terms.at(-1) ?? noTerm;
  }

  /** 0 at index 0; undefined above the last index. */
  termAt(index: LogIndex): Term | undefined {
    if (index > this.#last) return undefined;
    if (index === 0) return noTerm;
    return this.#terms[this.#runOf(index)];
  }

  /** The highest index at or below `index` whose term is at most `term`; 0 if there is none. */
  highestUpTo(index: LogIndex, term: Term): LogIndex {
    if (index === 0) return noIndex;
    const run = this.#runOf(index);
    if (this.#term(run) <= term) return index;
    let low = -1;
    let high = run;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#term(middle) <= term) low = middle;
      else high = middle;
    }
    return toIndex((this.#firsts[high] ?? 1) - 1);
  }

  append(term: Term): void {
    assert(term >= this.lastTerm, 'terms never fall along a log', term, this.lastTerm);
    this.#last = toIndex(this.#last + 1);
    if (term === this.lastTerm) return;
    this.#firsts.push(this.#last);
    this.#terms.push(term);
  }

  truncateFrom(index: LogIndex): void {
    while ((this.#firsts.at(-1) ?? 0) >= index) {
      this.#firsts.pop();
      this.#terms.pop();
    }
    this.#last = toIndex(index - 1);
  }

  /** Position of the run that holds `index`, which lies in 1 to last. Most questions are about the newest run. */
  #runOf(index: LogIndex): number {
    let high = this.#firsts.length - 1;
    if ((this.#firsts[high] ?? 0) <= index) return high;
    let low = 0;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    return low;
  }

  #term(run: number): Term {
    return this.#terms[run] ?? noTerm;
  }
}
