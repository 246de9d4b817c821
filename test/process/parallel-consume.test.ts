// weight: heavy
// timeout: 300 s
/** One consumer id used on all nodes at the same time: no record comes twice, and none is left out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeAnswer } from '../lib/api.ts';
import type { Api, ConsumeFields } from '../lib/api.ts';
import { withLastWords, type Cluster } from '../lib/cluster.ts';
import { repeats } from '../lib/effort.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';

const test = suite('parallel consumes of one id');
const PARTITIONS = 4;
const RECORDS = repeats(100, 4_000);
const LOOPS_PER_NODE = 6;

const sharedCluster = onSharedCluster(test);

async function fill(cluster: Cluster, topic: string): Promise<void> {
  await cluster.api(0).createTopic(topic, PARTITIONS);
  const producer = await cluster.api(1).registerProducer(topic);
  let next = 0;
  const write = async (api: Api): Promise<void> => {
    while (next < RECORDS) {
      const message = String(next);
      next += 1;
      await api.produce({ topic, producer, message, partition: Number(message) % PARTITIONS });
    }
  };
  await Promise.all(cluster.apis.flatMap((api) => Array.from({ length: 8 }, () => write(api))));
}

/** Reads until there is nothing left; every failure is one of the cluster, as nothing disturbs it. */
async function drain(api: Api, fields: ConsumeFields, into: string[]): Promise<void> {
  for (;;) {
    const consumed = await api.consume(fields);
    if (consumed.kind === 'empty') return;
    if (consumed.kind === 'failed') throw new Error(describeAnswer(consumed.answer));
    into.push(consumed.message);
  }
}

async function drainOnAllNodes(cluster: Cluster, fields: ConsumeFields): Promise<readonly string[]> {
  const taken: string[] = [];
  const loops = cluster.apis.flatMap((api) =>
    Array.from({ length: LOOPS_PER_NODE }, () => drain(api, fields, taken)),
  );
  await Promise.all(loops);
  return taken;
}

function numbers(values: readonly string[]): number[] {
  return values.map(Number).toSorted((a, b) => a - b);
}

test('gives each record to exactly one of them', async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    const topic = 'shared-id';
    await fill(cluster, topic);
    const consumer = await cluster.api(2).registerConsumer(topic);
    const taken = await drainOnAllNodes(cluster, { topic, consumer });
    assert.equal(
      numbers(taken),
      Array.from({ length: RECORDS }, (_, i) => i),
    );
    const sizes = await cluster.api(1).sizes({ topic, consumer });
    assert.equal(
      [...sizes.values()],
      Array.from({ length: PARTITIONS }, () => 0),
    );

    const another = await cluster.api(0).registerConsumer(topic);
    const ofOne = await drainOnAllNodes(cluster, { topic, consumer: another, partition: 1 });
    const expected = Array.from({ length: RECORDS }, (_, i) => i).filter((i) => i % PARTITIONS === 1);
    assert.equal(numbers(ofOne), expected);
  });
});

test.run();
