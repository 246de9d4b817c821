/**
 * Reads of this replica's own log that are under way, and what their answers prove about its copy.
 *
 * An entry that was durable when it was asked for, and has not been cut off since, must be there and be the log's. Above that a write
 * may be under way, and the disk may show what was there before it; so what is found there proves nothing.
 */
import type { LogIndex, Term } from '@callboard/client/protocol';
import { lower, noIndex, toIndex } from './brand-arithmetic.ts';
import type { LoadEffect } from './core-contract.ts';
import type { Entry } from './types.ts';

interface OpenLoad {
  readonly effect: LoadEffect;
  /** Up to here the copy has to be sound. */
  owed: LogIndex;
}

export class OpenLoads {
  readonly #open: Map<number, OpenLoad> = new Map();

  /** `durable`: up to there everything asked for has to be sound; 0 for a replica that knows that it is damaged. */
  add(effect: LoadEffect, durable: LogIndex): void {
    this.#open.set(effect.id, { effect, owed: durable });
  }

  /** The log was cut at `from`: other entries may be on their way to the disk from there on. */
  cut(from: LogIndex): void {
    for (const load of this.#open.values()) load.owed = lower(load.owed, toIndex(from - 1));
  }

  /** The answer to load `id` came. The index at which this copy is bad; undefined: it proves no damage. */
  answered(
    id: number,
    entries: readonly Entry[],
    bad: LogIndex | undefined,
    termAt: (index: LogIndex) => Term | undefined,
  ): LogIndex | undefined {
    const load = this.#open.get(id);
    this.#open.delete(id);
    const owed = load?.owed ?? noIndex;
    // An older value is as intact as the right one, and breaks the chain beside it as often as not: the term tells which it is.
    const stale = entries.find(({ index, term }) => index <= owed && termAt(index) !== term);
    if (stale !== undefined) return stale.index;
    if (load === undefined || bad === undefined) return undefined;
    // Read downwards, an entry is judged by the one above it.
    const judge = load.effect.reason === 'replicate' ? bad : lower(toIndex(bad + 1), load.effect.to);
    return judge <= owed ? bad : undefined;
  }
}
