/** The node's log: JSON lines for machines, and the same lines readable where somebody watches. */
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../node/config.ts';
import { descriptorTarget, LogFile } from './log-file.ts';
import { LogSink } from './log-sink.ts';

const LABELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const HIDDEN = ['level', 'time', 'pid', 'hostname', 'msg', 'node', 'err'];

/** One JSON line of pino as a person reads it; a line that is none stays as it is. */
export function readableLine(line: string): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toTimeString().slice(0, 8) : '';
  const label = LABELS[Number(entry['level'])] ?? String(entry['level']);
  const fields = Object.entries(entry)
    .filter(([name]) => !HIDDEN.includes(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  return `${time} ${label.padEnd(5)} ${message}${fields.join('')}`;
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** `file`: where the log is kept; absent: standard output. Throws what the system says of a file that cannot be opened. */
export function createLogger(node: string, level: LogLevel, file?: string): Logger {
  const options = { level, base: { node } };
  if (file !== undefined) return pino(options, new LogSink(new LogFile(file)));
  // Not by `process.stdout`, whose mere mention makes a pipe non-blocking.
  if (isatty(1)) {
    return pino(options, {
      write: (line: string) => process.stdout.write(`${readableLine(line.trimEnd())}\n`),
    });
  }
  return pino(options, new LogSink(descriptorTarget(1)));
}
