/**
 * How many entries the next batch may carry: doubles while requests are left behind, halves while batches are far from
 * full. Under load one fsync then carries much; when idle a lone request never waits behind a large write.
 */
export class BatchLimit {
  readonly #min: number;
  readonly #max: number;
  #current: number;

  constructor(max: number, min = 16) {
    this.#min = Math.min(min, max);
    this.#max = max;
    this.#current = this.#min;
  }

  get entries(): number {
    return this.#current;
  }

  /** Tells how the last batch went: how many entries it took, and whether requests were left behind. */
  observe(taken: number, leftBehind: boolean): void {
    if (leftBehind) this.#current = Math.min(this.#max, this.#current * 2);
    else if (taken * 2 < this.#current) this.#current = Math.max(this.#min, this.#current >> 1);
  }
}
