/**
 * The client library before a three-node cluster, every record on the disks of a quorum before it is acknowledged: produce,
 * catch up, push latency at fixed rates, and how soon a restarted consumer has its first record. One process, one client.
 *
 * `node dist/bench/client.js [--seconds N] [--only TEXT] [--json FILE]`
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { connect, type Client } from '@callboard/client';
import { Cluster } from '../test/lib/cluster.ts';
import { measureMachine } from './lib/machine-limits.ts';
import { percentile } from './lib/percentiles.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const partitions = 6;
const value: string = 'x'.repeat(100);
const rates = [1_000, 10_000, 50_000];

interface Result {
  readonly scenario: string;
  readonly recordsPerSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
  /** Of this process, in cores. */
  readonly cpu: number;
  readonly load: number;
}

const results: Result[] = [];
let topics = 0;

/** Runs `body`, which says how many records it moved, and reports on it. */
async function measure(
  scenario: string,
  body: (latencies: number[]) => Promise<{ records: number; ms: number }>,
): Promise<void> {
  if (!scenario.includes(values.only)) return;
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const { records, ms } = await body(latencies);
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsedMs = performance.now() - start;
  const round = (number: number): number => Math.round(number * 100) / 100;
  const spread =
    latencies.length === 0
      ? {}
      : {
          p50Ms: round(percentile(latencies, 0.5)),
          p99Ms: round(percentile(latencies, 0.99)),
          maxMs: round(percentile(latencies, 1)),
        };
  const result: Result = {
    scenario,
    recordsPerSecond: Math.round((records / ms) * 1_000),
    ...spread,
    cpu: round((user + system) / 1_000 / elapsedMs),
    load: round(loadavg()[0] ?? 0),
  };
  results.push(result);
  console.error(JSON.stringify(result));
}

async function newTopic(client: Client): Promise<string> {
  const topic = `bench-${(topics += 1)}`;
  await client.createTopic(topic, { partitions });
  // The leaders' own connections are up when each has answered.
  const producer = client.producer(topic);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(
      Array.from({ length: partitions }, (_, partition) => producer.send({ value, partition })),
    );
  }
  await producer.close();
  return topic;
}

async function batches(client: Client): Promise<{ records: number; ms: number }> {
  const producer = client.producer(await newTopic(client));
  const batch = Array.from({ length: 500 }, () => ({ value }));
  let records = 0;
  const start = performance.now();
  while (performance.now() - start < seconds * 1_000) {
    await producer.ready;
    void producer.sendBatch(batch).then((sent) => (records += sent.length));
    // Room for the sockets, which a loop over a resolved promise leaves none.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await producer.flush();
  const ms = performance.now() - start;
  await producer.close();
  return { records, ms };
}

async function oneByOne(client: Client, latencies: number[]): Promise<{ records: number; ms: number }> {
  const producer = client.producer(await newTopic(client));
  const start = performance.now();
  while (performance.now() - start < seconds * 1_000) {
    const sent = performance.now();
    await producer.send({ value });
    latencies.push(performance.now() - sent);
  }
  const ms = performance.now() - start;
  await producer.close();
  return { records: latencies.length, ms };
}

async function inFlight(client: Client, perPartition: number): Promise<{ records: number; ms: number }> {
  const producer = client.producer(await newTopic(client));
  let records = 0;
  const start = performance.now();
  const lane = async (partition: number): Promise<void> => {
    while (performance.now() - start < seconds * 1_000) {
      await producer.send({ value, partition });
      records += 1;
    }
  };
  await Promise.all(Array.from({ length: partitions * perPartition }, (_, i) => lane(i % partitions)));
  const ms = performance.now() - start;
  await producer.close();
  return { records, ms };
}

async function filled(client: Client, records: number): Promise<string> {
  const topic = await newTopic(client);
  const producer = client.producer(topic);
  const batch = Array.from({ length: 500 }, () => ({ value }));
  for (let sent = 0; sent < records; sent += batch.length) {
    await producer.ready;
    void producer.sendBatch(batch);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await producer.close();
  return topic;
}

async function catchUp(
  client: Client,
  topic: string,
  records: number,
  how: 'batches' | 'for await',
): Promise<{ records: number; ms: number }> {
  const start = performance.now();
  const consumer = client.consumer(topic, { from: 'earliest' });
  let count = 0;
  if (how === 'batches') {
    for await (const batch of consumer.batches()) if ((count += batch.records.length) >= records) break;
  } else {
    for await (const record of consumer) if ((count += record.value.length > 0 ? 1 : 0) >= records) break;
  }
  const ms = performance.now() - start;
  await consumer.close();
  return { records: count, ms };
}

/** From `send` to the consumer's hands, each record dated by its sender: one process, so one clock. */
async function pushed(
  client: Client,
  rate: number,
  latencies: number[],
): Promise<{ records: number; ms: number }> {
  const topic = await newTopic(client);
  const producer = client.producer(topic);
  const consumer = client.consumer(topic, { id: 'bench' });
  while (consumer.lag().size < partitions) await new Promise((resolve) => setTimeout(resolve, 10));
  const epoch = performance.now();
  let dated = 0;
  const reading = (async (): Promise<void> => {
    for await (const batch of consumer.batches()) {
      const now = performance.now() - epoch;
      for (const record of batch.records) {
        const text = record.text();
        if (text.startsWith('x')) continue;
        latencies.push(now - Number.parseFloat(text));
        dated += 1;
      }
      void batch.ack();
    }
  })();
  let sent = 0;
  const start = performance.now();
  while (performance.now() - start < seconds * 1_000) {
    const due = Math.floor(((performance.now() - start) * rate) / 1_000);
    for (; sent < due; sent += 1) {
      void producer.send({
        value: (performance.now() - epoch).toFixed(3).padEnd(100),
        partition: sent % partitions,
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await producer.flush();
  while (dated < sent) await new Promise((resolve) => setTimeout(resolve, 5));
  const ms = performance.now() - start;
  await consumer.close();
  await reading;
  await producer.close();
  return { records: sent, ms };
}

/** A new client and consumer on an id that has a cursor, until its first record. */
async function restart(
  urls: readonly string[],
  topic: string,
  latencies: number[],
): Promise<{ records: number; ms: number }> {
  const begin = performance.now();
  for (let i = 0; i < 20; i += 1) {
    const start = performance.now();
    const client = await connect(urls);
    const consumer = client.consumer(topic, { id: 'restarting' });
    for await (const record of consumer) {
      latencies.push(performance.now() - start);
      await record.ack();
      break;
    }
    await client.close();
  }
  return { records: latencies.length, ms: performance.now() - begin };
}

const cluster = await Cluster.start();
try {
  const machine = await measureMachine(cluster.directory);
  const client = await connect(cluster.urls);
  await measure('warm-up', () => batches(client));
  await measure('produce: sendBatch of 500', () => batches(client));
  await measure('produce: send, one by one', (latencies) => oneByOne(client, latencies));
  await measure('produce: send, 256 in flight per partition', () => inFlight(client, 256));
  const backlog = 1_000_000;
  const topic = await filled(client, backlog);
  for (const how of ['batches', 'for await'] as const) {
    await measure(`catch up: ${how}`, () => catchUp(client, topic, backlog, how));
  }
  for (const rate of rates) {
    await measure(`push latency at ${rate}/s`, (latencies) => pushed(client, rate, latencies));
  }
  await measure('restart of a consumer to its first record', (latencies) =>
    restart(cluster.urls, topic, latencies),
  );
  await client.close();
  console.log(machine);
  console.table(results);
  const { json } = values;
  if (json !== undefined) writeFileSync(json, JSON.stringify({ machine, results }, undefined, 2));
} finally {
  await cluster.destroy();
}
