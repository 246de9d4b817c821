/** Records as they enter: every field is read once, and what comes out is what will be stored. */
import type { Codec } from '../api.ts';
import { CallboardError } from '../errors.ts';
import { bytesIn, isTypedArray } from './bytes.ts';
import { jsonOf } from './json.ts';
import { asRefusal, guarded, reasonOf, refused, refuseUnknown, type Rule, type Table } from './options.ts';
import { wholeFrom } from './rules.ts';
import { isWellFormed, kindOf, shown } from './text.ts';

/** What a producer needs of its codec. */
export type Encoder = Pick<Codec<unknown>, 'encode'>;
export type Content = string | Uint8Array;
export type Header = readonly [name: string, value: Content];

/** A record that can be sent. Bytes are still the caller's. */
export interface CheckedRecord {
  readonly key: Content | undefined;
  readonly value: Content;
  readonly headers: readonly Header[];
  readonly partition: number | undefined;
  readonly timestamp: number | undefined;
}

const newestMs = 8.64e15;
const anything: Rule = { holds: () => true, what: '' };
const partitionRule = wholeFrom(0);
const timestampRule = wholeFrom(0, newestMs);

const recordTable: Table = {
  fields: {
    key: anything,
    value: anything,
    headers: anything,
    partition: partitionRule,
    timestamp: timestampRule,
  },
  others: {
    payload: 'value',
    message: 'value',
    data: 'value',
    body: 'value',
    time: 'timestamp',
    date: 'timestamp',
  },
};

const none: readonly Header[] = [];
const fieldNames: ReadonlySet<string> = new Set(Object.keys(recordTable.fields));
/** The record format counts them in 16 bits. */
const mostHeaders = 0xffff;
const headerNameBytes = 0xffff;

/** `where` names the record for messages, which only a refusal makes: records are many. */
export function checkedRecord(given: unknown, where: string, codec?: Encoder): CheckedRecord {
  try {
    if (typeof given !== 'object' || given === null) {
      throw refused(`${where} must be an object such as { value: 'text' }, not ${shown(given)}`);
    }
    for (const name in given) if (!fieldNames.has(name)) refuseUnknown(where, given, recordTable);
    if (Object.getOwnPropertySymbols(given).length > 0) refuseUnknown(where, given, recordTable);
    const { key, value, headers, partition, timestamp } = given as Readonly<Record<string, unknown>>;
    return {
      key: key === undefined || key === null ? undefined : contentOf(key, where, 'key'),
      value: codec === undefined ? valueOf(value, where) : encoded(value, where, codec),
      headers: headers === undefined ? none : headersOf(headers, `${where}: headers`),
      partition: partition === undefined ? undefined : whole(partition, where, 'partition', partitionRule),
      timestamp: timestamp === undefined ? undefined : whole(timestamp, where, 'timestamp', timestampRule),
    };
  } catch (error) {
    throw asRefusal(where, error);
  }
}

/** All records of a batch, or none. */
export function checkedBatch(given: unknown, where: string, codec?: Encoder): readonly CheckedRecord[] {
  return guarded(where, () => {
    if (!Array.isArray(given)) throw refused(`${where} must be a list of records, not ${shown(given)}`);
    const records: CheckedRecord[] = [];
    const { length } = given;
    for (let i = 0; i < length; i += 1) records.push(checkedRecord(given[i], `${where}[${i}]`, codec));
    return records;
  });
}

function encoded(value: unknown, where: string, codec: Encoder): Content {
  let written: unknown;
  try {
    written = codec.encode(value);
  } catch (error) {
    const reason = error instanceof CallboardError ? error.detail : reasonOf(error);
    throw refused(`${where}: value could not be encoded: ${reason}`, error);
  }
  return contentOf(written, where, 'value, as its codec wrote it,');
}

function valueOf(value: unknown, where: string): Content {
  if (typeof value === 'string') return isWellFormed(value) ? value : noSurrogates(`${where}: value`);
  if (value === undefined) throw refused(`${where}: value is missing`);
  const bytes = bytesIn(value, where);
  if (bytes !== undefined) return bytes;
  if (typeof value === 'object' && value !== null && isTypedArray(value)) {
    throw refused(`${where}: value only looks like bytes: it is a proxy of them`);
  }
  return jsonOf(value, `${where}: value`);
}

function contentOf(value: unknown, where: string, field: string): Content {
  if (typeof value === 'string') return isWellFormed(value) ? value : noSurrogates(`${where}: ${field}`);
  const bytes = bytesIn(value, where);
  if (bytes === undefined) throw refused(`${where}: ${field} must be text or bytes, not ${shown(value)}`);
  return bytes;
}

function noSurrogates(where: string): never {
  throw refused(
    `${where} holds a lone surrogate, which UTF-8 has no bytes for; send bytes, or text.toWellFormed()`,
  );
}

function whole(value: unknown, where: string, field: string, rule: Rule): number {
  if (rule.holds(value)) return value as number;
  const date = kindOf(Object(value)) === 'Date' ? '; did you mean its getTime()?' : '';
  throw refused(`${where}: ${field} must be ${rule.what}, not ${shown(value)}${date}`);
}

function headersOf(given: unknown, where: string): readonly Header[] {
  if (typeof given !== 'object' || given === null || kindOf(given) !== 'Object') {
    const instead =
      given instanceof Map || kindOf(Object(given)) === 'Headers' ? ', such as Object.fromEntries(it)' : '';
    throw refused(`${where} must be an object of texts and bytes by name${instead}, not ${shown(given)}`);
  }
  if (Object.getOwnPropertySymbols(given).length > 0) throw refused(`${where} may not be named by symbols`);
  const names = Object.keys(given);
  if (names.length > mostHeaders) {
    throw refused(`${where} has ${names.length} entries, a record has ${mostHeaders} at most`);
  }
  return names.map((name): Header => {
    const field = `${where}: ${name.slice(0, 60)}`;
    if (!isWellFormed(name)) noSurrogates(`the name of ${field}`);
    // No UTF-16 unit takes more than three bytes.
    if (name.length * 3 > headerNameBytes && new TextEncoder().encode(name).byteLength > headerNameBytes) {
      throw refused(`the name of ${field} has more than ${headerNameBytes} bytes`);
    }
    return [name, contentOf((given as Record<string, unknown>)[name], where, name.slice(0, 60))];
  });
}
