/**
 * An ordered map from byte keys to entries, cheap enough for millions of simulated operations: pages of at most 256
 * sorted names. A name is the key as a Latin-1 string, whose order is the order of the bytes.
 *
 * Logs grow at their end, so a full page whose last name is exceeded is left full and a new one begun, instead of being
 * split in half.
 */
import type { EngineEntry, ScanRange } from './engine.ts';

const pageSize = 256;

interface Page {
  readonly names: string[];
  readonly entries: EngineEntry[];
}

interface Latin1 {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
}
// Buffer's method works on any byte array and saves making a Buffer for each key.
const latin1 = Buffer.prototype as unknown as Latin1;

export function nameOf(key: Uint8Array): string {
  return latin1.latin1Slice.call(key, 0, key.byteLength);
}

/** The first position in `names` whose name is not below `name`. */
function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class SortedBytes {
  readonly #pages: Page[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The last page that begins at or below `name`, else the first. */
  #pageOf(name: string): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pages[middle]?.names[0] as string) <= name) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  get(name: string): EngineEntry | undefined {
    const page = this.#pages[this.#pageOf(name)];
    if (page === undefined) return undefined;
    const at = lowerBound(page.names, name);
    return page.names[at] === name ? page.entries[at] : undefined;
  }

  /** Returns the entry that was there before. */
  set(name: string, entry: EngineEntry): EngineEntry | undefined {
    const pageAt = this.#pageOf(name);
    const page = this.#pages[pageAt];
    if (page === undefined) {
      this.#pages.push({ names: [name], entries: [entry] });
      this.#size = 1;
      return undefined;
    }
    const at = lowerBound(page.names, name);
    if (page.names[at] === name) {
      const before = page.entries[at];
      page.entries[at] = entry;
      return before;
    }
    this.#size += 1;
    if (page.names.length < pageSize) this.#insert(page, at, name, entry);
    else if (at === pageSize) this.#pages.splice(pageAt + 1, 0, { names: [name], entries: [entry] });
    else {
      const half = pageSize / 2;
      const upper: Page = { names: page.names.splice(half), entries: page.entries.splice(half) };
      this.#pages.splice(pageAt + 1, 0, upper);
      if (at <= half) this.#insert(page, at, name, entry);
      else this.#insert(upper, at - half, name, entry);
    }
    return undefined;
  }

  #insert(page: Page, at: number, name: string, entry: EngineEntry): void {
    if (at === page.names.length) {
      page.names.push(name);
      page.entries.push(entry);
    } else {
      page.names.splice(at, 0, name);
      page.entries.splice(at, 0, entry);
    }
  }

  /** Returns the entry that was there. */
  delete(name: string): EngineEntry | undefined {
    const pageAt = this.#pageOf(name);
    const page = this.#pages[pageAt];
    if (page === undefined) return undefined;
    const at = lowerBound(page.names, name);
    if (page.names[at] !== name) return undefined;
    const before = page.entries[at];
    page.names.splice(at, 1);
    page.entries.splice(at, 1);
    if (page.names.length === 0) this.#pages.splice(pageAt, 1);
    this.#size -= 1;
    return before;
  }

  scan(range: ScanRange): EngineEntry[] {
    const from = nameOf(range.from);
    const to = nameOf(range.to);
    const found: EngineEntry[] = [];
    if (this.#pages.length === 0 || from >= to) return found;
    const start = range.reverse ? to : from;
    let pageAt = this.#pageOf(start);
    let at = lowerBound(this.#pages[pageAt]?.names ?? [], start) - (range.reverse ? 1 : 0);
    let bytes = 0;
    while (found.length < range.limit && (found.length === 0 || bytes < range.maxBytes)) {
      const page = this.#pages[pageAt];
      if (page === undefined) break;
      const name = page.names[at];
      if (name === undefined) {
        pageAt += range.reverse ? -1 : 1;
        at = range.reverse ? (this.#pages[pageAt]?.names.length ?? 0) - 1 : 0;
        continue;
      }
      if (range.reverse ? name < from : name >= to) break;
      const entry = page.entries[at] as EngineEntry;
      bytes += entry.key.byteLength + (range.values ? entry.value.byteLength : 0);
      found.push(range.values ? entry : { key: entry.key, value: noBytes });
      at += range.reverse ? -1 : 1;
    }
    return found;
  }

  /** Every entry in order. */
  *[Symbol.iterator](): IterableIterator<EngineEntry> {
    for (const page of this.#pages) yield* page.entries;
  }

  /** The entry at a position in key order, for faults that pick one at random. */
  at(position: number): EngineEntry | undefined {
    let left = position;
    for (const page of this.#pages) {
      if (left < page.entries.length) return page.entries[left];
      left -= page.entries.length;
    }
    return undefined;
  }
}

const noBytes = new Uint8Array(0);
