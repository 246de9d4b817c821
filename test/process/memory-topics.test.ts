// weight: heavy
// timeout: 300 s
/**
 * Topics in memory on three real nodes: nothing acknowledged is lost while a majority of the copies is sound, and when a
 * majority is gone at a time, the loss is named and the topic serves on from empty.
 */
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { Child } from '../lib/child.ts';
import { Cluster, MAIN, withLastWords } from '../lib/cluster.ts';
import { inFullRuns } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir } from '../lib/temp-dir.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('topics in memory');
const PARTITIONS = 3;
/** The shortest time that the limits allow before a copy is given up for lost. */
const env = { CALLBOARD_STORAGE: 'memory', CALLBOARD_LIMITS: '{"memoryLossMs": 4000}' };

let cluster: Cluster;

test.before(async () => {
  cluster = await Cluster.start({ env });
});

test.after(async () => {
  await cluster.destroy();
});

interface PartitionState {
  readonly group: number;
  readonly verdict: string;
  readonly last?: number;
  readonly storage?: string;
}

interface TopicState {
  readonly name: string;
  readonly storage: string;
  readonly losses: number;
}

interface Status {
  readonly partitions: readonly PartitionState[];
  readonly directory: { readonly topics: readonly TopicState[] };
}

async function status(api: Api): Promise<Status> {
  return (await api.expect('GET', '/status')) as unknown as Status;
}

function boardIn(directory: Status['directory']): TopicState | undefined {
  return directory.topics.find(({ name }) => name === 'board');
}

/** Every node has a copy of each partition, of the topic of the first test too, and calls it sound. */
async function untilNoneDamaged(): Promise<void> {
  await eventually('no copy is damaged', async () => {
    const all = await Promise.all(cluster.apis.map((api) => status(api)));
    return all.every(
      ({ partitions }) =>
        partitions.length === 1 + PARTITIONS && partitions.every(({ verdict }) => verdict === 'clean'),
    );
  });
}

test('survive two of three at once if the third has all; are begun anew, and say so, when all are gone; no offset is used twice', async () => {
  await withLastWords(cluster, async () => {
    const api = cluster.api(0);
    await api.createTopic('gone', 1);
    const producer = await api.registerProducer('gone');
    const send = async (message: string) => api.produce({ topic: 'gone', producer, message });
    const consumer = await api.registerConsumer('gone');
    for (let i = 0; i < 5; i += 1) assert.is((await send(`old ${String(i)}`)).offset, i);
    assert.is((await api.consume({ topic: 'gone', consumer })).kind, 'record');
    await eventually('all copies have the same log', async () => {
      const all = await Promise.all(cluster.apis.map((one) => status(one)));
      return new Set(all.map(({ partitions }) => partitions[0]?.last)).size === 1;
    });
    const two = [cluster.node(0), cluster.node(1)];
    for (const node of two) node.signal('SIGKILL');
    await Promise.all(two.map(({ child }) => child.ended));
    for (const node of two) node.start();
    await cluster.ready();
    await untilAllHealed();
    assert.is((await send('old 5')).offset, 5);
    assert.is((await status(api)).directory.topics[0]?.losses, 0);

    await cluster.killAll();
    cluster.startAll();
    await cluster.ready();
    const first = await eventually('the topic takes records again', async () => send('new'), 60_000);
    assert.ok(first.offset >= 2 ** 42, `offset ${String(first.offset)}`);
    const { directory } = await status(cluster.api(2));
    assert.equal(
      directory.topics.map(({ name, losses }) => [name, losses]),
      [['gone', 1]],
    );
    const log = cluster.nodes.map(({ child }) => child.output).join('\n');
    assert.match(log, 'memory.partition-lost');
    assert.match(log, 'memory.copy-given-up');
    // The consumer of before meets the new record, and nothing else.
    const read = await cluster.api(1).consume({ topic: 'gone', consumer });
    assert.equal(read, { kind: 'record', message: 'new', partition: 0 });
    assert.is((await cluster.api(2).consume({ topic: 'gone', consumer })).kind, 'empty');
    await untilAllHealed();
  });
});

inFullRuns(test)(
  'are there after each node was killed in turn, the next only when none is damaged, and with one gone for good',
  async () => {
    await withLastWords(cluster, async () => {
      await cluster.api(0).createTopic('board', PARTITIONS);
      // What a node says of itself may be a second old.
      await eventually('the topic is shown', async () => {
        const { directory } = await status(cluster.api(1));
        return boardIn(directory)?.storage === 'memory';
      });
      const { partitions } = await status(cluster.api(1));
      assert.ok(partitions.every(({ storage }) => storage === 'memory'));
      const ledger = new Ledger('board', PARTITIONS);
      const writers = startWriters(cluster.apis, ledger);
      let damaged = 0;
      for (const node of cluster.nodes) {
        await untilAllAcknowledge(ledger, writers, 20);
        await node.kill();
        await untilAllAcknowledge(ledger, writers, 10);
        node.start();
        await node.ready();
        const seen = (await status(node.api)).partitions;
        damaged += seen.filter(({ verdict }) => verdict === 'damaged').length;
        await untilNoneDamaged();
      }
      // The last one is not started again.
      await cluster.node(1).kill();
      await untilAllAcknowledge(ledger, writers, 20);
      await Promise.all(writers.map((writer) => writer.stop()));
      const left = [cluster.api(0), cluster.api(2)];
      await ledger.verify(left);
      for (const api of left) assert.is(boardIn((await status(api)).directory)?.losses, 0);
      console.log(`    ${String(ledger.acknowledged)} acknowledged; copies seen damaged: ${String(damaged)}`);
    });
  },
);

test('`callboard dev --memory` keeps its topics there, and nothing at all when it has ended', async () => {
  const tmp = makeTempDir();
  const port = await claimPorts(1);
  const command = [
    process.execPath,
    MAIN,
    'dev',
    '--memory',
    '--nodes',
    '1',
    '--port',
    String(port),
  ] as const;
  const dev = new Child([...command], { env: { TMPDIR: tmp }, cwd: tmp });
  const api = new Api(`http://127.0.0.1:${String(port)}`);
  try {
    await eventually('the node is ready', () => api.isReady(), 60_000);
    await api.createTopic('passing', 1);
    assert.is((await status(api)).directory.topics[0]?.storage, 'memory');
    assert.is(readdirSync(tmp).length, 1);
    dev.kill('SIGTERM');
    assert.is((await dev.ended).code, 0);
    assert.equal(readdirSync(tmp), []);
  } finally {
    await dev.destroy();
    await api.close();
  }
});

async function untilAllHealed(): Promise<void> {
  await eventually('every copy of the new group is clean', async () => {
    const all = await Promise.all(cluster.apis.map((api) => status(api)));
    const groups = new Set(all.flatMap(({ partitions }) => partitions.map(({ group }) => group)));
    return groups.size === 1 && all.every(({ partitions }) => partitions[0]?.verdict === 'clean');
  });
}

test.run();
