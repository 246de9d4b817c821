// weight: heavy
// timeout: 600 s
/**
 * S11 through a kill of all nodes: a consumer that loops until it has counted every record gets there, whatever answer died with its
 * node. What comes twice was handed over by a node that died before it could note it, so it came shortly before the kill.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCluster, type Cluster } from '../lib/cluster.ts';
import { repeats } from '../lib/effort.ts';
import { eventually, pause } from '../lib/eventually.ts';

const test = suite('takes over HTTP through a kill of all nodes');
const KILLS = repeats(1, 20);
const RECORDS = 300;
const PARTITIONS = 2;
const LOOPS = 3;

async function fill(cluster: Cluster, topic: string): Promise<void> {
  await cluster.api(0).createTopic(topic, PARTITIONS);
  const producer = await cluster.api(1).registerProducer(topic);
  const all = Array.from({ length: RECORDS }, (_, number) =>
    cluster.api(number).produce({ topic, producer, message: String(number), partition: number % PARTITIONS }),
  );
  await Promise.all(all);
}

/** What came, in the order of the answers. */
class Reader {
  readonly seen: Map<string, number> = new Map();
  repeats = 0;
  ended = false;
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
        await pause();
        continue;
      }
      const times = this.seen.get(consumed.message) ?? 0;
      if (times > 0) this.repeats += 1;
      this.seen.set(consumed.message, times + 1);
    }
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
    await eventually(`${topic}: all ${RECORDS} records are counted`, () => reader.seen.size === RECORDS);
  } finally {
    reader.ended = true;
    await Promise.all(loops);
  }
  // Each loop hands over one record at a time, and a node that lives notes it within a second: of those that came in that time before
  // the kill any may come again, but never one of them twice.
  assert.ok(Math.max(...reader.seen.values()) <= 2, 'a record came more than twice, with one death');
  const sizes = await cluster.api(0).sizes({ topic, consumer });
  assert.equal(
    [...sizes.values()],
    Array.from({ length: PARTITIONS }, () => 0),
  );
}

test(`counts all of ${RECORDS} records, ${KILLS} times in a row`, async () => {
  await withCluster({}, async (cluster) => {
    for (let round = 0; round < KILLS; round += 1) await countThroughKill(cluster, `counted-${round}`);
  });
});

test.run();
