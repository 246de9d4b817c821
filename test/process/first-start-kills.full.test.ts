// weight: heavy
// timeout: 900 s
/**
 * All nodes killed at random moments of the first start, of creating topics and of load, and once more during the
 * recovery: each start comes back clean. TEST_KILL_SEED repeats a run.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeAnswer } from '../lib/api.ts';
import { Cluster } from '../lib/cluster.ts';
import { eventually, pause } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('kills during the first start');
const ROUNDS = 50;
const SEED = Number(process.env['TEST_KILL_SEED'] ?? Math.floor(Math.random() * 1e9));
const PARTITIONS = 3;
const PHASES = ['creation', 'load', 'start'] as const;

/** mulberry32: the moments follow from the seed alone. */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Creates topics one after the other until a call fails; each was answered well or may be half done. */
async function createMany(cluster: Cluster): Promise<void> {
  for (let index = 0; ; index += 1) {
    const answer = await cluster
      .api(index)
      .call('POST', '/topics', { name: `many-${index}`, number_of_partitions: 2 });
    if (answer.status !== 200) return;
  }
}

/** Every topic that is listed can be written and read: none was left half made. */
async function useAllTopics(cluster: Cluster): Promise<void> {
  const topics = (await cluster.api(0).topics()).map(String).filter((name) => name.startsWith('many-'));
  assert.is(new Set(topics).size, topics.length);
  for (const [index, topic] of topics.slice(-10).entries()) {
    const producer = await cluster.api(index).registerProducer(topic);
    await cluster.api(index + 1).produce({ topic, producer, message: 'x', partition: 1 });
  }
}

async function ensureTopic(cluster: Cluster, name: string): Promise<void> {
  await eventually(`the topic ${name} is there`, async () => {
    const answer = await cluster.api(0).call('POST', '/topics', { name, number_of_partitions: PARTITIONS });
    if (answer.status === 200 || answer.body['code'] === 'topic_exists') return true;
    throw new Error(describeAnswer(answer));
  });
}

async function round(cluster: Cluster, phase: (typeof PHASES)[number], random: () => number): Promise<void> {
  const ledger = new Ledger('loaded', PARTITIONS);
  cluster.startAll();
  if (phase !== 'start') await cluster.ready();
  const creating = phase === 'creation' ? createMany(cluster) : undefined;
  if (phase === 'load') await ensureTopic(cluster, 'loaded');
  const writers = phase === 'load' ? startWriters(cluster.apis, ledger) : [];
  await pause(random() * (phase === 'start' ? 1_500 : 600));
  await cluster.killAll();
  await creating;
  cluster.startAll();
  await pause(random() * 800);
  await cluster.killAll();
  cluster.startAll();
  await cluster.ready();
  await ensureTopic(cluster, 'loaded');
  await useAllTopics(cluster);
  const all = writers.length > 0 ? writers : startWriters(cluster.apis, ledger);
  await untilAllAcknowledge(ledger, all, 10);
  await Promise.all(all.map((writer) => writer.stop()));
  await ledger.verify(cluster.apis);
}

for (let index = 0; index < ROUNDS; index += 1) {
  const phase = PHASES[index % PHASES.length] ?? 'start';
  test(`round ${index + 1}, during ${phase}, with seed ${SEED}`, async () => {
    const cluster = await Cluster.prepare();
    try {
      await round(cluster, phase, randomNumbers(SEED + index));
    } finally {
      await cluster.destroy();
    }
  });
}

test.run();
