/** Values that are written as JSON, looked at before: JSON.stringify makes `null` or `{}` of what it has no form for, and says nothing. */
import { isTypedArray } from './bytes.ts';
import { reasonOf, refused } from './options.ts';
import { kindOf, shown } from './text.ts';

/** The text that stands for `value`. Refused, with its path, is what would come back as something else. */
export function jsonOf(value: unknown, where: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw refused(`${where} cannot be written as JSON: ${firstLine(reasonOf(error))}`, error);
  }
  // After JSON.stringify, which tells cycles.
  const fault = faultOf(value);
  if (fault !== undefined) throw refused(`${where}${fault.path} is ${fault.what}`);
  if (text === undefined) throw refused(`${where} is ${shown(value)}, which has no form as a record`);
  return text;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

interface Fault {
  /** Below the value; made on the way out, so that a good value pays nothing for it. */
  readonly path: string;
  readonly what: string;
}

function faultOf(value: unknown): Fault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value)
        ? undefined
        : { path: '', what: `${value}, which JSON has no number for` };
    case 'object':
      if (value === null) return undefined;
      return Array.isArray(value) ? faultOfList(value) : faultOfObject(value);
    case 'bigint':
      // Whoever gave them a toJSON has said how they are written.
      if ('toJSON' in BigInt.prototype) return undefined;
      break;
    default:
  }
  return { path: '', what: `${shown(value)}, which has no form in JSON` };
}

function faultOfList(list: readonly unknown[]): Fault | undefined {
  for (let i = 0; i < list.length; i += 1) {
    const fault = faultOf(list[i]);
    if (fault !== undefined) return { ...fault, path: `[${i}]${fault.path}` };
  }
  return undefined;
}

function faultOfObject(value: object): Fault | undefined {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    const invalid = kindOf(value) === 'Date' && Number.isNaN(Number(value));
    return invalid ? { path: '', what: 'an invalid Date' } : undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const fault = faultOfKind(value);
    if (fault !== undefined) return fault;
  }
  for (const name of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[name];
    // A property that is not set is none, as everywhere in JSON.
    const fault = inner === undefined ? undefined : faultOf(inner);
    if (fault !== undefined) return { ...fault, path: `.${name}${fault.path}` };
  }
  return undefined;
}

/** Instances of classes are what their properties are; what is built in keeps its contents elsewhere. */
function faultOfKind(value: object): Fault | undefined {
  const kind = kindOf(value);
  if (kind === 'Number' || kind === 'String' || kind === 'Boolean') return undefined;
  if (kind === 'Object' && !isTypedArray(value)) return undefined;
  const instead =
    kind === 'Map' ? 'Object.fromEntries(it)' : kind === 'Set' ? '[...it]' : 'an object or list';
  return { path: '', what: `of type ${kind}, which has no form in JSON; send ${instead}` };
}
