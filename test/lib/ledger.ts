/**
 * What was sent and what was acknowledged, and the judgement over what the cluster holds in the end. Every value is
 * sent once (with a sequence number, so retries are the same record), so a value found twice is a duplicate.
 */
import type { Api, Produced } from './api.ts';
import { describeAnswer } from './api.ts';
import { eventually } from './eventually.ts';

export class Ledger {
  readonly topic: string;
  readonly partitions: number;
  readonly #sent = new Set<string>();
  readonly #acknowledged = new Map<string, Produced>();

  constructor(topic: string, partitions: number) {
    this.topic = topic;
    this.partitions = partitions;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Acknowledged records by partition. */
  get perPartition(): readonly number[] {
    const counts = Array.from({ length: this.partitions }, () => 0);
    for (const { partition } of this.#acknowledged.values()) counts[partition] = (counts[partition] ?? 0) + 1;
    return counts;
  }

  sent(value: string): void {
    this.#sent.add(value);
  }

  acknowledge(value: string, at: Produced): void {
    this.#acknowledged.set(value, at);
  }

  /** All that is wrong with these contents, one list of values per partition from offset 0; empty if nothing is. */
  faultsIn(contents: readonly (readonly string[])[]): string[] {
    const faults: string[] = [];
    const places = new Map<string, string>();
    for (const [partition, values] of contents.entries()) {
      for (const [offset, value] of values.entries()) {
        const place = `${partition}/${offset}`;
        const before = places.get(value);
        if (before !== undefined) faults.push(`'${value}' is stored twice, at ${before} and ${place}`);
        if (!this.#sent.has(value)) faults.push(`'${value}' at ${place} was never sent`);
        places.set(value, place);
      }
    }
    for (const [value, { partition, offset }] of this.#acknowledged) {
      const place = places.get(value);
      const promised = `${partition}/${offset}`;
      if (place === undefined) faults.push(`'${value}' was acknowledged at ${promised} and is lost`);
      else if (place !== promised) {
        faults.push(`'${value}' was acknowledged at ${promised} and is at ${place}`);
      }
    }
    return faults;
  }

  /** Reads everything with a new consumer, spread over these nodes, and throws if anything is wrong. */
  async verify(apis: readonly Api[]): Promise<void> {
    const contents = await readEverything(apis, this.topic, this.partitions);
    const faults = this.faultsIn(contents);
    if (faults.length === 0) return;
    const shown = faults.slice(0, 20).join('\n  ');
    throw new Error(
      `${faults.length} faults in ${this.topic} (${this.acknowledged} acknowledged):\n  ${shown}`,
    );
  }
}

async function readPartition(
  api: Api,
  topic: string,
  consumer: string,
  partition: number,
): Promise<readonly string[]> {
  const values: string[] = [];
  for (;;) {
    const consumed = await api.consume({ topic, consumer, partition });
    if (consumed.kind === 'empty') return values;
    // No faults are about any more: a failure here is one of the cluster.
    if (consumed.kind === 'failed') {
      throw new Error(`consume of ${topic}/${partition}: ${describeAnswer(consumed.answer)}`);
    }
    values.push(consumed.message);
  }
}

/** The values of each partition in order, from offset 0 to the end. */
async function readEverything(
  apis: readonly Api[],
  topic: string,
  partitions: number,
): Promise<readonly (readonly string[])[]> {
  const first = apis[0];
  if (first === undefined) throw new Error('no node to read from');
  const consumer = await eventually('a consumer is registered', () => first.registerConsumer(topic));
  return await Promise.all(
    Array.from({ length: partitions }, (_, i) =>
      readPartition(apis[i % apis.length] ?? first, topic, consumer, i),
    ),
  );
}
