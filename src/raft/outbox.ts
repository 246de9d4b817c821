/**
 * Messages that promise something about this replica's disk, held until it is true (thesis, section 10.2.1).
 *
 * Each is tied to the newest persist token at that moment, even when it has itself nothing to write: what it vouches
 * for may be in a write that is still under way. A message put there in an older term is dropped when its token comes:
 * its promise was about a log that may be gone.
 */
import type { Term } from '@callboard/client/protocol';
import type { RaftMessage } from './messages.ts';

interface Held {
  readonly token: number;
  readonly term: Term;
  readonly message: RaftMessage;
}

export class Outbox {
  readonly #held: Held[] = [];

  hold(token: number, term: Term, message: RaftMessage): void {
    this.#held.push({ token, term, message });
  }

  /** Takes out what `written` releases, in order, and gives back the part that belongs to `term`. */
  release(written: number, term: Term): readonly RaftMessage[] {
    let count = 0;
    for (const held of this.#held) {
      if (held.token > written) break;
      count += 1;
    }
    if (count === 0) return nothing;
    const due = this.#held.splice(0, count).filter((held) => held.term === term);
    return due.map((held) => held.message);
  }
}

const nothing: readonly RaftMessage[] = [];
