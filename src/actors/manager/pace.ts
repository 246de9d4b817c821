/** Something that is repeated until it has succeeded: at once, then after pauses that double up to a bound. */
export class Pace {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #pauseMs: number;
  #nextMs = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#pauseMs = firstMs;
  }

  /** Whether it is time; if so, the next time comes after the next pause. */
  due(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#maxMs);
    return true;
  }

  /** It is time now, and the pauses begin anew. */
  reset(): void {
    this.#nextMs = 0;
    this.#pauseMs = this.#firstMs;
  }
}
