/**
 * A first-in-first-out ring of unbounded capacity; all operations are O(1), amortised over its doublings.
 *
 * - A new ring owns no slots, so an idle actor costs nothing for its lanes.
 * - A taken slot is cleared at once: the ring never keeps a message alive.
 * - A ring that grew large in a burst gives its memory back when it runs empty.
 */
const FIRST_CAPACITY = 8;
const KEPT_CAPACITY = 1024;

export class Ring<T> {
  #slots: (T | undefined)[] = [];
  /** Capacity - 1; the capacity is a power of two. -1 while there are no slots. */
  #mask = -1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#length) & this.#mask] = item;
    this.#length += 1;
  }

  /** The oldest item, or undefined if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const head = this.#head;
    const item = this.#slots[head];
    this.#slots[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.#length -= 1;
    if (this.#length === 0 && this.#mask >= KEPT_CAPACITY) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const capacity = this.#mask < 0 ? FIRST_CAPACITY : (this.#mask + 1) * 2;
    const slots: (T | undefined)[] = [];
    for (let i = 0; i < this.#length; i += 1) slots.push(this.#slots[(this.#head + i) & this.#mask]);
    // Filled to the end, so that the array stays packed and writes by index stay fast.
    while (slots.length < capacity) slots.push(undefined);
    this.#slots = slots;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}
