/** What the simulated engine remembers of the recent past, so that faults can undo parts of it. */
import type { EngineEntry } from '../../src/storage/engine.ts';
import type { SortedBytes } from '../../src/storage/sorted-bytes.ts';
import { nameOf } from '../../src/storage/sorted-bytes.ts';

interface Change {
  readonly name: string;
  readonly before: EngineEntry | undefined;
  readonly after: EngineEntry | undefined;
}

const batchesKept = 64;
const replacedKept = 32;

export class EngineHistory {
  /** Oldest first. */
  readonly #batches: Change[][] = [];
  /** By first byte of the key, so that frequent keys do not crowd out the others. */
  readonly #replaced = new Map<number, EngineEntry[]>();

  get batches(): number {
    return this.#batches.length;
  }

  /** Values that were replaced or deleted lately. */
  get replaced(): readonly EngineEntry[] {
    return [...this.#replaced.values()].flat();
  }

  begin(): void {
    this.#batches.push([]);
    if (this.#batches.length > batchesKept) this.#batches.shift();
  }

  note(name: string, before: EngineEntry | undefined, after: EngineEntry | undefined): void {
    this.#batches.at(-1)?.push({ name, before, after });
    if (before === undefined) return;
    const tag = before.key[0] ?? 0;
    const ring = this.#replaced.get(tag) ?? [];
    ring.push(before);
    if (ring.length > replacedKept) ring.shift();
    this.#replaced.set(tag, ring);
  }

  undoNewest(map: SortedBytes, count: number): number {
    let undone = 0;
    for (; undone < count; undone += 1) {
      const batch = this.#batches.pop();
      if (batch === undefined) break;
      for (const change of batch.toReversed()) restore(map, change);
    }
    return undone;
  }

  /** Undoes the batch at this position, oldest first, except where a later one wrote the same key. */
  undoOne(map: SortedBytes, position: number): boolean {
    const [batch] = this.#batches.splice(position, 1);
    if (batch === undefined) return false;
    for (const change of batch.toReversed()) {
      if (map.get(change.name) === change.after) restore(map, change);
    }
    return true;
  }
}

function restore(map: SortedBytes, { name, before }: Change): void {
  if (before === undefined) map.delete(name);
  else map.set(nameOf(before.key), before);
}
