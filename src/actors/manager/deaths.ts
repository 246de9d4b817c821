/**
 * The replicas of this node that are to die, and how far they are: waiting, or in the one request that the log writer has of them.
 *
 * Also what is left of those that died before: the journal knows of their end, but a crash may have left entries of theirs behind. These come
 * last, since nobody waits for them.
 */
import type { GroupId } from '@callboard/client/protocol';

export class Deaths {
  readonly #most: number;
  readonly #waiting = new Set<GroupId>();
  readonly #asked = new Set<GroupId>();
  readonly #remains = new Set<GroupId>();

  /** `most`: groups of one request. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Something can be asked for. */
  get hasWork(): boolean {
    return this.#asked.size === 0 && this.#waiting.size + this.#remains.size > 0;
  }

  has(group: GroupId): boolean {
    return this.#waiting.has(group) || this.#asked.has(group);
  }

  add(group: GroupId): void {
    if (!this.#asked.has(group)) this.#waiting.add(group);
  }

  addRemains(group: GroupId): void {
    this.#remains.add(group);
  }

  /** The groups of the next request; none while one is on its way, and none above `below`. */
  next(below: number): readonly GroupId[] {
    if (this.#asked.size > 0) return [];
    for (const group of this.#waiting) {
      if (this.#asked.size === this.#most) break;
      if (group < below) this.#asked.add(group);
    }
    if (this.#asked.size === 0) {
      for (const group of this.#remains) {
        if (this.#asked.size === this.#most) break;
        this.#asked.add(group);
      }
    }
    for (const group of this.#asked) {
      this.#waiting.delete(group);
      this.#remains.delete(group);
    }
    return [...this.#asked];
  }

  died(groups: readonly GroupId[]): void {
    for (const group of groups) {
      this.#waiting.delete(group);
      this.#asked.delete(group);
    }
  }
}
