/**
 * Takes the place of msgpackr in the bundle for browsers: only what the protocol sends, at a tenth of the size. The same
 * bytes for the same values, which a test compares; and it is given only frames that validate.ts let through.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Heads of one kind of value, by the size of the length that follows; `fix` ends where lengths in the head itself do. */
interface Heads {
  readonly fix: number;
  readonly fixBelow: number;
  readonly one: number;
  readonly two: number;
  readonly four: number;
}

const integers: Heads = { fix: 0, fixBelow: 0x80, one: 0xcc, two: 0xcd, four: 0xce };
const strings: Heads = { fix: 0xa0, fixBelow: 0x20, one: 0xd9, two: 0xda, four: 0xdb };
const binaries: Heads = { fix: 0, fixBelow: 0, one: 0xc4, two: 0xc5, four: 0xc6 };
const arrays: Heads = { fix: 0x90, fixBelow: 0x10, one: -1, two: 0xdc, four: 0xdd };

export class Packr {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  pack(value: unknown): Uint8Array {
    this.#at = 0;
    this.#write(value);
    return this.#bytes.slice(0, this.#at);
  }

  #write(value: unknown): void {
    if (value === null) this.#byte(0xc0);
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#raw(encoder.encode(value), strings);
    else if (value instanceof Uint8Array) this.#raw(value, binaries);
    else {
      const items = value as readonly unknown[];
      this.#head(items.length, arrays);
      for (const item of items) this.#write(item);
    }
  }

  #number(value: number): void {
    if (value >= 0 && value <= 0xffffffff) this.#head(value, integers);
    else {
      const bytes = value < -0x80000000 || value > 0 ? 8 : value < -0x8000 ? 4 : value < -0x80 ? 2 : 1;
      this.#reserve(9);
      const at = this.#at + 1;
      if (value < 0 && value >= -0x20) this.#byte(value & 0xff);
      else {
        this.#byte(bytes === 8 ? 0xcb : bytes === 4 ? 0xd2 : bytes === 2 ? 0xd1 : 0xd0);
        if (bytes === 8) this.#view.setFloat64(at, value);
        else if (bytes === 4) this.#view.setInt32(at, value);
        else if (bytes === 2) this.#view.setInt16(at, value);
        else this.#view.setInt8(at, value);
        this.#at += bytes;
      }
    }
  }

  #raw(bytes: Uint8Array, heads: Heads): void {
    this.#head(bytes.length, heads);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #head(length: number, { fix, fixBelow, one, two, four }: Heads): void {
    this.#reserve(5);
    const at = this.#at + 1;
    if (length < fixBelow) this.#byte(fix + length);
    else if (length < 0x100 && one >= 0) {
      this.#byte(one);
      this.#view.setUint8(at, length);
      this.#at += 1;
    } else if (length < 0x10000) {
      this.#byte(two);
      this.#view.setUint16(at, length);
      this.#at += 2;
    } else {
      this.#byte(four);
      this.#view.setUint32(at, length);
      this.#at += 4;
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #reserve(more: number): void {
    const size = this.#at + more;
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

export class Unpackr {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Byte strings are views into `bytes`. */
  unpack(bytes: Uint8Array<ArrayBuffer>): unknown {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    return this.#read();
  }

  #read(): unknown {
    const head = this.#unsigned(1);
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head < 0xa0) return this.#array(head - 0x90);
    if (head < 0xc0) return decoder.decode(this.#raw(head - 0xa0));
    if (head < 0xc4) return head === 0xc0 ? null : head === 0xc3;
    if (head <= 0xc6) return this.#raw(this.#unsigned(1 << (head - 0xc4)));
    if (head === 0xcb) {
      this.#at += 8;
      return this.#view.getFloat64(this.#at - 8);
    }
    if (head <= 0xce) return this.#unsigned(1 << (head - 0xcc));
    if (head <= 0xd2) {
      const size = 1 << (head - 0xd0);
      const value = this.#unsigned(size);
      return value - 2 ** (8 * size);
    }
    if (head <= 0xdb) return decoder.decode(this.#raw(this.#unsigned(1 << (head - 0xd9))));
    return this.#array(this.#unsigned(head === 0xdc ? 2 : 4));
  }

  #array(length: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length; i += 1) items.push(this.#read());
    return items;
  }

  #raw(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  #unsigned(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i += 1) value = value * 256 + this.#view.getUint8(this.#at + i);
    this.#at += size;
    return value;
  }
}
