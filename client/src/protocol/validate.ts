/**
 * The gate before the decoder: walks the tokens of a frame and lets through only what this protocol sends. msgpackr
 * alone would also read record definitions, extensions, maps, cyclic references and 64-bit integers.
 *
 * Allowed: nil, booleans, integers of up to 32 bits, float64 for a safe integer beyond 32 bits (as msgpackr writes
 * it), strings of valid UTF-8, byte strings, arrays. Every token in its shortest form, no bytes left over. So each
 * accepted frame has one value, and the value has only this one frame: it re-encodes to the same bytes.
 *
 * Allocates nothing on the good path and looks at every byte at most once; byte strings are skipped, not read.
 */
import { WireError } from './errors.ts';
import { isUtf8 } from './utf8.ts';
import type { WireLimits } from './wire-limits.ts';

/** What a frame may hold at most. `items` bounds each array and all values of the frame together. */
export interface FrameBounds {
  readonly bytes: number;
  readonly depth: number;
  readonly items: number;
}

export function frameBounds(limits: WireLimits): FrameBounds {
  return { bytes: limits.frameBytes, depth: limits.frameDepth, items: limits.frameArrayItems };
}

/** Bounds for a sender that has not proved who it is. */
export function strangerBounds(limits: WireLimits): FrameBounds {
  return { bytes: limits.unauthenticatedFrameBytes, depth: 2, items: 32 };
}

function bad(detail: string, at: number): WireError {
  return new WireError('frame_invalid', `${detail} at byte ${at}`);
}

/** Throws a WireError unless `bytes` are one allowed array within the bounds. */
export function checkFrame(bytes: Uint8Array, bounds: FrameBounds): void {
  if (bytes.byteLength > bounds.bytes) {
    throw new WireError(
      'frame_too_large',
      `a frame of ${bytes.byteLength} bytes, ${bounds.bytes} are allowed`,
    );
  }
  const first = bytes[0];
  if (first === undefined || !((first >= 0x90 && first <= 0x9f) || first === 0xdc || first === 0xdd)) {
    throw bad('a frame must be an array', 0);
  }
  new Scanner(bytes, bounds).run();
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #depth: number;
  readonly #items: number;
  /** How many values are still to come in the open arrays, outermost first. */
  readonly #open: number[] = [];
  #at = 0;
  #seen = 0;

  constructor(bytes: Uint8Array, bounds: FrameBounds) {
    this.#bytes = bytes;
    this.#end = bytes.byteLength;
    this.#depth = bounds.depth;
    this.#items = bounds.items;
  }

  run(): void {
    let left = 1;
    for (;;) {
      while (left === 0) {
        const outer = this.#open.pop();
        if (outer === undefined) {
          if (this.#at !== this.#end) throw bad('bytes after the end of the frame', this.#at);
          return;
        }
        left = outer;
      }
      left -= 1;
      const inner = this.#value();
      if (inner < 0) continue;
      if (this.#open.length >= this.#depth) throw bad('arrays are nested too deeply', this.#at);
      this.#open.push(left);
      left = inner;
    }
  }

  /** Passes one value, or the head of an array: then returns its length, else -1. */
  #value(): number {
    const at = this.#at;
    if (at >= this.#end) throw bad('the frame ends early', at);
    const token = this.#bytes[at] as number;
    this.#at = at + 1;
    if (token < 0x80 || token >= 0xe0) return -1;
    if (token < 0x90) throw bad('a map', at);
    if (token < 0xa0) return this.#array(token - 0x90, 0, at);
    if (token < 0xc0) return this.#string(token - 0xa0, 0, at);
    return this.#longToken(token, at);
  }

  #longToken(token: number, at: number): number {
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return -1;
      case 0xc4:
        return this.#skip(this.#unsigned(1), 0, at);
      case 0xc5:
        return this.#skip(this.#unsigned(2), 0x100, at);
      case 0xc6:
        return this.#skip(this.#unsigned(4), 0x10000, at);
      case 0xcb:
        return this.#float(at);
      case 0xcc:
        return shortest(this.#unsigned(1) >= 0x80, at);
      case 0xcd:
        return shortest(this.#unsigned(2) >= 0x100, at);
      case 0xce:
        return shortest(this.#unsigned(4) >= 0x10000, at);
      case 0xd0:
        return this.#negative(1, 0xe0, 0x80, at);
      case 0xd1:
        return this.#negative(2, 0xff80, 0x8000, at);
      case 0xd2:
        return this.#negative(4, 0xffff8000, 0x80000000, at);
      case 0xd9:
        return this.#string(this.#unsigned(1), 0x20, at);
      case 0xda:
        return this.#string(this.#unsigned(2), 0x100, at);
      case 0xdb:
        return this.#string(this.#unsigned(4), 0x10000, at);
      case 0xdc:
        return this.#array(this.#unsigned(2), 0x10, at);
      case 0xdd:
        return this.#array(this.#unsigned(4), 0x10000, at);
      default:
        throw bad(`token 0x${token.toString(16)}, which is not part of this protocol,`, at);
    }
  }

  #unsigned(size: 1 | 2 | 4): number {
    const at = this.#at;
    if (at + size > this.#end) throw bad('the frame ends early', at);
    this.#at = at + size;
    let value = 0;
    for (let i = 0; i < size; i += 1) value = value * 256 + (this.#bytes[at + i] as number);
    return value;
  }

  /** A negative number as the unsigned number of its two's complement: below the next shorter form, at or above the sign. */
  #negative(size: 1 | 2 | 4, below: number, from: number, at: number): number {
    const value = this.#unsigned(size);
    return shortest(value >= from && value < below, at);
  }

  /** msgpackr writes a whole number beyond 32 bits as float64; nothing else of ours is a float. */
  #float(at: number): number {
    if (this.#at + 8 > this.#end) throw bad('the frame ends early', this.#at);
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, 8).getFloat64(0);
    this.#at += 8;
    if (!Number.isSafeInteger(value)) throw bad('a number that is not a safe integer', at);
    return shortest(value > 0xffffffff || value < -0x80000000, at);
  }

  #skip(length: number, least: number, at: number): number {
    shortest(length >= least, at);
    if (length > this.#end - this.#at) throw bad('a length beyond the end of the frame', at);
    this.#at += length;
    return -1;
  }

  #string(length: number, least: number, at: number): number {
    const start = this.#at;
    this.#skip(length, least, at);
    if (!isUtf8(this.#bytes, start, this.#at)) throw bad('a string that is not UTF-8', at);
    // Decoders in browsers drop a leading byte order mark, so the value would not re-encode to these bytes.
    if (
      length >= 3 &&
      this.#bytes[start] === 0xef &&
      this.#bytes[start + 1] === 0xbb &&
      this.#bytes[start + 2] === 0xbf
    ) {
      throw bad('a string with a byte order mark', at);
    }
    return -1;
  }

  #array(length: number, least: number, at: number): number {
    shortest(length >= least, at);
    if (length > this.#end - this.#at) throw bad('a length beyond the end of the frame', at);
    this.#seen += length;
    if (this.#seen > this.#items) throw bad(`more than ${this.#items} values`, at);
    return length;
  }
}

function shortest(holds: boolean, at: number): -1 {
  if (!holds) throw bad('a value that is not in its shortest form', at);
  return -1;
}
