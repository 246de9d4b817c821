/** Little-endian field writing and reading for on-disk records. Reading checks every bound: the bytes may be damaged. */
const twoTo32 = 4294967296;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#at;
  }

  #room(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.byteLength, at + count));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#at = at + count;
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A whole number below 2^53 in eight bytes. */
  u53(value: number): this {
    const at = this.#room(8);
    this.#view.setUint32(at, value % twoTo32, true);
    this.#view.setUint32(at + 4, Math.floor(value / twoTo32), true);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.byteLength);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Length and UTF-8 bytes. */
  text(value: string): this {
    const bytes = Buffer.from(value, 'utf8');
    return this.u32(bytes.byteLength).raw(bytes);
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  #take(count: number): number {
    if (count > this.left) throw new RangeError(`record ends ${String(count - this.left)} bytes too early`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }

  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  u53(): number {
    const at = this.#take(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high > 0x1fffff) throw new RangeError('number above 2^53');
    return high * twoTo32 + this.#view.getUint32(at, true);
  }

  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  text(): string {
    const bytes = this.raw(this.u32());
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  /** A damaged length must not pass as a shorter record. */
  end(): void {
    if (this.left !== 0) throw new RangeError(`record has ${String(this.left)} bytes too many`);
  }
}
