// weight: heavy
// timeout: 600 s
/**
 * S11 through a kill of all nodes: a consumer that loops until it has counted every record gets there, whatever answer died with its
 * node. What comes twice was handed over by a node that died before it could note it, so it came shortly before the kill.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeAnswer } from '../lib/api.ts';
import { withLastWords, type Cluster } from '../lib/cluster.ts';
import { eventually, pause } from '../lib/eventually.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';

const test = suite('takes over HTTP through a kill of all nodes');
const KILLS = 20;
const RECORDS = 300;
const PARTITIONS = 2;
const LOOPS = 3;

const sharedCluster = onSharedCluster(test);

/** Numbered, so that what is sent again is stored once. */
async function fill(cluster: Cluster, topic: string): Promise<void> {
  await cluster.api(0).createTopic(topic, PARTITIONS);
  const producer = await cluster.api(1).registerProducer(topic);
  const fillPartition = async (partition: number): Promise<void> => {
    for (let sequence = 0; sequence < RECORDS / PARTITIONS; sequence += 1) {
      const message = `${partition}/${sequence}`;
      await eventually(`${message} is stored`, async () => {
        const fields = { topic, producer, message, partition, sequence };
        return (await cluster.api(sequence).tryProduce(fields)).status === 200;
      });
    }
  };
  await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => fillPartition(partition)));
}

/** What came, and how often. */
class Reader {
  readonly seen: Map<string, number> = new Map();
  ended = false;
  /** What the last call said that brought no record. */
  last = '';
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #consumer: string;

  constructor(cluster: Cluster, topic: string, consumer: string) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#consumer = consumer;
  }

  /** Calls one node after the other, on and on. */
  async loop(first: number): Promise<void> {
    for (let node = first; !this.ended && this.seen.size < RECORDS; node += 1) {
      const fields = { topic: this.#topic, consumer: this.#consumer };
      const consumed = await this.#cluster.api(node).consume(fields);
      if (consumed.kind !== 'record') {
        this.last = consumed.kind === 'empty' ? 'empty' : describeAnswer(consumed.answer);
        await pause();
        continue;
      }
      this.count(consumed.message);
    }
  }

  count(message: string): void {
    this.seen.set(message, (this.seen.get(message) ?? 0) + 1);
  }
}

async function countThroughKill(cluster: Cluster, topic: string): Promise<void> {
  await fill(cluster, topic);
  const consumer = await cluster.api(2).registerConsumer(topic);
  const reader = new Reader(cluster, topic, consumer);
  const loops = Array.from({ length: LOOPS }, (_, index) => reader.loop(index));
  try {
    await eventually('half of the records are counted', () => reader.seen.size >= RECORDS / 2);
    await cluster.killAll('SIGKILL');
    cluster.startAll();
    await cluster.ready();
    while (reader.seen.size < RECORDS) {
      const counted = reader.seen.size;
      await eventually(`${topic}: more than ${counted} of ${RECORDS} records are counted`, () => {
        if (reader.seen.size > counted) return true;
        throw new Error(`the last call without a record said: ${reader.last}`);
      });
    }
  } finally {
    reader.ended = true;
    await Promise.all(loops);
  }
  // What was handed over shortly before the kill and not noted may still come again.
  await eventually(`${topic}: nothing is left`, async () => {
    const consumed = await cluster.api(0).consume({ topic, consumer });
    if (consumed.kind === 'record') reader.count(consumed.message);
    return consumed.kind === 'empty';
  });
  assert.is(reader.seen.size, RECORDS);
  assert.ok(
    Math.max(...reader.seen.values()) <= 2,
    'a record came more than twice, and every node died once',
  );
  const sizes = await cluster.api(0).sizes({ topic, consumer });
  assert.is(Math.max(...sizes.values()), 0);
}

test(`counts all of ${RECORDS} records, ${KILLS} times in a row`, async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    for (let round = 0; round < KILLS; round += 1) await countThroughKill(cluster, `counted-${round}`);
  });
});

test.run();
