/**
 * Whether LevelDB can go through a block of a table without coming to harm. LevelDB (1.20) checks no checksum here and trusts what it
 * reads: a key without its trailer, or keys out of order, end the whole process in an assertion. So each length, each restart point
 * and the order of the keys are looked at; values are not, since the entries in them carry checksums of their own.
 */

export interface KeyRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** Internal keys end with eight bytes: sequence and type, the newest first; others are plain bytes. */
export type KeyKind = 'internal' | 'plain';

/** What is wrong; else the keys that the block begins and ends with (undefined: it is empty). */
export type BlockFound = { readonly fault: string } | { readonly keys: KeyRange | undefined };

const trailerBytes = 8;
const mostEntryHeaderBytes = 15;

/** A number in groups of seven bits, the lowest first; `next` is -1 if it is none. Up to 2^53. */
export function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } {
  let value = 0;
  let scale = 1;
  for (let next = at; next < end && next < at + 8; next += 1) {
    const byte = bytes[next] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: next + 1 };
    scale *= 128;
  }
  return { value: 0, next: -1 };
}

function u32(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [
    number,
    number,
    number,
    number,
  ];
  return a + b * 0x100 + c * 0x10000 + d * 0x1000000;
}

/** The order of LevelDB: below 0 if `a` comes first. Internal keys have their trailer. */
export function compareKeys(a: Uint8Array, b: Uint8Array, kind: KeyKind): number {
  const cut = kind === 'internal' ? trailerBytes : 0;
  const [aLength, bLength] = [a.length - cut, b.length - cut];
  const common = Math.min(aLength, bLength);
  for (let at = 0; at < common; at += 1) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  if (aLength !== bLength || cut === 0) return aLength - bLength;
  // The greater sequence comes first; its highest byte is the last.
  for (let at = trailerBytes - 1; at >= 0; at -= 1) {
    const difference = (b[aLength + at] as number) - (a[aLength + at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function keyFault(key: Uint8Array, kind: KeyKind): string | undefined {
  if (kind === 'plain') return undefined;
  if (key.length < trailerBytes) return `a key has ${String(key.length)} bytes`;
  const type = key[key.length - trailerBytes] as number;
  return type > 1 ? `a key has the type ${String(type)}` : undefined;
}

export type ShowEntry = (key: Uint8Array, value: Uint8Array) => void;

/** Goes through one block, which must be the whole of `bytes`. `entry` is shown each key and value; the key is a view that changes. */
export class BlockWalk {
  readonly #bytes: Uint8Array;
  readonly #kind: KeyKind;
  readonly #entry: ShowEntry | undefined;
  readonly #restarts: number;
  readonly #points: number;
  #point = 0;
  #key: Uint8Array = new Uint8Array(64);
  #previous: Uint8Array = new Uint8Array(64);
  #keyLength = 0;

  constructor(bytes: Uint8Array, kind: KeyKind, entry?: ShowEntry) {
    this.#bytes = bytes;
    this.#kind = kind;
    this.#entry = entry;
    this.#points = bytes.length < 8 ? 0 : u32(bytes, bytes.length - 4);
    this.#restarts = bytes.length - 4 * (1 + this.#points);
  }

  run(): BlockFound {
    const end = this.#restarts;
    if (this.#points < 1 || end < 0) return { fault: `it has ${String(this.#points)} restart points` };
    let first: Uint8Array | undefined;
    for (let at = 0; at < end;) {
      const next = this.#next(at, end);
      if (typeof next === 'string') return { fault: `${next}, at ${String(at)}` };
      first ??= this.#key.slice(0, this.#keyLength);
      at = next;
    }
    // An empty block has one point, at its end.
    if (first === undefined) this.#passPoint(0);
    if (this.#point !== this.#points) return { fault: 'a restart point is in the middle of an entry' };
    if (first === undefined) return { keys: undefined };
    return { keys: { first, last: this.#key.slice(0, this.#keyLength) } };
  }

  #passPoint(at: number): boolean {
    if (this.#point >= this.#points || u32(this.#bytes, this.#restarts + 4 * this.#point) !== at) {
      return false;
    }
    this.#point += 1;
    return true;
  }

  /** Where the next entry begins, or what is wrong with this one. */
  #next(at: number, end: number): number | string {
    const bytes = this.#bytes;
    const limit = Math.min(end, at + mostEntryHeaderBytes);
    const shared = readVarint(bytes, at, limit);
    const own = shared.next < 0 ? shared : readVarint(bytes, shared.next, limit);
    const length = own.next < 0 ? own : readVarint(bytes, own.next, limit);
    if (length.next < 0) return 'a length is none';
    const keyAt = length.next;
    const valueAt = keyAt + own.value;
    const next = valueAt + length.value;
    if (next > end) return 'an entry is longer than its block';
    const isPoint = this.#passPoint(at);
    if (at === 0 && !isPoint) return 'the first entry is no restart point';
    if (isPoint ? shared.value !== 0 : shared.value > this.#keyLength) {
      return 'a key begins with too much of the one before';
    }
    const fault = this.#takeKey(shared.value, bytes.subarray(keyAt, valueAt), at === 0);
    if (fault !== undefined) return fault;
    this.#entry?.(this.#key.subarray(0, this.#keyLength), bytes.subarray(valueAt, next));
    return next;
  }

  #takeKey(shared: number, own: Uint8Array, first: boolean): string | undefined {
    const before = this.#key;
    const beforeLength = this.#keyLength;
    const length = shared + own.length;
    if (this.#previous.length < length) this.#previous = new Uint8Array(2 * length);
    const key = this.#previous;
    key.set(before.subarray(0, shared));
    key.set(own, shared);
    this.#previous = before;
    this.#key = key;
    this.#keyLength = length;
    const present = key.subarray(0, length);
    const fault = keyFault(present, this.#kind);
    if (fault !== undefined || first) return fault;
    const inOrder = compareKeys(before.subarray(0, beforeLength), present, this.#kind) < 0;
    return inOrder ? undefined : 'a key is not above the one before';
  }
}
