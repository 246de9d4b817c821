/** What single values may be. */
import type { Rule, Table } from './options.ts';
import { checked, checkedValue, refused } from './options.ts';
import { isName, nearest, shown } from './text.ts';

/** A timer counts up to here; what is longer would end at once. */
const longestMs = 2_147_483_647;
/** Of names of topics and consumers, in bytes. */
const nameBytes = 200;
const mostPartitions = 65_536;

export function wholeFrom(least: number, most: number = Number.MAX_SAFE_INTEGER): Rule {
  const end = most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`;
  return {
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    what: `a whole number from ${least} ${end}`,
    near: (value) => (isNumeral(value) ? `${Number(value)}, without quotes` : undefined),
  };
}

export const milliseconds: Rule = {
  holds: (value) => typeof value === 'number' && value > 0 && value <= longestMs,
  what: `a number of milliseconds above 0, and no more than ${longestMs}`,
  near: (value) => (isNumeral(value) ? `${Number(value)}, without quotes` : undefined),
};

export const delay: Rule = {
  ...milliseconds,
  holds: (value) => value === 0 || milliseconds.holds(value),
  what: `a number of milliseconds from 0 to ${longestMs}`,
};

export const flag: Rule = { holds: (value) => typeof value === 'boolean', what: 'true or false' };

export const callback: Rule = { holds: (value) => typeof value === 'function', what: 'a function' };

/** By what it can do: it may come from another realm, or from a library. */
export const abortSignal: Rule = {
  holds: (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
    return (
      typeof aborted === 'boolean' &&
      typeof addEventListener === 'function' &&
      typeof removeEventListener === 'function'
    );
  },
  what: 'an AbortSignal',
  near: (value) => (hasSignal(value) ? 'its signal' : undefined),
};

export function textTo(maxBytes: number): Rule {
  return {
    holds: (value) => isName(value, maxBytes),
    what: `text of 1 to ${maxBytes} bytes, without control characters`,
  };
}

/** `meant`: for words that stand for one of these elsewhere. */
export function oneOf(values: readonly string[], meant: Readonly<Record<string, string>> = {}): Rule {
  const quoted = values.map((value) => `'${value}'`);
  return {
    holds: (value) => typeof value === 'string' && values.includes(value),
    what: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    near: (value) => {
      const word = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
      const near = Object.hasOwn(meant, word) ? meant[word] : nearest(word, values);
      return near === undefined ? undefined : `'${near}'`;
    },
  };
}

export const consumerId: Rule = textTo(nameBytes);

export const topicName: Rule = {
  holds: (value) =>
    typeof value === 'string' &&
    value.length <= nameBytes &&
    /^[A-Za-z0-9._:-]+$/.test(value) &&
    !/^\.+$/.test(value),
  what: `1 to ${nameBytes} of the characters A-Z, a-z, 0-9, dot, underscore, hyphen and colon, and not only dots`,
};

/** A list of whole numbers from 0, none of them missing. */
export const partitionList: Rule = {
  holds: (value) => Array.isArray(value),
  what: 'a list of partition numbers',
  copy: (value, where) => {
    const given = value as readonly unknown[];
    const { length } = given;
    if (length === 0) throw refused(`${where} is empty: nothing would ever be read`);
    if (length > mostPartitions) throw refused(`${where} has ${length} numbers, no topic has as many`);
    const list: number[] = [];
    for (let i = 0; i < length; i += 1) {
      list.push(checkedValue(`${where}[${i}]`, given[i], wholeFrom(0)) as number);
    }
    return list;
  },
};

const places: Rule = oneOf(['earliest', 'latest'], {
  newest: 'latest',
  new: 'latest',
  end: 'latest',
  last: 'latest',
  now: 'latest',
  none: 'latest',
  '-1': 'latest',
  oldest: 'earliest',
  beginning: 'earliest',
  begin: 'earliest',
  start: 'earliest',
  first: 'earliest',
  all: 'earliest',
  '-2': 'earliest',
});

const newestMs = 8.64e15;

/** Milliseconds of a date, or as they are; undefined for what is no time. */
function timeOf(value: unknown): number | undefined {
  let ms = value;
  if (typeof value === 'object' && value !== null) {
    try {
      // The method itself tells dates from everything else, those of other realms included.
      ms = Date.prototype.getTime.call(value);
    } catch {
      return undefined;
    }
  }
  const holds = Number.isSafeInteger(ms) && (ms as number) >= 0 && (ms as number) <= newestMs;
  return holds ? (ms as number) : undefined;
}

const time: Rule = {
  holds: (value) => timeOf(value) !== undefined,
  what: 'a valid Date, or whole milliseconds since 1970',
  near: (value) => (typeof value === 'string' ? `new Date(${shown(value)})` : undefined),
  copy: timeOf,
};

const positionTable: Table = {
  fields: { offset: wholeFrom(0), time },
  others: { timestamp: 'time', date: 'time', position: 'offset', seq: 'offset', sequence: 'offset' },
};

/** Where to read from. What it gives is a copy that holds a number for a time. */
export const from: Rule = {
  holds: (value) => places.holds(value) || (typeof value === 'object' && value !== null),
  what: `'earliest', 'latest', { offset } or { time }`,
  near: (value) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? `{ offset: ${Number(value)} }` : places.near?.(value),
  copy: (value, where) => {
    if (typeof value === 'string') return value;
    const position = checked<{ offset?: number; time?: number }>(where, value, positionTable);
    if (Object.keys(position).length !== 1) {
      throw refused(`${where} must be 'earliest', 'latest', { offset } or { time }, one of them`);
    }
    return position;
  },
};

function isNumeral(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value);
}

function hasSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && abortSignal.holds((value as AbortController).signal);
}
