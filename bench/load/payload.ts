/**
 * Records that can be accounted for: each carries its lane (one producer loop to one partition), its number in that lane and
 * the moment at which it was due.
 */

const headBytes = 16;

export class PayloadMaker {
  readonly #filler: Uint8Array;

  constructor(bytes: number) {
    if (bytes < headBytes) {
      throw new RangeError(`a record of a benchmark has at least ${headBytes} bytes, not ${bytes}`);
    }
    // Looks like text, does not compress to nothing, and is the same in each run.
    this.#filler = Uint8Array.from({ length: bytes }, (_, i) => 32 + (((i * 2_654_435_761) >>> 16) % 95));
  }

  make(lane: number, number: number, dueMs: number): Uint8Array {
    const value = new Uint8Array(this.#filler);
    const view = new DataView(value.buffer);
    view.setUint32(0, lane);
    view.setUint32(4, number);
    view.setFloat64(8, dueMs);
    return value;
  }

  /** `count` records, numbered from `first`. */
  makeMany(lane: number, first: number, count: number, dueMs: number): Uint8Array[] {
    return Array.from({ length: count }, (_, i) => this.make(lane, first + i, dueMs));
  }
}

/** Counts arrivals: every record of every lane exactly once, and in order where the system promises that. */
export class Arrivals {
  readonly #ordered: boolean;
  readonly #lanes = new Map<number, Lane>();
  #count = 0;
  #duplicates = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Returns when the record was due. */
  take(value: Uint8Array): number {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const lane = view.getUint32(0);
    let state = this.#lanes.get(lane);
    if (state === undefined) this.#lanes.set(lane, (state = { next: 0, ahead: new Set() }));
    if (isNew(state, view.getUint32(4), this.#ordered)) this.#count += 1;
    else this.#duplicates += 1;
    return view.getFloat64(8);
  }

  get count(): number {
    return this.#count;
  }

  /** Undefined: all `expected` records came once, and in order if they must. */
  fault(expected: number): string | undefined {
    const gaps = [...this.#lanes.values()].filter(({ ahead }) => ahead.size > 0).length;
    if (this.#count === expected && this.#duplicates === 0 && gaps === 0) return undefined;
    return `${expected} records were acknowledged, ${this.#count} arrived, ${this.#duplicates} twice or late, ${gaps} lanes have gaps`;
  }
}

interface Lane {
  next: number;
  /** Numbers that came before one below them. */
  readonly ahead: Set<number>;
}

/** In order, a record that comes after a later one counts as late; without it as the gap that the sum shows. */
function isNew(lane: Lane, number: number, ordered: boolean): boolean {
  if (number === lane.next) {
    lane.next += 1;
    while (lane.ahead.delete(lane.next)) lane.next += 1;
    return true;
  }
  if (number < lane.next || lane.ahead.has(number)) return false;
  if (ordered) lane.next = number + 1;
  else lane.ahead.add(number);
  return true;
}
