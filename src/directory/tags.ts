/**
 * The tags of the changes that succeeded, and with what: the newest `most` of them. A retry comes within its call's
 * deadline, so a bound far above what can be in flight loses nothing.
 */
export class RecentTags {
  readonly #most: number;
  readonly #partitions = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The partitions that were answered then; undefined for a tag that has not succeeded, and for no tag. */
  find(tag: string): number | undefined {
    return tag === '' ? undefined : this.#partitions.get(tag);
  }

  remember(tag: string, partitions: number): void {
    if (tag === '') return;
    this.#partitions.set(tag, partitions);
    if (this.#partitions.size <= this.#most) return;
    const oldest = this.#partitions.keys().next();
    if (oldest.done !== true) this.#partitions.delete(oldest.value);
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#partitions;
  }
}
