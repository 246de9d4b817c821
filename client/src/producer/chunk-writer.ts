/**
 * A chunk that is being filled: records are encoded straight into its bytes, in the format of records.ts, with room left in
 * front for the header. So a record costs its bytes and nothing else until it is sent.
 */
import { chunkHeaderBytes, utf8Length } from '../protocol/index.ts';
import type { HeaderValue } from '../api.ts';
import { writeText } from './text.ts';

export type Headers = Readonly<Record<string, HeaderValue>>;

/** What a record takes besides key, headers and value. */
const plainBytes = 14;
const longText = 1_024;

/** The most bytes that a text or byte string can take; exact for what is long. */
export function mostBytes(value: string | Uint8Array): number {
  if (typeof value !== 'string') return value.byteLength;
  return value.length < longText ? value.length * 3 : Math.max(utf8Length(value), value.length * 2);
}

export function mostHeaderBytes(headers: Headers): number {
  let bytes = 0;
  for (const name of Object.keys(headers)) {
    bytes += 6 + mostBytes(name) + mostBytes(headers[name] as HeaderValue);
  }
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
    value: string | Uint8Array,
    headers: Headers | undefined,
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
    at = headers === undefined ? this.#noHeaders(at) : this.#headers(headers, at);
    if (typeof value === 'string') at = writeText(value, bytes, at);
    else {
      bytes.set(value, at);
      at += value.byteLength;
    }
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

  #noHeaders(at: number): number {
    this.#view.setUint16(at, 0, true);
    return at + 2;
  }

  #headers(headers: Headers, from: number): number {
    const names = Object.keys(headers);
    this.#view.setUint16(from, names.length, true);
    let at = from + 2;
    for (const name of names) {
      const afterName = writeText(name, this.#bytes, at + 2);
      this.#view.setUint16(at, afterName - at - 2, true);
      const afterValue = this.#headerValue(headers[name] as HeaderValue, afterName + 4);
      this.#view.setUint32(afterName, afterValue - afterName - 4, true);
      at = afterValue;
    }
    return at;
  }

  #headerValue(value: HeaderValue, at: number): number {
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
