/**
 * Validation to the letter of the contract: first that the value is an object, then missing fields in schema order, then wrong
 * types in schema order. Unknown fields are ignored. Only the first fault is told.
 */
import { JsonNumber, type JsonObject, type JsonValue } from './json.ts';
import { pythonRepr } from './python-repr.ts';

export interface Field {
  readonly name: string;
  readonly type: 'string' | 'number';
  readonly required: boolean;
}

export type Schema = readonly Field[];

export const text = (name: string): Field => ({ name, type: 'string', required: true });
export const optionalNumber = (name: string): Field => ({ name, type: 'number', required: false });

export const invalidJson = 'Please send valid JSON data with request.';

/** Fields that passed: texts and numbers of the schema's names, and nothing else. */
export class Fields {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  text(name: string): string {
    const value = this.#object.get(name);
    if (typeof value !== 'string') throw new Error(`field ${name} was not validated as a text`);
    return value;
  }

  number(name: string): number | undefined {
    const value = this.#object.get(name);
    if (value === undefined) return undefined;
    if (!(value instanceof JsonNumber)) throw new Error(`field ${name} was not validated as a number`);
    return value.value;
  }

  /** As the caller wrote it, for error texts. */
  shown(name: string): string {
    return pythonRepr(this.#object.get(name) ?? null);
  }
}

export type Validated = { readonly fields: Fields } | { readonly fault: string };

/** `value`: what was parsed; undefined: nothing, or no JSON. */
export function validate(value: JsonValue | undefined, schema: Schema): Validated {
  if (value === undefined || value === null) return { fault: invalidJson };
  if (!(value instanceof Map)) return { fault: `${pythonRepr(value)} is not of type 'object'` };
  const object: JsonObject = value;
  const missing = schema.find(({ name, required }) => required && !object.has(name));
  if (missing !== undefined) return { fault: `'${missing.name}' is a required property` };
  for (const { name, type } of schema) {
    const field = object.get(name);
    if (field === undefined) continue;
    if (!hasType(field, type)) return { fault: `${pythonRepr(field)} is not of type '${type}'` };
  }
  return { fields: new Fields(object) };
}

function hasType(value: JsonValue, type: Field['type']): boolean {
  return type === 'string' ? typeof value === 'string' : value instanceof JsonNumber;
}
