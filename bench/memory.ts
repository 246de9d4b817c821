/**
 * What a backlog costs a node in memory: writes records over HTTP that nobody reads, and shows the resident memory of
 * each node on the way. It should not grow with the backlog.
 *
 * `node dist/bench/memory.js [--records N] [--bytes N] [--json FILE]`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Cluster } from '../test/lib/cluster.ts';
import { expectSuccess, runLoad } from './lib/http-load.ts';
import { residentMegabytes } from './lib/resident-memory.ts';
import { formatTable } from './lib/table.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
});
const records = Number(values.records);
const message = 'x'.repeat(Number(values.bytes));
const CONNECTIONS_PER_NODE = 64;
const ROWS = 10;
const HOUR_S = 3_600;

interface Row {
  readonly backlog: number;
  readonly perSecond: number;
  readonly [node: string]: number;
}

async function writeUpTo(cluster: Cluster, producer: string, count: number): Promise<number> {
  let left = count;
  const results = await Promise.all(
    cluster.urls.map((url) =>
      runLoad({
        scenario: 'backlog',
        url,
        connections: CONNECTIONS_PER_NODE,
        seconds: HOUR_S,
        call: async (connection) => {
          if (left <= 0) return false;
          left -= 1;
          const body = { topic: 'backlog', producer_id: producer, message };
          expectSuccess(await connection.call('POST', '/producer/produce', body), 'produce');
          return true;
        },
      }),
    ),
  );
  return results.reduce((sum, { perSecond }) => sum + perSecond, 0);
}

const cluster = await Cluster.start();
try {
  await cluster.api(0).createTopic('backlog', 6);
  const producer = await cluster.api(0).registerProducer('backlog');
  const memory = (): Record<string, number> =>
    Object.fromEntries(
      cluster.nodes.map(({ name, child }) => [`${name} MB`, residentMegabytes(child.pid) ?? 0]),
    );
  const rows: Row[] = [{ backlog: 0, perSecond: 0, ...memory() }];
  for (let row = 1; row <= ROWS; row += 1) {
    const perSecond = await writeUpTo(cluster, producer, Math.ceil(records / ROWS));
    rows.push({ backlog: row * Math.ceil(records / ROWS), perSecond, ...memory() });
    process.stderr.write(`${rows.at(-1)?.backlog} records\n`);
  }
  process.stdout.write(`${formatTable(rows)}\n`);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ bench: 'memory', recordBytes: message.length, rows }, null, 2)}\n`,
    );
  }
} finally {
  await cluster.destroy();
}
process.exit(0);
