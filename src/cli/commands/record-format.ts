/** How `callboard consume --format` prints a record: `json`, or a template with placeholders. */
import { isUtf8 } from 'node:buffer';
import type { IncomingRecord } from '@callboard/client';
import { suggest } from '../../node/config-near-miss.ts';
import { CliError } from '../errors.ts';

export type RecordFormat = (record: IncomingRecord) => string | Uint8Array;

const placeholders: Readonly<Record<string, (record: IncomingRecord) => string>> = {
  topic: ({ topic }) => topic,
  partition: ({ partition }) => String(partition),
  offset: ({ offset }) => String(offset),
  timestamp: ({ timestamp }) => timestamp.toISOString(),
  key: (record) => record.keyText() ?? '',
  value: (record) => record.text(),
  headers: ({ headers }) => JSON.stringify(headerTexts(headers)),
};

export const placeholderNames: readonly string[] = Object.keys(placeholders);

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function headerTexts(headers: IncomingRecord['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, decode(value)]));
}

/** Text where it is text; else base64, and `encoding` says so. */
export function jsonOf(record: IncomingRecord): object {
  const { topic, partition, offset, timestamp, value } = record;
  const text = isUtf8(value);
  return {
    topic,
    partition,
    offset,
    timestamp: timestamp.toISOString(),
    key: record.keyText() ?? null,
    value: text ? record.text() : Buffer.from(value).toString('base64'),
    ...(text ? {} : { encoding: 'base64' }),
    headers: headerTexts(record.headers),
  };
}

const NEWLINE = Uint8Array.of(10);

/** Without a format: the bytes of the value, and a line end. */
export function recordFormat(format: string | undefined): RecordFormat {
  if (format === undefined) return ({ value }) => Buffer.concat([value, NEWLINE]);
  if (format === 'json') return (record) => `${JSON.stringify(jsonOf(record))}\n`;
  const parts = format
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .split(/(\{[^{}]*\})/)
    .map((part): string | ((record: IncomingRecord) => string) => {
      if (!/^\{.*\}$/s.test(part)) return part;
      const name = part.slice(1, -1);
      const print = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
      if (print !== undefined) return print;
      throw new CliError(
        'usage',
        `--format has the unknown placeholder {${name}}. ${suggest(name, placeholderNames)}`,
      );
    });
  return (record) => `${parts.map((part) => (typeof part === 'string' ? part : part(record))).join('')}\n`;
}
