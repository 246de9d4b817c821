/** One record of a chunk: a window on its bytes, decoded when asked. */
import type { IncomingRecord } from '../api.ts';
import { errorOf } from '../errors.ts';
import type { ReceivedChunk } from './received-chunk.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const decodeText = (bytes: Uint8Array): string => decoder.decode(bytes);

export class ReceivedRecord<T> implements IncomingRecord<T> {
  readonly offset: number;
  readonly #chunk: ReceivedChunk<T>;
  readonly #at: number;
  readonly #end: number;
  #decoded: { readonly value: T } | undefined;

  constructor(chunk: ReceivedChunk<T>, offset: number, at: number, end: number) {
    this.#chunk = chunk;
    this.offset = offset;
    this.#at = at;
    this.#end = end;
  }

  get topic(): string {
    return this.#chunk.topic;
  }

  get partition(): number {
    return this.#chunk.partition;
  }

  get timestamp(): Date {
    const { view, firstTimestamp } = this.#chunk;
    return new Date(firstTimestamp + view.getUint32(this.#at + 4, true));
  }

  get key(): Uint8Array | undefined {
    const length = this.#chunk.view.getInt32(this.#at + 8, true);
    const from = this.#at + 12;
    return length < 0 ? undefined : this.#chunk.bytes.subarray(from, this.#within(from + length));
  }

  get value(): T {
    const { decode } = this.#chunk;
    // Without a codec, `T` is bytes: see `Client.consumer`.
    if (decode === undefined) return this.bytes as T;
    this.#decoded ??= { value: decode(this.bytes) };
    return this.#decoded.value;
  }

  get bytes(): Uint8Array {
    const { view, bytes } = this.#chunk;
    const keyLength = view.getInt32(this.#at + 8, true);
    let at = this.#within(this.#at + 14 + Math.max(keyLength, 0));
    for (let left = view.getUint16(at - 2, true); left > 0; left -= 1) at = this.#headerEnd(at);
    return bytes.subarray(at, this.#end);
  }

  get headers(): Readonly<Record<string, Uint8Array>> {
    const { view, bytes } = this.#chunk;
    const keyLength = view.getInt32(this.#at + 8, true);
    let at = this.#within(this.#at + 14 + Math.max(keyLength, 0));
    const headers: [string, Uint8Array][] = [];
    for (let left = view.getUint16(at - 2, true); left > 0; left -= 1) {
      const nameEnd = this.#within(at + 2 + view.getUint16(at, true));
      const end = this.#headerEnd(at);
      headers.push([decodeText(bytes.subarray(at + 2, nameEnd)), bytes.subarray(nameEnd + 4, end)]);
      at = end;
    }
    return Object.fromEntries(headers);
  }

  keyText(): string | undefined {
    const { key } = this;
    return key === undefined ? undefined : decodeText(key);
  }

  text(): string {
    return decodeText(this.bytes);
  }

  json<J = unknown>(): J {
    return JSON.parse(this.text()) as J;
  }

  ack(): Promise<void> {
    return this.#chunk.ledger.ack(this.offset, this.offset + 1);
  }

  #headerEnd(at: number): number {
    const { view } = this.#chunk;
    const valueAt = this.#within(this.#within(at + 2) + view.getUint16(at, true) + 4);
    return this.#within(valueAt + view.getUint32(valueAt - 4, true));
  }

  #within(at: number): number {
    if (at <= this.#end) return at;
    const message = `the record at offset ${this.offset} of partition ${this.partition} is malformed: its producer wrote lengths beyond its end`;
    throw errorOf('frame_invalid', { message });
  }
}
