/** Three producers send all lines into six partitions, each line until it is acknowledged. */
import { producedOf } from '../../test/lib/api.ts';
import type { Api } from '../../test/lib/api.ts';
import { eventually, pause } from '../../test/lib/eventually.ts';
import type { Line } from './lines.ts';

/** Where a line was stored, in the words of the acknowledgement. */
export interface Stored {
  readonly line: Line;
  readonly producer: number;
  readonly partition: number;
  readonly offset: number;
}

export interface ProducerOptions {
  readonly apis: readonly Api[];
  readonly topic: string;
  readonly producers: number;
  readonly partitions: number;
  readonly lines: readonly Line[];
  readonly onStored: (stored: Stored) => void;
  /** Resolves when this share of all lines (0 to 1) may be sent. */
  readonly mayReach: (share: number) => Promise<void>;
}

/** What one producer sends into one partition, in order: one record at a time, numbered, so that a retry is no second record. */
class Queue {
  readonly #options: ProducerOptions;
  readonly #producer: number;
  readonly #id: string;
  readonly #partition: number;
  #node: number;
  retries = 0;

  constructor(options: ProducerOptions, producer: number, id: string, partition: number) {
    this.#options = options;
    this.#producer = producer;
    this.#id = id;
    this.#partition = partition;
    this.#node = producer + partition;
  }

  async send(lines: readonly Line[]): Promise<void> {
    for (const [sequence, line] of lines.entries()) {
      await this.#options.mayReach(sequence / lines.length);
      const { partition, offset } = await this.#untilStored(line.text, sequence);
      this.#options.onStored({ line, producer: this.#producer, partition, offset });
    }
  }

  async #untilStored(message: string, sequence: number): Promise<{ partition: number; offset: number }> {
    const { apis, topic } = this.#options;
    const what = `line ${sequence} of producer ${this.#producer} for partition ${this.#partition} is stored`;
    return await eventually(
      what,
      async () => {
        const api = apis[this.#node % apis.length];
        const fields = { topic, producer: this.#id, message, partition: this.#partition, sequence };
        const answer = await api?.tryProduce(fields);
        if (answer?.status === 200) return producedOf(answer);
        this.retries += 1;
        this.#node += 1;
        await pause();
        throw new Error(JSON.stringify(answer?.body));
      },
      60_000,
    );
  }
}

/** Resolves to the number of retries that were needed. */
export async function produceAll(options: ProducerOptions): Promise<number> {
  const { apis, topic, producers, partitions, lines } = options;
  const queues: { queue: Queue; lines: Line[] }[][] = [];
  for (let producer = 0; producer < producers; producer += 1) {
    const id = await eventually('a producer is registered', () =>
      apis[producer % apis.length]?.registerProducer(topic),
    );
    queues.push(
      Array.from({ length: partitions }, (_, partition) => ({
        queue: new Queue(options, producer, id, partition),
        lines: [],
      })),
    );
  }
  // A file belongs to one producer as far as possible, and its lines go round the partitions.
  const files = [...new Set(lines.map(({ file }) => file))];
  for (const line of lines) {
    const producer = files.indexOf(line.file) % producers;
    queues[producer]?.[line.number % partitions]?.lines.push(line);
  }
  const all = queues.flat();
  await Promise.all(all.map(({ queue, lines: own }) => queue.send(own)));
  return all.reduce((sum, { queue }) => sum + queue.retries, 0);
}
