/** Parameters from a query string: the same names as in a body; digits become numbers where a number is wanted. */
import { JsonNumber, type JsonObject, type JsonValue } from './json.ts';
import type { Schema } from './validation.ts';

const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** `query`: what stands behind the question mark. Of duplicate names the last one counts. Undefined: nothing was asked. */
export function parseQuery(query: string, schema: Schema): JsonObject | undefined {
  if (query === '') return undefined;
  const numbers = new Set(schema.filter(({ type }) => type === 'number').map(({ name }) => name));
  const object = new Map<string, JsonValue>();
  for (const [name, value] of new URLSearchParams(query)) {
    object.set(name, numbers.has(name) && number.test(value) ? new JsonNumber(value) : value);
  }
  return object;
}
