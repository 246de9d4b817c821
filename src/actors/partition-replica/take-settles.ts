/**
 * Words about takes on their way into the log: hand-overs to be noted and takes to be given again, from gateways and from the leader's own
 * questions. What comes in while a command is on its way to a quorum becomes the next command: one round carries the words of all
 * consumers, however many there are.
 */
import type { Settlement } from '../../partition/index.ts';
import { failure, type CallError, type LogIndex } from '@callboard/client/protocol';
import { refusalError } from './errors.ts';

export interface SettleHost {
  readonly mostTakes: number;
  propose(settlements: readonly Settlement[]): { readonly index: LogIndex } | { readonly error: CallError };
}

export type Settled = (error: CallError | undefined) => void;

interface Word {
  readonly settlements: readonly Settlement[];
  readonly then: Settled;
}

function takesOf({ settlements }: Word): number {
  return settlements.reduce((sum, { noted, returned }) => sum + noted.length + returned.length, 0);
}

export class TakeSettles {
  readonly #host: SettleHost;
  #waiting: Word[] = [];
  #proposing = false;
  #round: { readonly index: LogIndex; readonly words: readonly Word[] } | undefined;

  constructor(host: SettleHost) {
    this.#host = host;
  }

  /** `then` is called once: the words are applied, or why they may not be. */
  add(settlements: readonly Settlement[], then: Settled): void {
    this.#waiting.push({ settlements, then });
    this.#propose();
  }

  /** The command at `index` was applied. */
  applied(index: LogIndex): void {
    const round = this.#round;
    if (round?.index !== index) return;
    this.#round = undefined;
    for (const { then } of round.words) then(undefined);
    this.#propose();
  }

  /** The leadership ended. */
  abandon(): void {
    const [sent, waiting] = [this.#round?.words ?? [], this.#waiting];
    this.#round = undefined;
    this.#waiting = [];
    const message = 'leadership was lost while the word was being committed; say it again';
    for (const { then } of sent) then(failure('not_leader', { message, outcome: 'unknown' }));
    for (const { then } of waiting) then(refusalError('not-leader'));
  }

  #propose(): void {
    if (this.#proposing || this.#round !== undefined || this.#waiting.length === 0) return;
    let takes = 0;
    const words: Word[] = [];
    for (const word of this.#waiting) {
      takes += takesOf(word);
      if (words.length > 0 && takes > this.#host.mostTakes) break;
      words.push(word);
    }
    this.#waiting = this.#waiting.slice(words.length);
    // Making room for it may apply what was proposed before, and bring further words.
    this.#proposing = true;
    const proposed = this.#host.propose(words.flatMap(({ settlements }) => settlements));
    this.#proposing = false;
    if ('index' in proposed) {
      this.#round = { index: proposed.index, words };
      return;
    }
    const refused = [...words, ...this.#waiting];
    this.#waiting = [];
    for (const { then } of refused) then(proposed.error);
  }
}
