/**
 * What one node's silence or answers mean. An answer says that the node is alive and nothing more; so many rounds in a row
 * without one say that it is dead. Rounds are counted, not time: however late a round begins, it is one round.
 */
export class Pulse {
  readonly #most: number;
  #missed = 0;
  #asked: number | undefined;
  #alive: boolean | undefined;

  constructor(missedProbes: number) {
    this.#most = missedProbes;
  }

  /** Undefined until something is known. */
  get alive(): boolean | undefined {
    return this.#alive;
  }

  get missed(): number {
    return this.#missed;
  }

  /** A round begins; the one before is over. */
  ask(round: number): void {
    if (this.#asked !== undefined) {
      this.#missed += 1;
      if (this.#missed >= this.#most) this.#alive = false;
    }
    this.#asked = round;
  }

  /** Whether an answer to `round` says something of now: one from before the silence that would make a death does not. */
  takes(round: number, current: number): boolean {
    return round <= current && round > current - this.#most;
  }

  /** `round` is the one that was answered. */
  answer(round: number, current: number): void {
    if (!this.takes(round, current)) return;
    this.#missed = 0;
    this.#asked = undefined;
    this.#alive = true;
  }
}
