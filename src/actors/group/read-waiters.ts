/** Callbacks of ReadIndex: first for the core's answer, then, if wanted, until the machine has applied that index. */
import type { LogIndex } from '@callboard/client/protocol';

export class ReadWaiters {
  readonly #asked = new Map<number, (index: LogIndex | undefined) => void>();
  /** In order of registration, which is the order of rising indexes: ReadIndex never goes back. */
  #waiting: { readonly index: LogIndex; readonly callback: () => void }[] = [];
  #nextId = 1;

  register(callback: (index: LogIndex | undefined) => void): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#asked.set(id, callback);
    return id;
  }

  answer(id: number, index: LogIndex | undefined): void {
    const callback = this.#asked.get(id);
    this.#asked.delete(id);
    callback?.(index);
  }

  whenApplied(index: LogIndex, applied: LogIndex, callback: () => void): void {
    if (index <= applied) callback();
    else this.#waiting.push({ index, callback });
  }

  applied(applied: LogIndex): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((waiter) => waiter.index <= applied);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.index > applied);
    for (const waiter of due) waiter.callback();
  }
}
