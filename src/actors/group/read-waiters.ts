/** Callbacks of ReadIndex: first for the core's answer, then, if wanted, until the machine has applied that index. */
import type { LogIndex } from '@callboard/client/protocol';

export class ReadWaiters {
  readonly #asked = new Map<number, (index: LogIndex | undefined) => void>();
  /** In order of registration, which is the order of rising indexes: ReadIndex never goes back. */
  #waiting: { readonly index: LogIndex; readonly callback: (applied: boolean) => void }[] = [];
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

  /** With false, if this replica gives up waiting. */
  whenApplied(index: LogIndex, applied: LogIndex, callback: (applied: boolean) => void): void {
    if (index <= applied) callback(true);
    else this.#waiting.push({ index, callback });
  }

  applied(applied: LogIndex): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((waiter) => waiter.index <= applied);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.index > applied);
    for (const waiter of due) waiter.callback(true);
  }

  /** The leadership ended: when what was confirmed will be applied here, nobody knows. */
  deposed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { callback } of waiting) callback(false);
  }

  /** This replica ends: nobody answers any more. */
  abandon(): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const callback of asked) callback(undefined);
    this.deposed();
  }
}
