/**
 * Due times by the thousand on one timer: items lie in buckets of one step each, and a sweep takes out the buckets that
 * have come due. An item fires at most one step late and never early.
 */
export class Wheel<T> {
  readonly #stepMs: number;
  readonly #buckets = new Map<number, Set<T>>();
  /** The newest bucket that was swept. */
  #swept = -1;
  #size = 0;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Says which bucket the item went into; `delete` needs it. */
  add(item: T, dueMs: number): number {
    const number = Math.max(Math.ceil(dueMs / this.#stepMs), this.#swept + 1);
    const bucket = this.#buckets.get(number);
    if (bucket === undefined) this.#buckets.set(number, new Set([item]));
    else bucket.add(item);
    this.#size += 1;
    return number;
  }

  delete(item: T, number: number): void {
    const bucket = this.#buckets.get(number);
    if (bucket === undefined || !bucket.delete(item)) return;
    this.#size -= 1;
    if (bucket.size === 0) this.#buckets.delete(number);
  }

  /** Takes out everything that is due, the earliest bucket first, each in the order of adding. */
  sweep(nowMs: number): T[] {
    const upTo = Math.floor(nowMs / this.#stepMs);
    const due: T[] = [];
    // After a long rest there are far more steps than buckets.
    if (upTo - this.#swept > 2 * this.#buckets.size) {
      for (const number of [...this.#buckets.keys()].toSorted((a, b) => a - b)) {
        if (number <= upTo) this.#take(number, due);
      }
    } else {
      for (let number = this.#swept + 1; number <= upTo; number += 1) this.#take(number, due);
    }
    this.#swept = Math.max(this.#swept, upTo);
    return due;
  }

  #take(number: number, due: T[]): void {
    const bucket = this.#buckets.get(number);
    if (bucket === undefined) return;
    this.#buckets.delete(number);
    this.#size -= bucket.size;
    for (const item of bucket) due.push(item);
  }
}
