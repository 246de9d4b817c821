/** Values of flags, checked and told of by name. */
import { suggest } from '../../node/config-near-miss.ts';
import { CliError } from '../errors.ts';

function refuse(flag: string, value: string | boolean | undefined, why: string): CliError {
  return new CliError('usage', `${flag} is '${String(value)}' (came from the command line): ${why}.`);
}

/** Undefined if the flag was not given. */
export function wholeNumber(
  flag: string,
  value: string | boolean | undefined,
  least: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw refuse(flag, value, `write a whole number from ${least} upwards`);
}

export function oneOfWords<const T extends string>(
  flag: string,
  value: string | boolean | undefined,
  words: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word !== undefined) return word;
  throw refuse(flag, value, suggest(String(value), words).replace(/[.]$/, ''));
}

/** Numbers with commas: `0,2`. */
export function partitionList(
  flag: string,
  value: string | boolean | undefined,
): readonly number[] | undefined {
  if (value === undefined) return undefined;
  return String(value)
    .split(',')
    .map((part) => wholeNumber(flag, part.trim(), 0) ?? 0);
}
