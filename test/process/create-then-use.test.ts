// weight: heavy
// timeout: 300 s
/** A topic is there for everybody when its creation is answered, on whatever node it was asked for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withLastWords, type Cluster } from '../lib/cluster.ts';
import { repeats } from '../lib/effort.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';

const test = suite('create, then use elsewhere');
const TOPICS = repeats(16, 1_000);
const AT_ONCE = 8;

const sharedCluster = onSharedCluster(test);

/** Create on one node, then register, write and read on the others: all of it without waiting in between. */
async function createAndUse(cluster: Cluster, index: number): Promise<void> {
  const topic = `used-at-once-${index}`;
  const message = `message ${index}`;
  await cluster.api(index).createTopic(topic, 1);
  // Registering a consumer does not create a topic, so this is where a node that is behind would show.
  const consumer = await cluster.api(index + 1).registerConsumer(topic);
  const producer = await cluster.api(index + 2).registerProducer(topic);
  assert.equal(await cluster.api(index + 1).produce({ topic, producer, message }), {
    partition: 0,
    offset: 0,
  });
  const consumed = await cluster.api(index + 2).consume({ topic, consumer });
  assert.equal(consumed, { kind: 'record', message, partition: 0 });
}

test(`never says that a topic does not exist, ${TOPICS} times`, async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < TOPICS) {
        next += 1;
        await createAndUse(cluster, next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    for (const api of cluster.apis) {
      const made = (await api.topics()).filter((name) => String(name).startsWith('used-at-once-'));
      assert.is(new Set(made).size, TOPICS);
      assert.is(made.length, TOPICS);
    }
  });
});

test.run();
