/**
 * A frame as pieces: large byte strings stay where they are, everything else is written around them. Joined, the pieces
 * are byte for byte what `packFrame` makes. What a leader sends to each follower is thus copied for none of them.
 */
import { largeBinBytes, type FrameSize } from './pack.ts';
import { utf8Length } from './utf8.ts';

const encoder = new TextEncoder();

/**
 * The pieces of a frame that `size` was measured of, or of more. The large ones among them are the frame's own byte
 * strings: nobody may write to these until the pieces have been sent.
 */
export function packParts(frame: readonly unknown[], size: FrameSize): Uint8Array[] {
  const packer = new PartsPacker(size.bytes - size.large);
  packer.value(frame);
  return packer.finish();
}

class PartsPacker {
  readonly #bytes: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  /** Where the piece begins that is being written. */
  #from = 0;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  finish(): Uint8Array[] {
    this.#cut();
    return this.#parts;
  }

  value(value: unknown): void {
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#string(value);
    else if (Array.isArray(value)) this.#array(value);
    else if (value instanceof Uint8Array) this.#bin(value);
    else if (value === null) this.#head(0xc0, 0, 0);
    else this.#head(value === true ? 0xc3 : 0xc2, 0, 0);
  }

  #cut(): void {
    if (this.#at > this.#from) this.#parts.push(this.#bytes.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }

  /** Room for `count` bytes. A typed array takes no more than it has and says nothing, so this throws. */
  #room(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.byteLength) throw new RangeError('a frame is larger than it was measured');
    this.#at = at + count;
    return at;
  }

  /** A token, and behind it the lowest `size` bytes of a number. */
  #head(token: number, value: number, size: 0 | 1 | 2 | 4): void {
    let at = this.#room(1 + size);
    this.#bytes[at] = token;
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) this.#bytes[(at += 1)] = value >>> shift;
  }

  /** In the shortest of three forms, whose tokens follow one another. */
  #sized(token: number, value: number): void {
    if (value < 0x100) this.#head(token, value, 1);
    else if (value < 0x10000) this.#head(token + 1, value, 2);
    else this.#head(token + 2, value, 4);
  }

  #number(value: number): void {
    if (value > 0xffffffff || value < -0x80000000) {
      const at = this.#room(9);
      this.#bytes[at] = 0xcb;
      new DataView(this.#bytes.buffer, at + 1, 8).setFloat64(0, value);
    } else if (value >= 0x80) this.#sized(0xcc, value);
    else if (value >= -0x20) this.#head(value & 0xff, 0, 0);
    else if (value >= -0x80) this.#head(0xd0, value, 1);
    else if (value >= -0x8000) this.#head(0xd1, value, 2);
    else this.#head(0xd2, value, 4);
  }

  #string(value: string): void {
    const length = utf8Length(value);
    if (length < 0x20) this.#head(0xa0 + length, 0, 0);
    else this.#sized(0xd9, length);
    const at = this.#room(length);
    encoder.encodeInto(value, this.#bytes.subarray(at, at + length));
  }

  #array(values: readonly unknown[]): void {
    const { length } = values;
    if (length < 0x10) this.#head(0x90 + length, 0, 0);
    else if (length < 0x10000) this.#head(0xdc, length, 2);
    else this.#head(0xdd, length, 4);
    for (const value of values) this.value(value);
  }

  #bin(value: Uint8Array): void {
    this.#sized(0xc4, value.byteLength);
    if (value.byteLength >= largeBinBytes) {
      this.#cut();
      this.#parts.push(value);
    } else this.#bytes.set(value, this.#room(value.byteLength));
  }
}
