/** The Random port on the operating system's generator, read in pages: one call per number would cost a microsecond. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../../kernel/index.ts';

const PAGE_WORDS = 1024;

export class RealRandom implements Random {
  readonly #page = new Uint32Array(PAGE_WORDS);
  #used = PAGE_WORDS;

  /** 53 random bits, all that a double below 1 can hold evenly. */
  next(): number {
    if (this.#used + 2 > PAGE_WORDS) {
      randomFillSync(this.#page);
      this.#used = 0;
    }
    const high = (this.#page[this.#used] ?? 0) >>> 5;
    const low = (this.#page[this.#used + 1] ?? 0) >>> 6;
    this.#used += 2;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  bytes(count: number): Uint8Array {
    return randomFillSync(new Uint8Array(count));
  }
}
