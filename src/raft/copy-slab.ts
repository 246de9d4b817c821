/**
 * Copies of small byte strings, many to one buffer: a buffer for each costs more to make and to collect than the bytes in it. What
 * is copied together is released together, as the entries of a log are: the oldest first.
 */
const slabBytes = 8_192;
/** Larger ones get a buffer of their own, so that at most this much of a slab is ever left unused at its end. */
const mostBytes = slabBytes / 8;

export class CopySlab {
  #slab = new ArrayBuffer(0);
  #at = 0;

  copy(bytes: Uint8Array): Uint8Array {
    const { byteLength } = bytes;
    if (byteLength > mostBytes) return new Uint8Array(bytes);
    if (this.#at + byteLength > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(slabBytes);
      this.#at = 0;
    }
    const copied = new Uint8Array(this.#slab, this.#at, byteLength);
    copied.set(bytes);
    this.#at += byteLength;
    return copied;
  }
}
