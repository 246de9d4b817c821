/**
 * ReadIndex (thesis, section 6.4), batched. A read waits until a heartbeat round is built after it came; it gets the
 * commit index of that moment, and is answered when a majority has answered that round or a later one.
 *
 * Rounds are numbered, and a number is never used twice in a term. So an answer to an old heartbeat, however late or
 * often it comes, confirms no read that came after that heartbeat was built (B36).
 */
import type { LogIndex } from '@callboard/client/protocol';

interface Round {
  readonly context: number;
  readonly index: LogIndex;
  readonly ids: readonly number[];
}

export class ReadRounds {
  readonly #rounds: Round[] = [];
  #waiting: number[] = [];
  #count = 0;
  #context = 0;

  /** Number of the newest round built. */
  get context(): number {
    return this.#context;
  }

  get count(): number {
    return this.#count;
  }

  get idle(): boolean {
    return this.#rounds.length === 0;
  }

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(id: number): void {
    this.#waiting.push(id);
    this.#count += 1;
  }

  /** Begins a round. `index`: the commit index, or undefined while reads must still wait for an own-term commit. */
  begin(index: LogIndex | undefined): number {
    this.#context += 1;
    if (index !== undefined && this.#waiting.length > 0) {
      this.#rounds.push({ context: this.#context, index, ids: this.#waiting });
      this.#waiting = [];
    }
    return this.#context;
  }

  /** A majority has answered round `context` or a later one. */
  confirm(context: number, answer: (id: number, index: LogIndex) => void): void {
    let done = 0;
    for (const round of this.#rounds) {
      if (round.context > context) break;
      for (const id of round.ids) answer(id, round.index);
      this.#count -= round.ids.length;
      done += 1;
    }
    if (done > 0) this.#rounds.splice(0, done);
  }

  /** Leadership is over: every read that is not answered yet. */
  abandon(answer: (id: number) => void): void {
    for (const round of this.#rounds) for (const id of round.ids) answer(id);
    for (const id of this.#waiting) answer(id);
    this.#rounds.length = 0;
    this.#waiting = [];
    this.#count = 0;
  }
}
