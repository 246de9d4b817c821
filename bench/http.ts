/**
 * Produce and consume over HTTP, one record per call, against three real nodes; all calls go to one node, over keep-alive
 * connections. Every produced record is fsynced on a quorum before it is answered, every consumed one has its position
 * committed before.
 *
 * `node dist/bench/http.js [--seconds N] [--connections N] [--bytes N] [--json FILE]`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Cluster } from '../test/lib/cluster.ts';
import type { HttpConnection } from './lib/http-connection.ts';
import { expectSuccess, runLoad } from './lib/http-load.ts';
import type { Measured } from './lib/http-load.ts';
import { measureMachine } from './lib/machine-limits.ts';
import { residentMegabytes } from './lib/resident-memory.ts';
import { formatTable } from './lib/table.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const message = 'x'.repeat(Number(values.bytes));
const TOPIC = 'bench';
const PARTITIONS = 6;

async function measure(cluster: Cluster): Promise<Measured[]> {
  const api = cluster.api(0);
  const url = api.base;
  await api.createTopic(TOPIC, PARTITIONS);
  const producer = await api.registerProducer(TOPIC);
  const produce = async (connection: HttpConnection): Promise<boolean> => {
    const answer = await connection.call('POST', '/producer/produce', {
      topic: TOPIC,
      producer_id: producer,
      message,
    });
    expectSuccess(answer, 'produce');
    return true;
  };
  const registered = Array.from({ length: connections }, () => api.registerConsumer(TOPIC));
  const consumers = await Promise.all(registered);
  const consume =
    (ids: readonly string[]) =>
    async (connection: HttpConnection, loop: number): Promise<boolean> => {
      const body = { topic: TOPIC, consumer_id: ids[loop % ids.length], partition_index: loop % PARTITIONS };
      const answer = await connection.call('GET', '/consumer/consume', body);
      if (answer.body.includes('"empty_partition"')) return false;
      expectSuccess(answer, 'consume');
      return true;
    };
  const results: Measured[] = [];
  const run = async (
    scenario: string,
    count: number,
    call: typeof produce | ReturnType<typeof consume>,
  ): Promise<void> => {
    results.push(await runLoad({ scenario, url, connections: count, seconds, call }));
  };
  // The first calls find leaders and warm the code up; they are nobody's figures.
  await runLoad({ scenario: 'warm-up', url, connections, seconds: 2, call: produce });
  await run('produce, one connection', 1, produce);
  await run(`produce, ${connections} connections`, connections, produce);
  await run('consume, one connection', 1, consume([await api.registerConsumer(TOPIC)]));
  await run(`consume, ${connections} connections, a consumer each`, connections, consume(consumers));
  await run(
    `consume, ${connections} connections, one consumer`,
    connections,
    consume([await api.registerConsumer(TOPIC)]),
  );
  return results;
}

const cluster = await Cluster.start();
try {
  // Before the load and on the same disk; in the same report, because the figures mean nothing without it.
  const machine = await measureMachine(cluster.directory);
  const results = await measure(cluster);
  const memoryMB = cluster.nodes.map(({ child }) => residentMegabytes(child.pid) ?? 0);
  process.stdout.write(
    `${formatTable([{ ...machine }])}\n\n${formatTable(results.map((result) => ({ ...result })))}\n\n`,
  );
  process.stdout.write(`memory of the nodes afterwards, MB: ${memoryMB.join(', ')}\n`);
  if (values.json !== undefined) {
    const options = { seconds, connections, recordBytes: message.length, partitions: PARTITIONS, nodes: 3 };
    writeFileSync(
      values.json,
      `${JSON.stringify({ bench: 'http', machine, options, results, memoryMB }, null, 2)}\n`,
    );
  }
} finally {
  await cluster.destroy();
}
process.exit(0);
