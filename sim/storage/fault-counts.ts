/** Counts the faults that took effect, by kind, for the footer of a run. */
export class FaultCounts<K extends string> {
  readonly #counts = new Map<K, number>();

  add(kind: K): void {
    this.#counts.set(kind, this.of(kind) + 1);
  }

  of(kind: K): number {
    return this.#counts.get(kind) ?? 0;
  }

  all(): ReadonlyMap<K, number> {
    return this.#counts;
  }
}
