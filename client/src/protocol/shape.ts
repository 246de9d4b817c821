/**
 * Codecs for positional arrays. A codec turns a typed value into plain msgpack values (`encode`) and guards every
 * single value on the way back (`decode`); what it returns has exactly the declared type. Both throw a WireError that
 * names the field: on decode the peer broke the protocol, on encode this program did.
 *
 * Codecs see values that `unpackFrame` let through: nil, booleans, safe integers, strings, byte strings, arrays.
 */
import { WireError } from './errors.ts';
import { utf8Length } from './utf8.ts';

export interface Codec<T> {
  readonly encode: (value: T) => unknown;
  readonly decode: (wire: unknown) => T;
}

/** For a property that may be absent (`name?: T`). Absent travels as nil. */
export interface OptionalCodec<T> extends Codec<T | undefined> {
  readonly optional: true;
}

/** One codec per property, in wire order; a property that may be absent needs an optional codec, others must not have one. */
export type Fields<T, Skipped extends PropertyKey = never> = {
  readonly [K in Exclude<keyof T, Skipped>]-?: object extends Pick<T, K>
    ? OptionalCodec<Exclude<T[K], undefined>>
    : Codec<T[K]> & { readonly optional?: never };
};

/** A codec of one message: `[tag, ...fields]` on the wire, `{kind, ...fields}` in the program. */
export interface MessageCodec<T> {
  readonly kind: string;
  readonly tag: number;
  readonly encode: (value: T) => unknown[];
  readonly decode: (wire: unknown) => T;
}

/** A codec of a whole family of messages. */
export interface UnionCodec<M> {
  readonly encode: (value: M) => unknown[];
  readonly decode: (wire: unknown) => M;
}

function bad(detail: string): WireError {
  return new WireError('frame_invalid', detail);
}

function guarded<T>(guard: (value: unknown) => T): Codec<T> {
  return { encode: guard, decode: guard };
}

/** A whole number from 0 to 2^53 - 1. */
export const uint: Codec<number> = guarded((value) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad('is not a whole number from 0');
  return value as number;
});

/** `uint` under the name of a branded number, such as `LogIndex`: the brands' rule is exactly the rule of `uint`. */
export function branded<T extends number>(): Codec<T> {
  return uint as unknown as Codec<T>;
}

/** A whole number from 0 to 2^32 - 1, such as a checksum. */
export const uint32: Codec<number> = guarded((value) => {
  if (typeof value !== 'number' || value >>> 0 !== value) throw bad('is not a whole number of 32 bits');
  return value;
});

export const bool: Codec<boolean> = guarded((value) => {
  if (typeof value !== 'boolean') throw bad('is not a boolean');
  return value;
});

/** Text of at most `maxBytes` bytes of UTF-8. Lone surrogates and a leading byte order mark cannot travel. */
export function str(maxBytes: number): Codec<string> {
  const decode = (value: unknown): string => {
    if (typeof value !== 'string') throw bad('is not a string');
    if (value.length * 3 > maxBytes && utf8Length(value) > maxBytes) {
      throw bad(`is longer than ${maxBytes} bytes`);
    }
    return value;
  };
  const encode = (value: string): string => {
    if (decode(value).charCodeAt(0) === 0xfeff || utf8Length(value) < 0) throw bad('is not well-formed text');
    return value;
  };
  return { encode, decode };
}

/** Text for people: what does not fit or cannot travel is cut or replaced on encode, never refused. */
export function text(maxBytes: number): Codec<string> {
  const plain = str(maxBytes);
  const encode = (value: string): string => {
    const mended = (words: string): string => words.replace(/\p{Surrogate}|^\ufeff/gu, '?');
    const whole = mended(value);
    if (utf8Length(whole) <= maxBytes) return whole;
    // No UTF-16 unit takes more than three bytes. The cut may part a pair, so it comes before the mending.
    return mended(value.slice(0, Math.floor(maxBytes / 3)));
  };
  return { encode, decode: plain.decode };
}

/** 32 lower-case hexadecimal characters. */
export function hexId<T extends string>(): Codec<T> {
  return guarded((value) => {
    if (typeof value !== 'string' || !/^[0-9a-f]{32}$/.test(value)) {
      throw bad('is not an id of 32 hexadecimal characters');
    }
    return value as T;
  });
}

export interface BinOptions {
  readonly minBytes?: number;
  /**
   * A decoded byte string is a view into its frame and keeps the whole frame in memory. Set this wherever the bytes
   * are kept for longer than the handling of the message: then `decode` copies, unless they are most of it.
   */
  readonly copy?: boolean;
}

/** Whether bytes that are kept may stay in `buffer`: then at most twice what they count stays in memory for them. */
export function mayStay(bytes: number, buffer: ArrayBufferLike): boolean {
  return 2 * bytes >= buffer.byteLength;
}

function kept(bytes: Uint8Array): Uint8Array {
  return mayStay(bytes.byteLength, bytes.buffer) ? bytes : new Uint8Array(bytes);
}

/** Opaque bytes. Only a plain byte array passes; other typed arrays do not. */
export function bin(maxBytes: number, options: BinOptions = {}): Codec<Uint8Array> {
  const minBytes = options.minBytes ?? 0;
  const check = (value: unknown): Uint8Array => {
    if (!(value instanceof Uint8Array)) throw bad('is not a byte string');
    if (value.byteLength > maxBytes) throw bad(`is longer than ${maxBytes} bytes`);
    if (value.byteLength < minBytes) throw bad(`is shorter than ${minBytes} bytes`);
    return value;
  };
  return { encode: check, decode: options.copy === true ? (wire) => kept(check(wire)) : check };
}

/** At most `max` values of one kind. */
export function list<T>(of: Codec<T>, max: number): Codec<readonly T[]> {
  const each = (values: unknown, turn: (value: never) => unknown): unknown[] => {
    if (!Array.isArray(values)) throw bad('is not a list');
    if (values.length > max) throw bad(`has more than ${max} items`);
    const out: unknown[] = [];
    let i = 0;
    try {
      for (; i < values.length; i += 1) out.push(turn(values[i] as never));
    } catch (error) {
      throw error instanceof WireError ? error.within(`[${i}]`) : error;
    }
    return out;
  };
  return { encode: (values) => each(values, of.encode), decode: (wire) => each(wire, of.decode) as T[] };
}

/** A property that may be absent. */
export function optional<T>(of: Codec<T>): OptionalCodec<T> {
  return { optional: true, ...nullable(of) };
}

/** A value that may be undefined, in a property that is always there. Undefined travels as nil. */
export function nullable<T>(of: Codec<T>): Codec<T | undefined> {
  return {
    encode: (value) => (value === undefined ? null : of.encode(value)),
    decode: (wire) => (wire === null ? undefined : of.decode(wire)),
  };
}

/** One of a few words; travels as its number in the list, so words are only ever added at the end. */
export function oneOf<const T extends string>(words: readonly T[]): Codec<T> {
  const numbers = new Map<string, number>(words.map((word, number) => [word, number]));
  return {
    encode: (value) => {
      const number = numbers.get(value);
      if (number === undefined) throw bad(`is none of ${words.join(', ')}`);
      return number;
    },
    decode: (wire) => {
      const word = typeof wire === 'number' ? words[wire] : undefined;
      if (word === undefined) throw bad(`is not the number of one of ${words.join(', ')}`);
      return word;
    },
  };
}

/** Values that another codec guards later: any array. */
export const payload: Codec<readonly unknown[]> = guarded((value) => {
  if (!Array.isArray(value)) throw bad('is not an array');
  return value as readonly unknown[];
});

interface Part {
  readonly name: string;
  readonly codec: Codec<unknown> & { readonly optional?: true };
}

function partsOf(fields: object): readonly Part[] {
  return Object.entries(fields).map(([name, codec]) => ({ name, codec: codec as Part['codec'] }));
}

function encodeParts(
  parts: readonly Part[],
  value: Readonly<Record<string, unknown>>,
  out: unknown[],
  first: number,
): unknown[] {
  let i = 0;
  try {
    for (; i < parts.length; i += 1) {
      const part = parts[i] as Part;
      out[first + i] = part.codec.encode(value[part.name]);
    }
  } catch (error) {
    throw error instanceof WireError ? error.within((parts[i] as Part).name) : error;
  }
  return out;
}

function decodeParts(
  parts: readonly Part[],
  wire: unknown,
  first: number,
  out: Record<string, unknown>,
): unknown {
  if (!Array.isArray(wire)) throw bad('is not an array');
  // Fields that may be absent and came later stand at the end: who does not know them leaves them out.
  let end = parts.length;
  while (first + end > wire.length && end > 0 && parts[end - 1]?.codec.optional === true) end -= 1;
  if (wire.length !== first + end) {
    throw bad(`has ${wire.length - first} fields, not ${parts.length}`);
  }
  let i = 0;
  try {
    for (; i < end; i += 1) {
      const part = parts[i] as Part;
      const value = part.codec.decode(wire[first + i]);
      if (value !== undefined || part.codec.optional === undefined) out[part.name] = value;
    }
  } catch (error) {
    throw error instanceof WireError ? error.within((parts[i] as Part).name) : error;
  }
  return out;
}

/** An object as an array of its properties, in the order of `fields`. */
export function struct<T extends object>(fields: Fields<T>): Codec<T> {
  const parts = partsOf(fields);
  return {
    encode: (value) => encodeParts(parts, value as Readonly<Record<string, unknown>>, [], 0),
    decode: (wire) => decodeParts(parts, wire, 0, {}) as T,
  };
}

/** A message with its number on the wire. Numbers are never reused; fields are never reordered within a protocol version. */
export function message<T extends { readonly kind: string }>(
  kind: T['kind'],
  tag: number,
  fields: Fields<T, 'kind'>,
): MessageCodec<T> {
  const parts = partsOf(fields);
  return {
    kind,
    tag,
    encode: (value) => {
      const out: unknown[] = [tag];
      try {
        return encodeParts(parts, value, out, 1);
      } catch (error) {
        throw error instanceof WireError ? error.within(kind) : error;
      }
    },
    decode: (wire) => {
      try {
        if (!Array.isArray(wire) || wire[0] !== tag) throw bad(`is not message ${tag}`);
        return decodeParts(parts, wire, 1, { kind }) as T;
      } catch (error) {
        throw error instanceof WireError ? error.within(kind) : error;
      }
    },
  };
}

/** One codec per kind of `M`: a kind that is missing does not compile. */
export type UnionParts<M extends { readonly kind: string }> = {
  readonly [K in M['kind']]: MessageCodec<Extract<M, { readonly kind: K }>>;
};

/** A family of messages told apart by their numbers. */
export function union<M extends { readonly kind: string }>(parts: UnionParts<M>): UnionCodec<M> {
  const byKind = new Map<string, MessageCodec<M>>();
  const byTag: (MessageCodec<M> | undefined)[] = [];
  for (const [kind, part] of Object.entries(parts) as [string, MessageCodec<M>][]) {
    if (part.kind !== kind) throw new RangeError(`the codec of '${part.kind}' is listed under '${kind}'`);
    if (byTag[part.tag] !== undefined) throw new RangeError(`two messages have number ${part.tag}`);
    byKind.set(kind, part);
    byTag[part.tag] = part;
  }
  return {
    encode: (value) => {
      const part = byKind.get(value.kind);
      if (part === undefined) throw bad(`there is no message '${value.kind}' here`);
      return part.encode(value);
    },
    decode: (wire) => {
      const tag: unknown = Array.isArray(wire) ? wire[0] : undefined;
      const part = typeof tag === 'number' ? byTag[tag] : undefined;
      if (part === undefined) throw bad('is no known message');
      return part.decode(wire);
    },
  };
}
