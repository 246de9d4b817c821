/** One page of an iterator of abstract-level: what both engines answer to a scan. */
import type { EngineEntry, ScanRange } from './engine.ts';

type Item = readonly [Uint8Array, Uint8Array | undefined];

interface Items {
  nextv(size: number): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

const noBytes = new Uint8Array(0);

/** LevelDB hands out Buffers, each with memory of its own; but a Buffer's `slice` does not copy as a Uint8Array's does. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Closes the iterator. `pageEntries`: how many to ask it for at a time. */
export async function readPage(
  iterator: Items,
  { limit, maxBytes, values }: ScanRange,
  pageEntries: number,
): Promise<readonly EngineEntry[]> {
  const found: EngineEntry[] = [];
  let bytes = 0;
  try {
    while (found.length < limit && (found.length === 0 || bytes < maxBytes)) {
      const items = await iterator.nextv(Math.min(limit - found.length, pageEntries));
      if (items.length === 0) break;
      for (const [key, value] of items as readonly Item[]) {
        if (found.length > 0 && bytes >= maxBytes) break;
        bytes += key.byteLength + (value?.byteLength ?? 0);
        found.push({ key: plain(key), value: values && value !== undefined ? plain(value) : noBytes });
      }
    }
  } finally {
    await iterator.close();
  }
  return found;
}
