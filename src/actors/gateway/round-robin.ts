/**
 * The turns of S15: one cursor per topic (produce) and per consumer (consume), in the memory of this gateway, from
 * partition 0. The cursor moves past the partition that was used; a turn that found nothing leaves it where it was.
 *
 * Turns of one key may overlap: each further one begins one partition later, so that parallel calls spread.
 */
interface Cursor {
  position: number;
  /** Turns that have begun and not ended. */
  walking: number;
}

export class RoundRobin {
  readonly #cursors = new Map<string, Cursor>();
  readonly #most: number;

  /** Of more than `most` keys the longest unused is forgotten, and begins at 0 again. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The partition to try first. Each `begin` needs one `end`. */
  begin(key: string, partitions: number): number {
    const cursor = this.#touch(key);
    const start = (cursor.position + cursor.walking) % partitions;
    cursor.walking += 1;
    return start;
  }

  /** `used`: the partition that the cursor moves past. */
  end(key: string, used: number | undefined): void {
    const cursor = this.#cursors.get(key);
    if (cursor === undefined) return;
    cursor.walking = Math.max(0, cursor.walking - 1);
    if (used !== undefined) cursor.position = used + 1;
  }

  forget(key: string): void {
    this.#cursors.delete(key);
  }

  get size(): number {
    return this.#cursors.size;
  }

  #touch(key: string): Cursor {
    const known = this.#cursors.get(key);
    const cursor = known ?? { position: 0, walking: 0 };
    if (known !== undefined) this.#cursors.delete(key);
    this.#cursors.set(key, cursor);
    if (this.#cursors.size > this.#most) {
      const oldest = this.#cursors.keys().next();
      if (oldest.done !== true) this.#cursors.delete(oldest.value);
    }
    return cursor;
  }
}
