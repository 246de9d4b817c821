/**
 * How far a replica can serve from its own disk: records that are applied (so committed) and durable here. A leader may
 * commit on its followers' disks before its own has finished.
 */
import { logIndex, offset, type LogIndex, type Offset } from '@callboard/client/protocol';

export class ReadableEnd {
  /** Applied but not durable, in order: entry index and the end of the log after it. */
  readonly #waiting: { readonly index: LogIndex; readonly end: Offset }[] = [];
  #durable: LogIndex = logIndex(0);
  #end: Offset = offset(0);
  #index: LogIndex = logIndex(0);
  #watchers: { readonly end: Offset; readonly then: (reached: boolean) => void }[] = [];

  /** One above the highest readable offset. */
  get end(): Offset {
    return this.#end;
  }

  /** The entry that holds the last readable record. */
  get index(): LogIndex {
    return this.#index;
  }

  applied(index: LogIndex, end: Offset): void {
    if (index <= this.#durable) this.#advance(index, end);
    else this.#waiting.push({ index, end });
  }

  durable(index: LogIndex): void {
    this.#durable = index;
    while ((this.#waiting[0]?.index ?? Infinity) <= index) {
      const next = this.#waiting.shift();
      if (next !== undefined) this.#advance(next.index, next.end);
    }
  }

  /** Runs `then` once everything below `end` is readable; with false, if the leadership ends before. */
  whenReaches(end: Offset, then: (reached: boolean) => void): void {
    if (this.#end >= end) then(true);
    else this.#watchers.push({ end, then });
  }

  /** The leadership ended. */
  abandon(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const { then } of watchers) then(false);
  }

  #advance(index: LogIndex, end: Offset): void {
    this.#index = index;
    this.#end = end;
    if (this.#watchers.length === 0) return;
    const due = this.#watchers.filter((watcher) => watcher.end <= end);
    this.#watchers = this.#watchers.filter((watcher) => watcher.end > end);
    for (const { then } of due) then(true);
  }
}
