/**
 * What of the log in memory is on this replica's disk. Persists are written in the order of their tokens, so a
 * completion says that this one and all before it are durable, but not that the log still looks as it did then.
 */
import type { LogIndex } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { toIndex } from './brand-arithmetic.ts';

interface PendingWrite {
  readonly token: number;
  /** Highest index for which this write's entry is still the log's entry. */
  last: LogIndex;
}

export class Durability {
  #issued = 0;
  #written = 0;
  #index: LogIndex;
  readonly #pending: PendingWrite[] = [];

  constructor(index: LogIndex) {
    this.#index = index;
  }

  /** Newest token issued. */
  get issued(): number {
    return this.#issued;
  }

  get written(): number {
    return this.#written;
  }

  get settled(): boolean {
    return this.#written === this.#issued;
  }

  /** Up to here the log in memory is durable. */
  get index(): LogIndex {
    return this.#index;
  }

  issue(): number {
    this.#issued += 1;
    return this.#issued;
  }

  /** The newest token carries entries up to `last`. */
  covers(last: LogIndex): void {
    this.#pending.push({ token: this.#issued, last });
  }

  /**
   * The log was cut: what older writes complete at or above `index` is no longer this log. Without it, the completion
   * of (i, t1) would vouch for (i, t2) that came after (B29, the ABA case).
   */
  cut(index: LogIndex): void {
    const kept = toIndex(index - 1);
    if (this.#index > kept) this.#index = kept;
    for (const write of this.#pending) if (write.last > kept) write.last = kept;
  }

  /** `token` and all before it are durable. */
  complete(token: number): void {
    assert(token <= this.#issued, 'only an issued token is written', token, this.#issued);
    assert(token >= this.#written, 'tokens are written in order', token, this.#written);
    this.#written = token;
    let done = 0;
    for (const write of this.#pending) {
      if (write.token > token) break;
      if (write.last > this.#index) this.#index = write.last;
      done += 1;
    }
    if (done > 0) this.#pending.splice(0, done);
  }

  /** Healing: the whole log up to `last` was found to be on disk. */
  adopt(last: LogIndex): void {
    this.#index = last;
  }
}
