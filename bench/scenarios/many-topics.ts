/** What partitions cost when there are many: memory and CPU while nothing happens, and the produce rate over all of them. */
import { connect, type Client } from '@callboard/client';
import { Cluster } from '../../test/lib/cluster.ts';
import { eventually } from '../../test/lib/eventually.ts';
import { figuresOf } from '../suite/process-figures.ts';
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import { runningCluster } from '../systems/callboard.ts';
import { ownResult, rounded } from './own.ts';
import type { OwnScenario } from './scenario.ts';

const counts = [1, 100, 1_000, 3_000, 5_000];
const quickCounts = [1, 100];
const partitionsPerTopic = 100;
const idleMs = 10_000;
const settleMs = 240_000;
const recordBytes = 100;
const recordsPerBatch = 20;

export const manyTopics: OwnScenario = {
  name: 'many-topics',
  what: '1, 100, 1,000, 3,000 and 5,000 partitions: idle CPU, memory per replica, produce rate over all',
  of: 'callboard',
  run: async (options) => {
    const results: Result[] = [];
    for (const count of options.quick ? quickCounts : counts) {
      const cluster = await Cluster.start();
      const client = await connect(cluster.urls);
      try {
        results.push(await measure(cluster, client, count, options));
      } finally {
        await client.close();
        await cluster.destroy();
      }
    }
    return results;
  },
};

async function measure(cluster: Cluster, client: Client, count: number, options: Options): Promise<Result> {
  const pids = runningCluster(cluster).pids();
  const empty = figuresOf(pids);
  const topics = await create(cluster, client, count);
  const before = figuresOf(pids);
  const idleFrom = performance.now();
  await new Promise((resolve) => setTimeout(resolve, options.quick ? idleMs / 2 : idleMs));
  const idle = figuresOf(pids);
  const idleSeconds = (performance.now() - idleFrom) / 1_000;
  const { records, seconds } = await produce(client, topics, options);
  const after = figuresOf(pids);
  return ownResult(`${count} partitions`, {
    records,
    recordBytes,
    recordsPerSecond: Math.round(records / seconds),
    megabytesPerSecond: rounded((records * recordBytes) / seconds / 1e6),
    cpuSeconds: rounded(after.cpuSeconds - idle.cpuSeconds),
    peakRssBytes: after.peakRssBytes,
    repeats: [Math.round(records / seconds)],
    more: {
      idleCpuPercentOfOneCore: rounded(((idle.cpuSeconds - before.cpuSeconds) / idleSeconds) * 100),
      idleCpuPercentPerNode: rounded(
        ((idle.cpuSeconds - before.cpuSeconds) / idleSeconds / pids.length) * 100,
      ),
      kilobytesPerReplica: rounded((idle.rssBytes - empty.rssBytes) / (count * pids.length) / 1e3),
    },
  });
}

/** Topics of up to a hundred partitions each; done when every partition has a leader. */
async function create(cluster: Cluster, client: Client, count: number): Promise<ReadonlyMap<string, number>> {
  const topics = new Map<string, number>();
  for (let left = count; left > 0; left -= partitionsPerTopic) {
    const partitions = Math.min(left, partitionsPerTopic);
    const name = `bench-many-${topics.size}`;
    await client.createTopic(name, { partitions, deadlineMs: settleMs });
    topics.set(name, partitions);
  }
  await eventually(
    'every partition has a leader',
    async () => {
      const statuses = await Promise.all(cluster.apis.map((api) => api.expect('GET', '/status')));
      const leaders = statuses.flatMap(({ partitions }) =>
        (partitions as readonly { readonly role: string }[]).filter(({ role }) => role === 'leader'),
      );
      return leaders.length === count;
    },
    settleMs,
  );
  return topics;
}

interface Produced {
  readonly records: number;
  readonly seconds: number;
}

/** One lane per partition, a small batch in flight in each. */
async function produce(
  client: Client,
  topics: ReadonlyMap<string, number>,
  options: Options,
): Promise<Produced> {
  const value = new Uint8Array(recordBytes).fill(120);
  const from = performance.now();
  const end = from + options.durationMs;
  let records = 0;
  const lanes = [...topics].flatMap(([topic, partitions]) => {
    const producer = client.producer(topic);
    return Array.from({ length: partitions }, async (_, partition) => {
      const batch = Array.from({ length: recordsPerBatch }, () => ({ partition, value }));
      while (performance.now() < end) {
        await producer.sendBatch(batch);
        records += batch.length;
      }
    });
  });
  await Promise.all(lanes);
  return { records, seconds: (performance.now() - from) / 1_000 };
}
