/**
 * `callboard produce TOPIC`: a record per line of standard input or of a file.
 *
 * Reads no faster than the cluster takes: it waits for the producer's room before each line. Ctrl-C stops reading, what was read is still
 * sent and its fate told.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { OutgoingRecord, Producer } from '@callboard/client';
import { CliError, exitCodes } from '../errors.ts';
import { connectClient, type CommandContext } from './context.ts';
import { Progress } from './progress.ts';
import { oneOfWords, wholeNumber } from './values.ts';

/** For each record: a failover of its partition takes its time. */
const DEADLINE_MS = 30_000;

interface ProduceOptions {
  readonly file: string | undefined;
  readonly keySeparator: string | undefined;
  readonly perSecond: number | undefined;
  readonly partition: number | undefined;
  readonly acks: 'quorum' | 'leader' | 'none';
}

function parse({ flags }: CommandContext): ProduceOptions {
  const separator = flags['keySeparator'];
  if (separator === '') {
    throw new CliError('usage', '--key-separator is empty: write at least one character.');
  }
  return {
    file: typeof flags['file'] === 'string' && flags['file'] !== '-' ? flags['file'] : undefined,
    keySeparator: typeof separator === 'string' ? unescape(separator) : undefined,
    perSecond: wholeNumber('--rate', flags['rate'], 1),
    partition: wholeNumber('--partition', flags['partition'], 0),
    acks: oneOfWords('--acks', flags['acks'], ['quorum', 'leader', 'none']) ?? 'quorum',
  };
}

function unescape(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

/** A line without the separator has no key. */
export function recordOf(
  line: string,
  { keySeparator, partition }: Pick<ProduceOptions, 'keySeparator' | 'partition'>,
): OutgoingRecord {
  const at = keySeparator === undefined ? -1 : line.indexOf(keySeparator);
  const value = at < 0 ? line : line.slice(at + (keySeparator?.length ?? 0));
  return {
    value,
    ...(at < 0 ? {} : { key: line.slice(0, at) }),
    ...(partition === undefined ? {} : { partition }),
  };
}

/** What became of the records. */
class Tally {
  sent = 0;
  stored = 0;
  bytes = 0;
  failed = 0;
  firstError: unknown;

  send(producer: Producer, record: OutgoingRecord, line: string): void {
    this.sent += 1;
    this.bytes += Buffer.byteLength(line);
    producer.send(record).then(
      () => {
        this.stored += 1;
      },
      (error: unknown) => {
        this.failed += 1;
        this.firstError ??= error;
      },
    );
  }
}

export async function produce(context: CommandContext, topic: string): Promise<number> {
  const options = parse(context);
  const { out } = context;
  const input = await openInput(options.file);
  const client = await connectClient(context, DEADLINE_MS);
  const interruption = new AbortController();
  const stop = (): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const tally = new Tally();
  try {
    const producer = client.producer(topic, { acks: options.acks });
    await sendLines(input, producer, options, tally, interruption.signal);
    await producer.flush();
    await producer.close();
  } finally {
    input.stream.destroy();
    await client.close();
  }
  const interrupted = interruption.signal.aborted;
  if (tally.firstError !== undefined) {
    process.stderr.write(
      `callboard: ${tally.failed} of ${tally.sent} records were not acknowledged; the first one:\n`,
    );
    throw tally.firstError;
  }
  const { stored: records, bytes } = tally;
  if (out.json) await out.document({ topic, records, bytes, acks: options.acks, interrupted });
  else if (out.terminal || interrupted) {
    process.stderr.write(
      `${records} records stored in '${topic}'${interrupted ? ', then interrupted' : ''}.\n`,
    );
  }
  return interrupted ? exitCodes.interrupted : exitCodes.ok;
}

interface Input {
  readonly stream: NodeJS.ReadableStream & { destroy(): void; bytesRead?: number };
  /** Of a file; undefined where nobody knows. */
  readonly bytes: number | undefined;
}

async function openInput(file: string | undefined): Promise<Input> {
  if (file === undefined) return { stream: process.stdin, bytes: undefined };
  try {
    const { size } = await stat(file);
    return { stream: createReadStream(file), bytes: size };
  } catch (error) {
    throw new CliError(
      'usage',
      `--file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

async function sendLines(
  input: Input,
  producer: Producer,
  options: ProduceOptions,
  tally: Tally,
  stop: AbortSignal,
): Promise<void> {
  const progress = new Progress(input.bytes, 'bytes');
  // The signal ends a wait for the next line: destroying the input would leave it waiting for ever.
  const lines = createInterface({ input: input.stream, crlfDelay: Infinity, signal: stop });
  const beganMs = performance.now();
  try {
    for await (const line of lines) {
      if (stop.aborted || tally.firstError !== undefined) return;
      if (options.perSecond !== undefined) {
        const dueMs = beganMs + (tally.sent * 1_000) / options.perSecond;
        const earlyMs = dueMs - performance.now();
        if (earlyMs > 1) await pause(earlyMs);
      }
      await producer.ready;
      tally.send(producer, recordOf(line, options), line);
      progress.at(input.stream.bytesRead ?? 0);
    }
  } finally {
    progress.end();
  }
}
