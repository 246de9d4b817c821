/**
 * `callboard consume TOPIC`: prints what is pushed, until told to stop.
 *
 * With `--id` it is a durable consumer: a record is acknowledged when it was written, so what was not is seen again. A reader that is slow, or
 * gone, slows or ends the command: nothing piles up here.
 */
import type { Consumer, From, IncomingBatch, TopicInfo } from '@callboard/client';
import { CallFailure, CliError } from '../errors.ts';
import { withClient, type CommandContext } from './context.ts';
import { recordFormat, type RecordFormat } from './record-format.ts';
import { partitionList, wholeNumber } from './values.ts';

interface ConsumeOptions {
  readonly id: string | undefined;
  readonly from: From | undefined;
  readonly count: number;
  readonly exitAtEnd: boolean;
  readonly partitions: readonly number[] | undefined;
  readonly print: RecordFormat;
}

export function parseFrom(text: string): From {
  if (text === 'earliest' || text === 'latest') return text;
  if (/^\d+$/.test(text)) return { offset: Number(text) };
  const time = Date.parse(text);
  if (!Number.isNaN(time) && /^\d{4}-\d{2}-\d{2}/.test(text)) return { time };
  throw new CliError(
    'usage',
    `--from is '${text}' (came from the command line): write earliest, latest, an offset, or a time such as 2030-01-31T12:00:00Z.`,
  );
}

function parse({ flags, out }: CommandContext): ConsumeOptions {
  const text = (name: string): string | undefined => {
    const value = flags[name];
    return typeof value === 'string' ? value : undefined;
  };
  const from = text('from');
  const id = text('id');
  return {
    id,
    // Somebody who reads once and then looks wants to see something: only a durable consumer has a place of its own.
    from:
      from === undefined
        ? id === undefined && flags['exitAtEnd'] === true
          ? 'earliest'
          : undefined
        : parseFrom(from),
    count: wholeNumber('--count', flags['count'], 1) ?? Infinity,
    exitAtEnd: flags['exitAtEnd'] === true,
    partitions: partitionList('--partition', flags['partition']),
    print: recordFormat(text('format') ?? (out.json ? 'json' : undefined)),
  };
}

/** Where each partition ended when the command began, and how far it has come. */
class Ends {
  readonly #targets: ReadonlyMap<number, number>;
  readonly #next = new Map<number, number>();

  constructor({ partitions }: TopicInfo, chosen: readonly number[] | undefined) {
    const wanted = partitions.filter(({ partition }) => chosen === undefined || chosen.includes(partition));
    this.#targets = new Map(wanted.map(({ partition, end }) => [partition, end]));
  }

  passed({ partition, records }: IncomingBatch): void {
    this.#next.set(partition, (records.at(-1)?.offset ?? -1) + 1);
  }

  /** `lag` knows only partitions whose subscription stands; nothing is left of one whose lag is zero. */
  reached(lag: ReadonlyMap<number, number>): boolean {
    return [...this.#targets].every(
      ([partition, end]) => (this.#next.get(partition) ?? 0) >= end || lag.get(partition) === 0,
    );
  }
}

const LOOK_MS = 50;

export async function consume(context: CommandContext, topic: string): Promise<void> {
  const options = parse(context);
  await withClient(context, async (client) => {
    const info = await client.topic(topic);
    if (info === undefined) {
      const message = `There is no topic '${topic}': \`callboard topic ls\` lists them.`;
      throw new CallFailure({ code: 'topic_not_found', message, outcome: 'not_applied', retriable: false });
    }
    const { id, from, partitions } = options;
    const consumer = client.consumer(topic, {
      ...(id === undefined ? {} : { id }),
      ...(from === undefined ? {} : { from }),
      ...(partitions === undefined ? {} : { partitions }),
    });
    const ends = options.exitAtEnd ? new Ends(info, partitions) : undefined;
    await print(context, consumer, options, ends);
  });
}

/** Ends by count, at the end, by a signal, or because nobody reads; the consumer is closed, and so its acks are committed. */
async function print(
  { out }: CommandContext,
  consumer: Consumer,
  options: ConsumeOptions,
  ends: Ends | undefined,
): Promise<void> {
  let stopped = false;
  let busy = false;
  let closing: Promise<void> | undefined;
  const stop = (): void => {
    stopped = true;
    // What is being written is written and acknowledged first.
    if (!busy) closing ??= consumer.close();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const look = setInterval(() => {
    if (!busy && ends?.reached(consumer.lag()) === true) stop();
  }, LOOK_MS);
  let left = options.count;
  let refusal: unknown;
  const refused = (error: unknown): void => void (refusal ??= error);
  try {
    for await (const batch of consumer.batches()) {
      busy = true;
      left -= await printBatch(out, batch, left, options, { stopped: () => stopped, refused });
      ends?.passed(batch);
      busy = false;
      if (stopped || left === 0 || ends?.reached(consumer.lag()) === true) break;
    }
  } catch (error) {
    if (closing === undefined) throw error;
  } finally {
    clearInterval(look);
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await (closing ?? consumer.close());
  }
  // Closing has waited for the acks: what was printed and is not acknowledged will be seen again.
  if (refusal !== undefined) throw refusal;
}

/** Answers how many it has printed; these are acknowledged, with their cursors committed by the time the consumer is closed. */
async function printBatch(
  out: CommandContext['out'],
  { records }: IncomingBatch,
  most: number,
  { id, print: show }: ConsumeOptions,
  { stopped, refused }: { readonly stopped: () => boolean; readonly refused: (error: unknown) => void },
): Promise<number> {
  let printed = 0;
  for (const record of records) {
    if (printed === most || stopped()) break;
    await out.write(show(record));
    printed += 1;
    if (id !== undefined) record.ack().catch(refused);
  }
  return printed;
}
