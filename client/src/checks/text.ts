/** Texts as they enter, and values as messages show them. Nothing here runs code of the caller's, or throws. */
import { utf8Length } from '../protocol/index.ts';

// Newer than the oldest of the browsers that are meant.
const native = (String.prototype as { readonly isWellFormed?: () => boolean }).isWellFormed;

/** No lone surrogate, which UTF-8 has no bytes for. */
export const isWellFormed: (text: string) => boolean =
  native === undefined ? (text) => utf8Length(text) >= 0 : (text) => native.call(text);

/** What can be a name: well-formed, not empty, printable, and nothing that a frame cannot carry. */
export function isName(value: unknown, maxBytes: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxBytes) return false;
  const bytes = utf8Length(value);
  return bytes > 0 && bytes <= maxBytes && !/^\ufeff|[\x00-\x1f\x7f]/.test(value);
}

/** As a message names it. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const short = value.length > 60 ? `${value.slice(0, 60)}…` : value;
      return `'${short.replace(/\p{Surrogate}|[\x00-\x1f\x7f]/gu, '?')}'`;
    }
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${String(value).slice(0, 40)}n`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : `an object of type ${kindOf(value)}`;
  }
}

/** `Object`, `Array`, `Map` and so on. */
export function kindOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return 'Proxy';
  }
}

/** The one of `known` that was most likely meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const given = word.toLowerCase();
  const most = Math.min(3, Math.max(1, Math.floor(given.length / 3)));
  let best: string | undefined;
  let least = most + 1;
  for (const each of known) {
    const name = each.toLowerCase();
    const far = Math.abs(name.length - given.length) > most ? least : distance(given, name);
    if (far < least) [least, best] = [far, each];
  }
  return best;
}

/** Letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] as number) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
