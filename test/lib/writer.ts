/** A producer that never gives up: each record goes to one node after the other, under one sequence number, until it is acknowledged. */
import { producedOf } from './api.ts';
import type { Answer, Api } from './api.ts';
import { repeats } from './effort.ts';
import { eventually, pause } from './eventually.ts';
import type { Ledger } from './ledger.ts';

/** Answers that no further attempt would change. */
const FINAL: readonly unknown[] = [
  'topic_not_found',
  'producer_not_registered',
  'invalid_partition',
  'bad_request',
];

const PACE_MS = repeats(120, 40);

export interface WriterOptions {
  readonly apis: readonly Api[];
  readonly ledger: Ledger;
  readonly name: string;
  readonly partition: number;
  /** Behind each value, for those who want larger ones. */
  readonly padding: string;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #stopped = new AbortController();
  readonly #finished: Promise<void>;
  #node: number;
  #sequence = 0;
  #error: unknown;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#node = options.partition;
    this.#finished = this.#run().catch((error: unknown) => {
      this.#error = error;
    });
  }

  /** Ends after the record in hand; throws what went wrong, if anything did. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#finished;
    if (this.#error !== undefined) throw this.#error;
  }

  /** What stopped it by itself, if anything did. */
  get error(): unknown {
    return this.#error;
  }

  get #api(): Api {
    const { apis } = this.#options;
    const api = apis[this.#node % apis.length];
    if (api === undefined) throw new Error('no node to write to');
    return api;
  }

  async #run(): Promise<void> {
    const { ledger, name, partition, padding } = this.#options;
    const producer = await eventually(`${name} is registered`, () => {
      this.#node += 1;
      return this.#api.registerProducer(ledger.topic);
    });
    while (!this.#stopped.signal.aborted) {
      const value = `${name}-${partition}-${this.#sequence}${padding}`;
      ledger.sent(value);
      const fields = { topic: ledger.topic, producer, message: value, partition, sequence: this.#sequence };
      ledger.acknowledge(
        value,
        producedOf(await this.#untilAcknowledged(() => this.#api.tryProduce(fields))),
      );
      this.#sequence += 1;
      // All of it is read again in the end, one record at a time: more of them would prove no more.
      await pause(PACE_MS);
    }
  }

  async #untilAcknowledged(attempt: () => Promise<Answer>): Promise<Answer> {
    return await eventually(
      `${this.#options.name} is acknowledged`,
      async () => {
        const answer = await attempt();
        if (answer.status === 200) return answer;
        const { code, message } = answer.body;
        this.#node += 1;
        if (FINAL.includes(code)) {
          throw new FinalAnswer(`${this.#options.name}: ${String(code)}: ${String(message)}`);
        }
        await pause();
        throw new Error(`${String(code)}: ${String(message)}`);
      },
      90_000,
      FinalAnswer,
    );
  }
}

class FinalAnswer extends Error {}

/** One writer per partition. */
export function startWriters(apis: readonly Api[], ledger: Ledger, padding = ''): readonly Writer[] {
  return Array.from({ length: ledger.partitions }, (_, partition) => {
    return new Writer({ apis, ledger, name: 'writer', partition, padding });
  });
}

/** Waits until every partition has this many more acknowledged records than now: it takes writes. */
export async function untilAllAcknowledge(
  ledger: Ledger,
  writers: readonly Writer[],
  more: number,
): Promise<void> {
  const before = ledger.perPartition;
  await eventually(
    `every partition acknowledges ${more} more records`,
    () => {
      const failed = writers.find(({ error }) => error !== undefined);
      if (failed !== undefined) return 'failed' as const;
      return ledger.perPartition.every((count, partition) => count >= (before[partition] ?? 0) + more);
    },
    60_000,
  );
  for (const writer of writers) if (writer.error !== undefined) throw writer.error;
}
