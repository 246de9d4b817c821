/**
 * Whether LevelDB can read, go through and compact a table without coming to harm: its blocks lie side by side from the first byte to
 * the last, and their keys are in order, in the range that the database knows the table by. See level-block.ts.
 */
import {
  BlockWalk,
  compareKeys,
  keyFault,
  readVarint,
  type BlockFound,
  type KeyKind,
  type KeyRange,
  type ShowEntry,
} from './level-block.ts';

const footerBytes = 48;
/** Behind each block: its compression and a checksum. */
const trailerBytes = 5;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

interface Handle {
  readonly from: number;
  readonly to: number;
}

function readHandle(
  bytes: Uint8Array,
  at: number,
  end: number,
): (Handle & { readonly next: number }) | undefined {
  const offset = readVarint(bytes, at, end);
  const size = offset.next < 0 ? offset : readVarint(bytes, offset.next, end);
  if (size.next < 0) return undefined;
  return { from: offset.value, to: offset.value + size.value, next: size.next };
}

/** What is wrong with the table, or undefined. `range`: what the database says of its keys. */
export function tableFault(bytes: Uint8Array, range: KeyRange): string | undefined {
  const end = bytes.length - footerBytes;
  if (end < 0) return `it has only ${String(bytes.length)} bytes`;
  if (magic.some((byte, at) => bytes[bytes.length - 8 + at] !== byte)) {
    return 'it does not end as a table does';
  }
  const meta = readHandle(bytes, end, bytes.length - 8);
  const index = meta === undefined ? undefined : readHandle(bytes, meta.next, bytes.length - 8);
  if (meta === undefined || index === undefined) return 'its footer is unsound';
  if (index.to + trailerBytes !== end) return 'its index is not before its footer';
  if (meta.to + trailerBytes !== index.from) return 'its filter index is not before its index';
  return new TableWalk(bytes, range).run(meta, index);
}

class TableWalk {
  readonly #bytes: Uint8Array;
  readonly #range: KeyRange;
  #at = 0;
  /** The upper bound of the blocks so far, from the index. */
  #bound: Uint8Array | undefined;
  #fault: string | undefined;

  constructor(bytes: Uint8Array, range: KeyRange) {
    this.#bytes = bytes;
    this.#range = range;
  }

  run(meta: Handle, index: Handle): string | undefined {
    const blocks = this.#walk(index, 'internal', (key, value) => this.#dataBlock(key, value));
    if ('fault' in blocks) return this.#fault ?? `index: ${blocks.fault}`;
    const filters = this.#walk(meta, 'plain', (_, value) => this.#filter(value));
    if ('fault' in filters) return this.#fault ?? `filter index: ${filters.fault}`;
    return this.#fault ?? (this.#at === meta.from ? undefined : 'its blocks do not lie side by side');
  }

  #walk({ from, to }: Handle, kind: KeyKind, entry?: ShowEntry): BlockFound {
    if (to < from || to + trailerBytes > this.#bytes.length) return { fault: 'it lies outside the table' };
    // Nothing is ever compressed here, so another type is a flipped bit, and what would be unpacked could have any size.
    if (this.#bytes[to] !== 0) return { fault: `it is compressed as type ${String(this.#bytes[to])}` };
    return new BlockWalk(this.#bytes.subarray(from, to), kind, entry).run();
  }

  /** The next block in a row that an index entry points to; undefined: it does not lie there. */
  #place(value: Uint8Array): Handle | undefined {
    const handle = readHandle(value, 0, value.length);
    if (handle === undefined || handle.next !== value.length || handle.from !== this.#at) return undefined;
    this.#at = handle.to + trailerBytes;
    return handle;
  }

  #dataBlock(bound: Uint8Array, value: Uint8Array): void {
    if (this.#fault !== undefined) return;
    const from = this.#at;
    const handle = this.#place(value);
    const found = handle === undefined ? undefined : this.#walk(handle, 'internal');
    if (found === undefined) this.#fault = `the index has no block at ${String(from)}`;
    else if ('fault' in found) this.#fault = `block at ${String(from)}: ${found.fault}`;
    else if (found.keys === undefined) this.#fault = `block at ${String(from)}: it is empty`;
    else if (!this.#holds(found.keys, bound)) {
      this.#fault = `block at ${String(from)}: its keys are not where the index has them`;
    }
    this.#bound = bound.slice();
  }

  #holds({ first, last }: KeyRange, bound: Uint8Array): boolean {
    const floor = this.#bound;
    if (floor !== undefined && compareKeys(floor, first, 'internal') >= 0) return false;
    if (compareKeys(last, bound, 'internal') > 0) return false;
    const { first: smallest, last: largest } = this.#range;
    if (keyFault(smallest, 'internal') !== undefined || keyFault(largest, 'internal') !== undefined) {
      return false;
    }
    return compareKeys(smallest, first, 'internal') <= 0 && compareKeys(last, largest, 'internal') <= 0;
  }

  /** What it says may be wrong: LevelDB looks at its lengths, and a key that it hides is missed by whoever wants it. */
  #filter(value: Uint8Array): void {
    if (this.#fault === undefined && this.#place(value) === undefined) {
      this.#fault = 'its filter is not behind its blocks';
    }
  }
}
