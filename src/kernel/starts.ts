/**
 * How often each actor id was started, so that no two incarnations of one id in a system ever share a number.
 *
 * Ids of ended actors are remembered up to a bound. When the oldest is forgotten, its count becomes a floor for ids
 * that are not remembered: their numbers may then begin above 1, but they still only rise.
 */
export class StartCounts {
  readonly #bound: number;
  readonly #ended = new Map<string, number>();
  #floor = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Takes the count of earlier starts out of memory; the caller keeps it while the actor lives. */
  recall(id: string): number {
    const count = this.#ended.get(id) ?? this.#floor;
    this.#ended.delete(id);
    return count;
  }

  remember(id: string, count: number): void {
    this.#ended.set(id, count);
    if (this.#ended.size <= this.#bound) return;
    const oldest = this.#ended.entries().next();
    if (oldest.done === true) return;
    const [forgotten, starts] = oldest.value;
    this.#ended.delete(forgotten);
    this.#floor = Math.max(this.#floor, starts);
  }
}
