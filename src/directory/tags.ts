import type { DirectoryResult } from './contract.ts';

/**
 * What became of the tagged changes, the newest `most` of each kind: a change is decided once, however often it is asked for, also where
 * it was refused; a try that comes late must not do what its asker was told is not done. A retry comes within its call's deadline, so a
 * bound far above what can be in flight loses nothing. Refusals cost their asker nothing, so they do not push out what was done.
 */
export class RecentTags {
  readonly #most: number;
  readonly #done = new Map<string, DirectoryResult>();
  readonly #refused = new Map<string, DirectoryResult>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined for a tag that has not been decided, and for no tag. */
  find(tag: string): DirectoryResult | undefined {
    return tag === '' ? undefined : (this.#done.get(tag) ?? this.#refused.get(tag));
  }

  remember(tag: string, result: DirectoryResult): void {
    if (tag === '') return;
    const results = result.ok ? this.#done : this.#refused;
    results.set(tag, result);
    if (results.size <= this.#most) return;
    const oldest = results.keys().next();
    if (oldest.done !== true) results.delete(oldest.value);
  }

  *entries(): Iterable<readonly [string, DirectoryResult]> {
    yield* this.#done;
    yield* this.#refused;
  }
}
