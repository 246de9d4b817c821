/** What one step wants written. All of it leaves as one persist, so that no crash can take it apart (B23). */
import type { LogIndex } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { lower, toIndex } from './brand-arithmetic.ts';
import type { PersistEffect } from './core-contract.ts';
import type { Entry, HardState, Tail } from './types.ts';

const none: readonly Entry[] = [];

export class Staging {
  #hard = false;
  #truncateFrom: LogIndex | undefined;
  #entries: readonly Entry[] = none;
  #ofLog = false;
  #healedTo: Tail | undefined;
  /** Keys above the recovered log may be left over from an older one; the first entries written remove them. */
  #stray: boolean;

  constructor(stray: boolean) {
    this.#stray = stray;
  }

  get empty(): boolean {
    return !this.#hard && !this.#ofLog && this.#entries.length === 0 && this.#healedTo === undefined;
  }

  /** The log's end changes with this persist. */
  get changesLog(): boolean {
    return this.#ofLog;
  }

  hard(): void {
    this.#hard = true;
  }

  truncate(from: LogIndex): void {
    this.#truncateFrom = this.#truncateFrom === undefined ? from : lower(from, this.#truncateFrom);
    this.#ofLog = true;
  }

  /** Entries that were appended to the log. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (this.#stray) this.#truncateFrom ??= first.index;
    this.#stray = false;
    this.#join(entries);
    this.#ofLog = true;
  }

  /** Entries of a damaged replica that lie above the log's sound prefix. */
  repair(entries: readonly Entry[]): void {
    this.#join(entries);
  }

  heal(tail: Tail, strayAbove: boolean): void {
    this.#healedTo = tail;
    if (strayAbove) this.#truncateFrom = toIndex(tail.index + 1);
  }

  /** `tail` is the log's; a damaged replica owes what it owed before, whatever it repairs. */
  take(token: number, hard: HardState, tail: Tail, damaged: boolean): PersistEffect {
    const effect: PersistEffect = {
      token,
      truncateFrom: this.#truncateFrom,
      entries: this.#entries,
      hard: this.#hard ? hard : undefined,
      tail: this.#healedTo ?? (this.#ofLog && !damaged ? tail : undefined),
      healed: this.#healedTo !== undefined,
    };
    this.#hard = false;
    this.#truncateFrom = undefined;
    this.#entries = none;
    this.#ofLog = false;
    this.#healedTo = undefined;
    return effect;
  }

  #join(entries: readonly Entry[]): void {
    const last = this.#entries.at(-1);
    const contiguous = last === undefined || entries[0]?.index === last.index + 1;
    assert(contiguous, 'entries of one persist are contiguous', last?.index, entries[0]?.index);
    this.#entries = last === undefined ? entries : [...this.#entries, ...entries];
  }
}
