/** A consumer reads every partition to its end, and remembers what came and which calls failed. */
import type { Api } from '../../test/lib/api.ts';
import { eventually, pause } from '../../test/lib/eventually.ts';

/** `lost`: a consume that may have taken a record unseen. `failed`: one that took none. */
export type HistoryEvent = { readonly text: string } | 'lost' | 'failed';

/** What happened in one partition, in order. */
export type History = readonly HistoryEvent[];

export function textsOf(history: History): string[] {
  return history.flatMap((event) => (typeof event === 'object' ? [event.text] : []));
}

export interface ConsumerOptions {
  readonly apis: readonly Api[];
  readonly topic: string;
  readonly partitions: number;
  /** Once true, an empty partition is at its end. */
  readonly isComplete: () => boolean;
  readonly onRecord: () => void;
}

async function readPartition(
  options: ConsumerOptions,
  consumer: string,
  partition: number,
): Promise<History> {
  const { apis, topic, isComplete, onRecord } = options;
  const history: HistoryEvent[] = [];
  let node = partition;
  let failures = 0;
  for (;;) {
    // Asked before the answer: what is stored later must be read later.
    const complete = isComplete();
    const api = apis[node % apis.length];
    if (api === undefined) throw new Error('no node to read from');
    const consumed = await api.consume({ topic, consumer, partition });
    if (consumed.kind === 'record') {
      history.push({ text: consumed.message });
      failures = 0;
      onRecord();
      continue;
    }
    if (consumed.kind === 'empty') {
      if (complete) return history;
    } else {
      history.push(consumed.outcome === 'not_applied' ? 'failed' : 'lost');
      failures += 1;
      node += 1;
      if (failures > 1_000) {
        throw new Error(`partition ${partition}: ${JSON.stringify(consumed.answer.body)}`);
      }
    }
    await pause();
  }
}

/** One history per partition. */
export async function consumeAll(options: ConsumerOptions, firstNode: number): Promise<readonly History[]> {
  const { apis, topic, partitions } = options;
  const consumer = await eventually('a consumer is registered', () =>
    apis[firstNode % apis.length]?.registerConsumer(topic),
  );
  return await Promise.all(
    Array.from({ length: partitions }, (_, partition) => readPartition(options, consumer, partition)),
  );
}
