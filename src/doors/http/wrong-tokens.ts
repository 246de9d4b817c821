/**
 * Makes guessing slow: the answer to a wrong token waits, longer with each further one of the same address, and only a few of an
 * address wait at a time; while they do, its tokens are not even looked at. A right token is never delayed.
 */
import type { Clock } from '../../kernel/index.ts';

const firstDelayMs = 100;
/** Below the deadline of a call. */
const mostDelayMs = 1_000;
/** Answers of one address that wait at a time. */
const mostWaiting = 16;
/** After so long without a wrong token an address is forgotten. */
const forgottenMs = 60_000;
/** Addresses that are remembered: those that were wrong last. */
const mostAddresses = 4_096;

interface Guesser {
  wrong: number;
  waiting: number;
  lastMs: number;
}

export class WrongTokens {
  readonly #clock: Clock;
  /** In the order of their last wrong token. */
  readonly #guessers = new Map<string, Guesser>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False: too many answers of this address wait already, and its token is not to be looked at. */
  mayTry(address: string): boolean {
    return (this.#guessers.get(address)?.waiting ?? 0) < mostWaiting;
  }

  /** A wrong token came from `address`: `answer` is called when it has waited long enough. */
  wait(address: string, answer: () => void): void {
    const guesser = this.#guesser(address);
    const delayMs = Math.min(mostDelayMs, firstDelayMs * 2 ** Math.min(guesser.wrong, 16));
    guesser.wrong += 1;
    guesser.waiting += 1;
    this.#clock.setTimer(delayMs, () => {
      guesser.waiting -= 1;
      answer();
    });
  }

  #guesser(address: string): Guesser {
    const now = this.#clock.now();
    const known = this.#guessers.get(address);
    const forgotten = known === undefined || (known.waiting === 0 && now - known.lastMs > forgottenMs);
    const guesser = forgotten ? { wrong: 0, waiting: 0, lastMs: now } : known;
    guesser.lastMs = now;
    this.#guessers.delete(address);
    this.#guessers.set(address, guesser);
    if (this.#guessers.size > mostAddresses) {
      // Those with answers that wait are bounded by the connections of the node.
      const idle = [...this.#guessers].find(([, { waiting }]) => waiting === 0);
      if (idle !== undefined) this.#guessers.delete(idle[0]);
    }
    return guesser;
  }
}
