/**
 * A rolling 64-bit hash of what happened in a run. Two runs under one seed must end with the same digest; a difference
 * means that something outside the seed decided.
 */
export class TraceHash {
  #high = 0x6a09e667;
  #low = 0xbb67ae85 | 0;

  /** Mixes in one integer; all 53 bits count. */
  mix(value: number): void {
    const low = value | 0;
    const high = Math.floor(value / 0x100000000) | 0;
    this.#low = Math.imul(this.#low ^ low, 0x85ebca6b);
    this.#low = (this.#low << 13) | (this.#low >>> 19);
    this.#high = Math.imul(this.#high ^ high ^ this.#low, 0xc2b2ae35);
    this.#high = (this.#high << 15) | (this.#high >>> 17);
    this.#low = (this.#low + this.#high) | 0;
  }

  mixText(text: string): void {
    this.mix(text.length);
    for (let i = 0; i < text.length; i += 1) this.mix(text.charCodeAt(i));
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}
