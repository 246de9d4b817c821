/**
 * The replicated path without HTTP: frames from one client process straight to the partition leaders of a three-node
 * cluster, every record fsynced on a quorum before it is acknowledged. Counts only acknowledged records.
 *
 * `node dist/bench/replica.js [--seconds N] [--records PER_BATCH] [--window BATCHES] [--json FILE]`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildChunk, chunkKind, encodeRecords, noProducer } from '@callboard/client/protocol';
import { crc32 } from '../src/node/ports/crc32.ts';
import { Cluster } from '../test/lib/cluster.ts';
import { RawClient } from '../test/lib/raw-client.ts';
import { measureMachine } from './lib/machine-limits.ts';
import { percentile } from './lib/percentiles.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    records: { type: 'string', default: '400' },
    window: { type: 'string', default: '8' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const partitions = 6;
const recordBytes = 100;

interface Result {
  readonly scenario: string;
  readonly recordsPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Several producers without an id: duplicates cannot arise here, since nothing is retried and any error ends the run. */
function chunkOf(count: number): Uint8Array {
  const value = new Uint8Array(recordBytes).fill(120);
  const records = Array.from({ length: count }, () => ({
    timestampDelta: 0,
    key: undefined,
    headers: [],
    value,
  }));
  return buildChunk(
    {
      kind: chunkKind.records,
      body: encodeRecords(records),
      recordCount: count,
      producerId: noProducer,
      producerEpoch: 0,
      firstSequence: 0,
      firstTimestamp: Date.now(),
      lastTimestampDelta: 0,
    },
    crc32,
  );
}

class Leaders {
  readonly #clients = new Map<string, RawClient>();
  readonly #byPartition: RawClient[] = [];

  static async find(first: RawClient, topic: string): Promise<Leaders> {
    const leaders = new Leaders();
    for (;;) {
      const [places] = (await first.metadata(topic)).topics;
      const urls = places?.partitions.map((place) => place.url) ?? [];
      if (urls.length === partitions && urls.every((url) => url !== undefined)) {
        for (const url of urls) leaders.#byPartition.push(await leaders.#connect(url));
        return leaders;
      }
      // A leader becomes known as soon as any call reaches it.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #connect(url: string): Promise<RawClient> {
    const known = this.#clients.get(url) ?? (await RawClient.connect(url));
    this.#clients.set(url, known);
    return known;
  }

  of(partition: number): RawClient {
    const client = this.#byPartition[partition];
    if (client === undefined) throw new RangeError(`no leader of partition ${partition} is known`);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

async function load(
  scenario: string,
  leaders: Leaders,
  batch: number,
  lanes: number,
  spread: number,
): Promise<Result> {
  const chunk = chunkOf(batch);
  const latencies: number[] = [];
  let acknowledged = 0;
  let counting = false;
  let running = true;
  const lane = async (partition: number): Promise<void> => {
    const client = leaders.of(partition);
    while (running) {
      const start = performance.now();
      await client.produce('bench', partition, chunk);
      if (!counting) continue;
      acknowledged += batch;
      latencies.push(performance.now() - start);
    }
  };
  const all = Array.from({ length: lanes * spread }, (_, i) => lane(i % spread));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  counting = true;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  counting = false;
  const elapsed = (performance.now() - start) / 1_000;
  running = false;
  await Promise.all(all);
  return {
    scenario,
    recordsPerSecond: Math.round(acknowledged / elapsed),
    latencyMs: {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
    },
  };
}

const cluster = await Cluster.start();
try {
  const machine = await measureMachine(cluster.directory);
  const first = await RawClient.connect(`${cluster.node(0).url.replace('http', 'ws')}/client`);
  await first.createTopic('bench', partitions);
  const leaders = await Leaders.find(first, 'bench');
  const batch = Number(values.records);
  const results = [
    await load('one record at a time', leaders, 1, 1, 1),
    await load('single records, 256 in flight per partition', leaders, 1, 256, partitions),
    await load(
      `batches of ${batch}, ${values.window} in flight per partition`,
      leaders,
      batch,
      Number(values.window),
      partitions,
    ),
  ];
  leaders.close();
  first.close();
  console.log(machine);
  console.table(
    results.map(({ scenario, recordsPerSecond, latencyMs }) => ({
      scenario,
      recordsPerSecond,
      ...latencyMs,
    })),
  );
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ machine, results }, undefined, 2));
  }
} finally {
  await cluster.destroy();
}
