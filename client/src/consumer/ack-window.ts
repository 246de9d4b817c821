/**
 * Which records of a partition are acknowledged: the lowest that is not, and one bit for each above it. Acknowledging costs the
 * same however far behind the lowest is; in order, no bit is ever written.
 */
import { clientLimits } from '../protocol/index.ts';

const firstBits = 1_024;

export class AckWindow {
  #cursor: number;
  /** A ring: the bit of an offset is at the offset modulo the ring's size. */
  #words = new Uint32Array(firstBits / 32);
  #bits = firstBits;
  /** Bits that are set. */
  #set = 0;

  constructor(cursor: number) {
    this.#cursor = cursor;
  }

  /** The lowest offset that is not acknowledged. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Offsets above the cursor that are acknowledged. */
  get above(): number {
    return this.#set;
  }

  /** Acknowledges `from` up to and without `to`. False, and nothing is changed: too far above the cursor. */
  mark(from: number, to: number): boolean {
    if (from <= this.#cursor) {
      if (to > this.#cursor) this.#advance(to);
      return true;
    }
    if (to - this.#cursor > clientLimits.ackSpanRecords) return false;
    this.#reserve(to - this.#cursor);
    for (let offset = from; offset < to; offset += 1) this.#setBit(offset);
    return true;
  }

  #advance(to: number): void {
    if (this.#set === 0) {
      this.#cursor = to;
      return;
    }
    for (; this.#cursor < to; this.#cursor += 1) this.#takeBit(this.#cursor);
    while (this.#set > 0 && this.#takeBit(this.#cursor)) this.#cursor += 1;
  }

  #setBit(offset: number): void {
    const at = offset % this.#bits;
    const word = this.#words[at >>> 5] as number;
    const bit = 1 << (at & 31);
    if ((word & bit) !== 0) return;
    this.#words[at >>> 5] = word | bit;
    this.#set += 1;
  }

  /** Clears the bit and says whether it was set. */
  #takeBit(offset: number): boolean {
    const at = offset % this.#bits;
    const word = this.#words[at >>> 5] as number;
    const bit = 1 << (at & 31);
    if ((word & bit) === 0) return false;
    this.#words[at >>> 5] = word & ~bit;
    this.#set -= 1;
    return true;
  }

  #reserve(span: number): void {
    if (span <= this.#bits) return;
    const old = { words: this.#words, bits: this.#bits };
    while (this.#bits < span) this.#bits *= 2;
    this.#words = new Uint32Array(this.#bits / 32);
    this.#set = 0;
    for (let offset = this.#cursor; offset < this.#cursor + old.bits; offset += 1) {
      const at = offset % old.bits;
      if (((old.words[at >>> 5] as number) & (1 << (at & 31))) !== 0) this.#setBit(offset);
    }
  }
}
