/** How soon a cluster serves: a cold one from nothing to its first acknowledged record, and one that holds 1,000,000 records. */
import { connect } from '@callboard/client';
import type { Api } from '../../test/lib/api.ts';
import { Cluster } from '../../test/lib/cluster.ts';
import { median } from '../lib/percentiles.ts';
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import { ownResult, rounded } from './own.ts';
import type { OwnScenario } from './scenario.ts';

const backlog = 1_000_000;
const quickBacklog = 100_000;
const recordBytes = 100;
const batch = 5_000;
const topic = 'bench-start';
const deadlineMs = 60_000;

export const start: OwnScenario = {
  name: 'start',
  what: 'three processes from their start to the first acknowledged record: cold, and with 1,000,000 records',
  of: 'callboard',
  run: async (options) => [await cold(options), await warm(options)],
};

async function cold(options: Options): Promise<Result> {
  const times: number[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    const cluster = await Cluster.prepare();
    try {
      const begun = performance.now();
      cluster.startAll();
      await firstAck(cluster.api(0), true);
      times.push(performance.now() - begun);
    } finally {
      await cluster.destroy();
    }
  }
  return ownResult('cold start to first ack', timesOf(times));
}

async function warm(options: Options): Promise<Result> {
  const records = options.quick ? quickBacklog : backlog;
  const cluster = await Cluster.start();
  const times: number[] = [];
  try {
    await fill(cluster, records, options.partitions);
    for (let repeat = 0; repeat < options.repeats; repeat += 1) {
      await cluster.killAll('SIGTERM');
      const begun = performance.now();
      cluster.startAll();
      await firstAck(cluster.api(0), false);
      times.push(performance.now() - begun);
      await cluster.ready();
    }
  } finally {
    await cluster.destroy();
  }
  return ownResult(`restart with ${records} records to first ack`, {
    ...timesOf(times),
    records,
    recordBytes,
  });
}

async function fill(cluster: Cluster, records: number, partitions: number): Promise<void> {
  const client = await connect(cluster.urls);
  await client.createTopic(topic, { partitions });
  const producer = client.producer(topic);
  const value = new Uint8Array(recordBytes).fill(120);
  for (let sent = 0; sent < records; sent += batch) {
    const partition = (sent / batch) % partitions;
    await producer.ready;
    await producer.sendBatch(
      Array.from({ length: Math.min(batch, records - sent) }, () => ({ partition, value })),
    );
  }
  await client.close();
}

/** By HTTP, as somebody with curl would: again and again until the first record is stored. */
async function firstAck(api: Api, create: boolean): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (performance.now() < end) {
    if (await attempt(api, create)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no record was acknowledged within ${deadlineMs} ms of the start`);
}

async function attempt(api: Api, create: boolean): Promise<boolean> {
  if (create) await api.call('POST', '/topics', { name: topic, number_of_partitions: 2 });
  const registered = await api.call('POST', '/producer/register', { topic });
  if (registered.status !== 200) return false;
  const producer = String(registered.body['producer_id']);
  return (await api.tryProduce({ topic, producer, message: 'x' })).status === 200;
}

function timesOf(times: readonly number[]): Partial<Result> {
  const max = rounded(Math.max(...times));
  const p50 = rounded(median(times));
  return { latencyMs: { p50, p99: max, p999: max, max }, repeats: times.map((time) => rounded(time)) };
}
