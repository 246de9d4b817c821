/**
 * The keys of the engine. Numbers are big-endian, so that bytes order as the numbers do.
 *
 * | key | value |
 * |-----|-------|
 * | `e` group life index | an entry: the sealed chunk itself |
 * | `o` group life base-offset | where records live: see `offset-index.ts`; only for some chunks with records |
 * | `t` sequence | the tail record of one batch, inside that batch: see `engine-tails.ts` |
 * | `i` | the id of the journal that this engine belongs to |
 *
 * `life` is the number of the replica's birth record.
 */
import type { GroupId } from '@callboard/client/protocol';

export const entryTag = 0x65;
export const offsetTag = 0x6f;
export const tailTag = 0x74;
export const identityKey: Uint8Array = Uint8Array.of(0x69);

const twoTo32 = 4294967296;
const logKeyBytes = 21;

/** Whose log a key belongs to. */
export interface LogKey {
  readonly group: GroupId;
  readonly life: number;
}

/** Byte by byte: a DataView for each key costs more than everything else about it, and each record takes two keys. */
function setU32(to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
}

function setU53(to: Uint8Array, at: number, value: number): void {
  setU32(to, at, Math.floor(value / twoTo32));
  setU32(to, at + 4, value % twoTo32);
}

function logKey(tag: number, log: LogKey, number: number): Uint8Array {
  const key = new Uint8Array(logKeyBytes);
  key[0] = tag;
  setU32(key, 1, log.group);
  setU53(key, 5, log.life);
  setU53(key, 13, number);
  return key;
}

export function entryKey(log: LogKey, index: number): Uint8Array {
  return logKey(entryTag, log, index);
}

export function offsetKey(log: LogKey, baseOffset: number): Uint8Array {
  return logKey(offsetTag, log, baseOffset);
}

/** Above every key of the same tag and log. */
export function lastKey(tag: number, log: LogKey): Uint8Array {
  const key = new Uint8Array(logKeyBytes + 1).fill(0xff);
  key.set(logKey(tag, log, 0).subarray(0, 13));
  return key;
}

/** From the first key of a tag and group to above the last one, whatever the life. */
export function groupRange(tag: number, group: GroupId): readonly [Uint8Array, Uint8Array] {
  const to = new Uint8Array(logKeyBytes + 1).fill(0xff);
  to.set(logKey(tag, { group, life: 0 }, 0).subarray(0, 5));
  return [logKey(tag, { group, life: 0 }, 0), to];
}

export function tailKey(sequence: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = tailTag;
  setU53(key, 1, sequence);
  return key;
}

/** Above every tail key. */
export const lastTailKey: Uint8Array = Uint8Array.of(tailTag + 1);

/** Below everything. */
export const firstOfAll: Uint8Array = new Uint8Array(0);

/** The number at the end of a key; undefined if the key is none of ours, as after a bit was flipped in it. */
export function numberOf(key: Uint8Array): number | undefined {
  if (key.byteLength !== logKeyBytes && key.byteLength !== 9) return undefined;
  const view = new DataView(key.buffer, key.byteOffset + key.byteLength - 8, 8);
  const high = view.getUint32(0);
  return high > 0x1fffff ? undefined : high * twoTo32 + view.getUint32(4);
}
