/**
 * Lets dear work be done one piece per turn of the event loop: several large bodies that come together would else keep everybody waiting
 * for all of them. After each piece there is a pause of its length: what others ask for goes through several turns, and finds half of the
 * time free. Addresses take turns too, so that one with much of it does not hold up another's.
 */
import type { Clock } from '../../kernel/index.ts';

interface Piece {
  readonly line: object;
  act(): void;
}

export class Turns {
  readonly #clock: Clock;
  /** Whose turn is next comes first. */
  readonly #waiting = new Map<string, Piece[]>();
  /** How many pieces of each line wait. */
  readonly #lines = new Map<object, number>();
  /** The end of the pause after the last piece. */
  #freeMs = 0;
  #armed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is not dear is done at once, unless something of the same `line` waits: that has an order. */
  take(
    work: { readonly owner: string; readonly line: object; readonly dear: boolean },
    act: () => void,
  ): void {
    const { owner, line, dear } = work;
    const before = this.#lines.get(line) ?? 0;
    if (!dear && before === 0) {
      act();
      return;
    }
    const pieces = this.#waiting.get(owner) ?? [];
    pieces.push({ line, act });
    this.#waiting.set(owner, pieces);
    this.#lines.set(line, before + 1);
    this.#arm();
  }

  #next(): void {
    const [next] = this.#waiting;
    const piece = next?.[1].shift();
    if (next === undefined || piece === undefined) throw new Error('a turn came, and nothing waits for it');
    const [owner, pieces] = next;
    this.#waiting.delete(owner);
    if (pieces.length > 0) this.#waiting.set(owner, pieces);
    const left = (this.#lines.get(piece.line) ?? 0) - 1;
    if (left > 0) this.#lines.set(piece.line, left);
    else this.#lines.delete(piece.line);
    const beganMs = this.#clock.now();
    try {
      piece.act();
    } finally {
      const nowMs = this.#clock.now();
      this.#freeMs = 2 * nowMs - beganMs;
      this.#armed = false;
      this.#arm();
    }
  }

  #arm(): void {
    if (this.#armed || this.#waiting.size === 0) return;
    this.#armed = true;
    const pauseMs = this.#freeMs - this.#clock.now();
    if (pauseMs <= 0) this.#clock.defer(() => this.#next());
    else this.#clock.setTimer(pauseMs, () => this.#next());
  }
}
