/**
 * Values as Python's `repr` prints them, because the contract's validation texts do: `True`, `None`, `1.0`, `'x'`, `"it's"`,
 * `{'a': None}`. Whole numbers are printed as they were written, others with the fewest digits that tell them apart.
 */
import { JsonNumber, type JsonValue } from './json.ts';

/** What a value may take up in an error message; a body is larger than anybody wants to read. */
const mostCharacters = 65_536;

export function pythonRepr(value: JsonValue): string {
  const printed = new Printed();
  write(value, printed);
  return printed.text;
}

/** Takes parts until it is full. What comes after that is not even made. */
class Printed {
  #text = '';

  get full(): boolean {
    return this.#text.length > mostCharacters;
  }

  get text(): string {
    return this.full ? `${this.#text.slice(0, mostCharacters)}…` : this.#text;
  }

  push(part: string): void {
    this.#text += part;
  }
}

function write(value: JsonValue, printed: Printed): void {
  if (value === null) printed.push('None');
  else if (typeof value === 'boolean') printed.push(value ? 'True' : 'False');
  else if (typeof value === 'string') printed.push(reprText(value));
  else if (value instanceof JsonNumber) printed.push(reprNumber(value.source));
  else if (isList(value)) writeList(value, printed);
  else writeMap(value, printed);
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(value: readonly JsonValue[] | ReadonlyMap<string, JsonValue>): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function writeList(list: readonly JsonValue[], printed: Printed): void {
  printed.push('[');
  for (const [index, item] of list.entries()) {
    if (printed.full) return;
    if (index > 0) printed.push(', ');
    write(item, printed);
  }
  printed.push(']');
}

function writeMap(map: ReadonlyMap<string, JsonValue>, printed: Printed): void {
  let first = true;
  printed.push('{');
  for (const [name, item] of map) {
    if (printed.full) return;
    printed.push(`${first ? '' : ', '}${reprText(name)}: `);
    write(item, printed);
    first = false;
  }
  printed.push('}');
}

/** Control, format, surrogate, private and unassigned characters, and all separators but the space. */
const special = /[\\'\p{C}\p{Z}]/gu;

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  [' ', ' '],
]);

function reprText(text: string): string {
  // Single quotes, unless that would need an escape and double ones would not.
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // More than that is not shown, so it is not escaped either.
  const escaped = text.slice(0, mostCharacters + 1).replace(special, (character) => {
    if (character === "'") return quote === "'" ? "\\'" : "'";
    return shortEscapes.get(character) ?? escapeCode(character.codePointAt(0) ?? 0);
  });
  return `${quote}${escaped}${quote}`;
}

function escapeCode(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** `source`: a JSON number. With a fraction or an exponent it is a float to Python, else an int of any length. */
function reprNumber(source: string): string {
  if (!/[.eE]/.test(source)) return source === '-0' ? '0' : source.slice(0, mostCharacters + 1);
  const value = Number(source);
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + reprPositive(Math.abs(value));
}

function reprPositive(value: number): string {
  if (value === 0) return '0.0';
  // Both languages print the shortest digits that give the number back; only the layout differs.
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}
