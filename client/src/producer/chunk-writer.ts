/**
 * A chunk that is being filled: records are encoded straight into its bytes, in the format of records.ts, with room left in
 * front for the header. So a record costs its bytes and nothing else until it is sent.
 */
import type { Content, Header } from '../checks/records.ts';
import { chunkHeaderBytes, utf8Length } from '../protocol/index.ts';
import { writeText } from './text.ts';

/** What a record takes besides key, headers and value. */
const plainBytes = 14;
const longText = 1_024;

/** The most bytes that a text or byte string can take; exact for what is long. */
export function mostBytes(value: Content): number {
  if (typeof value !== 'string') return value.byteLength;
  return value.length < longText ? value.length * 3 : Math.max(utf8Length(value), value.length * 2);
}

export function mostHeaderBytes(headers: readonly Header[]): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += 6 + mostBytes(name) + mostBytes(value);
  return bytes;
}

/** What headers take at the least: no character takes less than a byte. */
export function leastHeaderBytes(headers: readonly Header[]): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += 6 + name.length + value.length;
  return bytes;
}

export class ChunkWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = chunkHeaderBytes;
  #count = 0;
  #lastDelta = 0;
  readonly firstTimestamp: number;

  constructor(capacity: number, firstTimestamp: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.firstTimestamp = firstTimestamp;
  }

  get count(): number {
    return this.#count;
  }

  /** Newest timestamp, as the difference from the first. */
  get lastDelta(): number {
    return this.#lastDelta;
  }

  /** Header and body. */
  get size(): number {
    return this.#at;
  }

  takesTimestamp(timestamp: number): boolean {
    const delta = timestamp - this.firstTimestamp;
    return delta >= 0 && delta <= 0xffffffff;
  }

  /**
   * Appends one record; `most` is no less than what key, headers and value take. Returns the bytes that it took, all in
   * all; 0, and nothing is changed, if that would be more than `limit`.
   */
  append(
    key: Uint8Array | undefined,
    keyLength: number,
    value: Content,
    headers: readonly Header[],
    timestamp: number,
    most: number,
    limit: number,
  ): number {
    const start = this.#at;
    this.#reserve(start + plainBytes + most);
    const bytes = this.#bytes;
    const view = this.#view;
    const delta = timestamp - this.firstTimestamp;
    view.setUint32(start + 4, delta, true);
    view.setInt32(start + 8, key === undefined ? -1 : keyLength, true);
    let at = start + 12;
    if (key !== undefined) {
      bytes.set(key.length === keyLength ? key : key.subarray(0, keyLength), at);
      at += keyLength;
    }
    at = this.#headers(headers, at);
    at = this.#content(value, at);
    const taken = at - start;
    if (taken - plainBytes > limit) return 0;
    view.setUint32(start, taken - 4, true);
    this.#at = at;
    this.#count += 1;
    if (delta > this.#lastDelta) this.#lastDelta = delta;
    return taken;
  }

  /** Header and body: a view, which nothing is written to any more but the header. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #headers(headers: readonly Header[], from: number): number {
    // Counted in 16 bits, as are bytes of names: what does not fit is refused where it enters.
    this.#view.setUint16(from, headers.length, true);
    let at = from + 2;
    for (const [name, value] of headers) {
      const afterName = this.#content(name, at + 2);
      this.#view.setUint16(at, afterName - at - 2, true);
      const afterValue = this.#content(value, afterName + 4);
      this.#view.setUint32(afterName, afterValue - afterName - 4, true);
      at = afterValue;
    }
    return at;
  }

  #content(value: Content, at: number): number {
    if (typeof value === 'string') return writeText(value, this.#bytes, at);
    this.#bytes.set(value, at);
    return at + value.byteLength;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.byteLength));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
