/**
 * A strict JSON parser that keeps what JSON.parse loses and the contract needs: the source text of numbers (`1.0` is not `1`, and
 * long integers stay exact). Objects become maps, so no name is special (`__proto__` is a name like any other); of duplicate
 * names the last one counts, at the place of the first.
 */
import { isUtf8 } from 'node:buffer';

/** A number as it was written. */
export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  get value(): number {
    return Number(this.source);
  }
}

export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** Bounds on what one body may cost to keep: its size is bounded before. */
export interface JsonBounds {
  readonly depth: number;
  /** Values of all kinds, names not counted. */
  readonly values: number;
}

const defaultJsonBounds: JsonBounds = { depth: 200, values: 16_384 };

class NotJson extends Error {}

/** The value, or undefined for anything that is not JSON in valid UTF-8 or exceeds the bounds. A byte order mark is skipped. */
export function parseJson(bytes: Buffer, bounds: JsonBounds = defaultJsonBounds): JsonValue | undefined {
  if (!isUtf8(bytes)) return undefined;
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return parseJsonText(bytes.toString('utf8', marked ? 3 : 0), bounds);
}

export function parseJsonText(text: string, bounds: JsonBounds = defaultJsonBounds): JsonValue | undefined {
  try {
    return new Parser(text, bounds).parse();
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

// Sticky patterns do the scanning in native code. None of them can backtrack: each step consumes what it matches.
const blanks = /[ \t\n\r]*/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const numberText = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const quoteCode = 0x22;
const backslashCode = 0x5c;

const literals: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class Parser {
  readonly #text: string;
  readonly #bounds: JsonBounds;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string, bounds: JsonBounds) {
    this.#text = text;
    this.#bounds = bounds;
  }

  parse(): JsonValue {
    const value = this.#value();
    this.#blanks();
    if (this.#at !== this.#text.length) throw new NotJson();
    return value;
  }

  #value(): JsonValue {
    this.#values += 1;
    if (this.#values > this.#bounds.values) throw new NotJson();
    this.#blanks();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #nested<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > this.#bounds.depth) throw new NotJson();
    this.#at += 1;
    const value = parse();
    this.#depth -= 1;
    return value;
  }

  #object(): JsonObject {
    const object = new Map<string, JsonValue>();
    if (this.#takes('}')) return object;
    do {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw new NotJson();
      const name = this.#string();
      if (!this.#takes(':')) throw new NotJson();
      object.set(name, this.#value());
    } while (this.#takes(','));
    if (!this.#takes('}')) throw new NotJson();
    return object;
  }

  #array(): readonly JsonValue[] {
    const array: JsonValue[] = [];
    if (this.#takes(']')) return array;
    do array.push(this.#value());
    while (this.#takes(','));
    if (!this.#takes(']')) throw new NotJson();
    return array;
  }

  #scalar(): JsonValue {
    for (const [word, value] of literals) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return new JsonNumber(this.#match(numberText));
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#endOfString(start);
    this.#at = end + 1;
    const raw = this.#text.slice(start, end);
    if (!raw.includes('\\')) {
      plainText.lastIndex = 0;
      plainText.test(raw);
      if (plainText.lastIndex !== raw.length) throw new NotJson();
      return raw;
    }
    // A body of nothing but escapes costs the engine's own parser a twentieth of what taking them one by one would.
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      throw new NotJson();
    }
  }

  /** Where the string that begins at `start` ends: at the first quote that no backslash takes along. */
  #endOfString(start: number): number {
    const text = this.#text;
    const quote = text.indexOf('"', start);
    if (quote < 0) throw new NotJson();
    if (text[quote - 1] !== '\\') return quote;
    for (let at = start; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quoteCode) return at;
      if (code === backslashCode) at += 1;
    }
    throw new NotJson();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) throw new NotJson();
    const start = this.#at;
    this.#at = pattern.lastIndex;
    return this.#text.slice(start, this.#at);
  }

  #blanks(): void {
    blanks.lastIndex = this.#at;
    blanks.test(this.#text);
    this.#at = blanks.lastIndex;
  }

  #takes(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
