/**
 * The arithmetic of majorities, in one place. A configuration is joint from the start (thesis, section 4.3): while
 * `outgoing` is not empty, every decision needs a majority of both halves. Learners are in neither.
 */
import type { ReplicaId } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import type { Configuration } from './types.ts';

export type Tally = 'won' | 'lost' | 'open';

export class Quorum {
  readonly #halves: readonly (readonly ReplicaId[])[];
  /** Reused for each count: this runs for every ack. */
  readonly #scratch: number[] = [];

  constructor(configuration: Configuration) {
    assert(configuration.voters.length > 0, 'a configuration has a voter');
    const { voters, outgoing } = configuration;
    this.#halves = outgoing.length === 0 ? [voters] : [voters, outgoing];
    for (const half of this.#halves) {
      assert(new Set(half).size === half.length, 'a voter counts once', half.join(' '));
    }
  }

  isVoter(replica: ReplicaId): boolean {
    return this.#halves.some((half) => half.includes(replica));
  }

  /** Nobody else decides anything here. */
  isSole(replica: ReplicaId): boolean {
    return this.#halves.every((half) => half.length === 1 && half[0] === replica);
  }

  /** The highest value that a majority of each half has reached. */
  reached(valueOf: (replica: ReplicaId) => number): number {
    let lowest = Infinity;
    for (const half of this.#halves) lowest = Math.min(lowest, this.#median(half, valueOf));
    return lowest;
  }

  /** `votes`: true granted, false refused, absent not answered. Entries of non-voters are not looked at. */
  tally(votes: ReadonlyMap<ReplicaId, boolean>): Tally {
    let won = true;
    for (const half of this.#halves) {
      let granted = 0;
      let refused = 0;
      for (const voter of half) {
        const vote = votes.get(voter);
        if (vote === true) granted += 1;
        else if (vote === false) refused += 1;
      }
      const majority = (half.length >>> 1) + 1;
      if (half.length - refused < majority) return 'lost';
      won &&= granted >= majority;
    }
    return won ? 'won' : 'open';
  }

  /** The value at the place that a majority has reached: of n values in falling order, the one at n/2 rounded down. */
  #median(half: readonly ReplicaId[], valueOf: (replica: ReplicaId) => number): number {
    const sorted = this.#scratch;
    sorted.length = 0;
    for (const voter of half) {
      const value = valueOf(voter);
      let at = sorted.length;
      sorted.push(value);
      while (at > 0 && (sorted[at - 1] ?? 0) < value) {
        sorted[at] = sorted[at - 1] ?? 0;
        at -= 1;
      }
      sorted[at] = value;
    }
    return sorted[half.length >>> 1] ?? 0;
  }
}
