/**
 * The Random port under a seed: the sfc32 generator (public domain, passes PractRand), seeded from a text.
 *
 * `fork(name)` depends on the seed and the names on the way only, never on how much was drawn before: a component that
 * draws once more does not reshuffle its neighbours, so a shrunken run stays the same run elsewhere.
 */
import type { Random } from '../../src/kernel/index.ts';

const WARM_UP_ROUNDS = 15;

export class SimRandom implements Random {
  /** The seed and the fork names, for messages that tell how to replay. */
  readonly path: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string | number) {
    this.path = String(seed);
    this.#a = hashText(this.path, 0x9e3779b9);
    this.#b = hashText(this.path, 0x85ebca6b);
    this.#c = hashText(this.path, 0xc2b2ae35);
    for (let i = 0; i < WARM_UP_ROUNDS; i += 1) this.uint32();
  }

  fork(name: string): SimRandom {
    return new SimRandom(`${this.path}/${name}`);
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    return this.uint32() / 0x100000000;
  }

  bytes(count: number): Uint8Array {
    const result = new Uint8Array(count);
    for (let i = 0; i < count; i += 1) result[i] = this.uint32() >>> 24;
    return result;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    if (!(bound >= 1)) throw new RangeError(`nothing lies in [0, ${bound})`);
    return Math.floor(this.next() * bound);
  }

  /** An integer in [low, high], both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('cannot pick from holes');
    return item;
  }

  /** Permutes `items` in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      const kept = items[i] as T;
      items[i] = items[j] as T;
      items[j] = kept;
    }
    return items;
  }
}

/** FNV-1a over the UTF-16 units from a given basis, then an avalanche so that near names end far apart. */
function hashText(text: string, basis: number): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}
