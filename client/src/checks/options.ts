/**
 * The gate for options: each call has a table of its fields, and what is in none, or has a value that its field cannot have, is refused
 * with its name. Everything is read once, here, and only the copy is used.
 */
import { CallboardError, errorOf } from '../errors.ts';
import { kindOf, nearest, shown } from './text.ts';

/** What one field may hold. */
export interface Rule {
  readonly holds: (value: unknown) => boolean;
  /** Continues "must be". */
  readonly what: string;
  /** What was likely meant by a value that does not hold. */
  readonly near?: (value: unknown) => string | undefined;
  /** The value to go on with, read once; it holds. */
  readonly copy?: (value: unknown, where: string) => unknown;
}

export interface Table {
  readonly fields: Readonly<Record<string, Rule>>;
  /** Names that other systems have for these fields. */
  readonly others?: Readonly<Record<string, string>>;
}

export function refused(message: string, cause?: unknown): CallboardError {
  return errorOf('bad_request', { message }, cause === undefined ? undefined : { cause });
}

/** Runs a check: whatever code of the caller's throws in it (getters, proxies) becomes a refusal too. */
export function guarded<T>(where: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw asRefusal(where, error);
  }
}

/** Of what a check threw. */
export function asRefusal(where: string, error: unknown): CallboardError {
  if (error instanceof CallboardError) return error;
  return refused(`${where} could not be read: ${reasonOf(error)}`, error);
}

/** Of anything that was thrown. */
export function reasonOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : undefined;
    return typeof message === 'string' ? message : shown(error);
  } catch {
    return 'it threw something that cannot be shown';
  }
}

/** A copy of the options that are set. `where` names the call. */
export function checked<T extends object>(where: string, given: unknown, table: Table): T {
  if (given === undefined) return {} as T;
  return guarded(`the options of ${where}`, () => {
    if (typeof given !== 'object' || given === null || kindOf(given) !== 'Object') {
      throw refused(`the options of ${where} must be an object, not ${shown(given)}`);
    }
    refuseUnknown(where, given, table);
    const known: Record<string, unknown> = {};
    for (const [name, rule] of Object.entries(table.fields)) {
      const value = (given as Record<string, unknown>)[name];
      if (value !== undefined) known[name] = checkedValue(`${where}: ${name}`, value, rule);
    }
    return known as T;
  });
}

/** One value by its rule. `where` names the field. */
export function checkedValue(where: string, value: unknown, { holds, what, near, copy }: Rule): unknown {
  if (!guarded(where, () => holds(value))) {
    const meant = near === undefined ? undefined : guarded(where, () => near(value));
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw refused(`${where} must be ${what}, not ${shown(value)}${hint}`);
  }
  return copy === undefined ? value : guarded(where, () => copy(value, where));
}

export function refuseUnknown(where: string, given: object, { fields, others = {} }: Table): void {
  // Inherited ones too: whoever makes options from defaults means them.
  for (const name in given) {
    if (Object.hasOwn(fields, name)) continue;
    const known = Object.keys(fields);
    const meant = Object.hasOwn(others, name) ? others[name] : nearest(name, known);
    const hint = meant === undefined ? `it takes ${known.join(', ')}` : `did you mean ${meant}?`;
    throw refused(`${where} has no ${shown(name)}; ${hint}`);
  }
  const symbols = Object.getOwnPropertySymbols(given).length;
  if (symbols > 0) throw refused(`${where} has no fields named by symbols`);
}
