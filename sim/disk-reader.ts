/** Reads a node's simulated disk from outside, past the program that owns it. */
import { crc32 } from 'node:zlib';
import { groupId, readEntryHeader, type GroupId } from '@callboard/client/protocol';
import { entryKey, entryTag, firstOfAll, lastKey } from '../src/storage/keys.ts';
import type { LogKey } from '../src/storage/keys.ts';
import { checkEntry } from '../src/storage/stored-entry.ts';
import type { Entry } from '../src/raft/index.ts';
import type { StoredEntry } from './checkers/promises.ts';
import type { SimStorage } from './storage/sim-storage.ts';

const twoTo53 = Number.MAX_SAFE_INTEGER;

export class DiskReader {
  readonly #storage: SimStorage;
  readonly #lives = new Map<number, number>();

  constructor(storage: SimStorage) {
    this.#storage = storage;
  }

  /** What lies there, sound or not by its body; undefined without a sound header. */
  entry(group: number, index: number): StoredEntry | undefined {
    const key = this.#logKey(group);
    const value = key === undefined ? undefined : this.#storage.peek(entryKey(key, index));
    const header = value === undefined ? undefined : readEntryHeader(value);
    return value !== undefined && header?.checksum === crc32(value.subarray(0, 92)) ? header : undefined;
  }

  /** The entry if it is sound. */
  sound(group: number, index: number): Entry | undefined {
    const key = this.#logKey(group);
    const value = key === undefined ? undefined : this.#storage.peek(entryKey(key, index));
    if (key === undefined || value === undefined) return undefined;
    const entry = checkEntry(value, key.group, index, crc32);
    return typeof entry === 'string' ? undefined : entry;
  }

  /** Index of the last entry such that all from 1 to it are sound and chained. */
  soundUpTo(group: number): number {
    let previous = 0;
    for (let index = 1; ; index += 1) {
      const entry = this.sound(group, index);
      if (entry?.previous !== previous) return index - 1;
      previous = entry.checksum;
    }
  }

  /** Anything of this group, of whatever life. */
  holds(group: number): boolean {
    return this.#findLife(groupId(group)) !== undefined;
  }

  entryKeyOf(group: number, index: number): Uint8Array | undefined {
    const key = this.#logKey(group);
    return key === undefined ? undefined : entryKey(key, index);
  }

  /** A node bears a replica of a group once; the number of that birth is part of the keys. */
  #logKey(group: number): LogKey | undefined {
    const id = groupId(group);
    const known = this.#lives.get(group);
    if (known !== undefined) return { group: id, life: known };
    const life = this.#findLife(id);
    if (life === undefined) return undefined;
    this.#lives.set(group, life);
    return { group: id, life };
  }

  #findLife(group: GroupId): number | undefined {
    const range = {
      from: entryKey({ group, life: 0 }, 0),
      to: lastKey(entryTag, { group, life: twoTo53 }),
      reverse: false,
      limit: 1,
      maxBytes: Infinity,
      values: false,
    };
    const key = this.#storage.peekRange(range)[0]?.key ?? firstOfAll;
    if (key.byteLength !== 21) return undefined;
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    return view.getUint32(5) * 4_294_967_296 + view.getUint32(9);
  }
}
