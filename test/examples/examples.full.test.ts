// timeout: 180 s
// weight: heavy
/** Every example does what its first lines say, against three nodes. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { Cluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('examples');
const directory = join(findRepoRoot(import.meta.url), 'examples');
/** Run here, or by a browser in `chat.test.ts`. */
const known = [
  'README.md',
  'chat',
  'embedded.test.mjs',
  'ingest.mjs',
  'replay.mjs',
  'request-reply.mjs',
  'work-queue.mjs',
];

let cluster: Cluster;
test.before(async () => {
  cluster = await Cluster.start();
});
test.after(() => cluster?.destroy());

/** What a program prints that ends well. */
async function run(name: string, ...args: readonly string[]): Promise<string> {
  const child = new Child([process.execPath, join(directory, name), ...args]);
  try {
    const end = await eventually(`${name} ends`, () => child.end, 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said:\n${child.output}`);
    });
    assert.is(end.code, 0, `${name}:\n${child.output}`);
    return child.output;
  } finally {
    await child.destroy();
  }
}

test('none is forgotten', () => {
  assert.equal(readdirSync(directory).toSorted(), known);
});

test('two workers share the jobs', async () => {
  const output = await run('work-queue.mjs', cluster.node(0).url);
  const done = [...output.matchAll(/^worker ([AB]) does job (\d+)$/gm)];
  assert.is(done.length, 20);
  assert.is(new Set(done.map(([, , job]) => job)).size, 20, 'a job was done twice');
  assert.is(new Set(done.map(([, worker]) => worker)).size, 2, 'one worker did everything');
});

test('a log is replayed from a time', async () => {
  const output = await run('replay.mjs', cluster.node(1).url);
  assert.is(
    output,
    'first hour: 24 in 60 records\nlast hour: 24 in 60 records\nall of it: 72 in 180 records\n',
  );
});

test('questions are answered', async () => {
  assert.is(await run('request-reply.mjs', cluster.node(2).url), 'sums: 11, 12, 13\n');
});

test('the lines of a file are stored once, through a kill and repeats', async () => {
  const file = join(makeTempDir(), 'lines.txt');
  const lines = Array.from({ length: 400 }, (_, i) => `line ${i}`);
  writeFileSync(file, lines.join('\n'));
  const { url, api } = cluster.node(0);
  const topics = async (): Promise<readonly string[]> => {
    return (await api.topics()).map(String).filter((name) => name.startsWith('lines-'));
  };
  const stored = async (): Promise<number> => {
    const [topic] = await topics();
    if (topic === undefined) return 0;
    const consumer = await api.registerConsumer(topic);
    return (await api.sizes({ topic, consumer, partition: 0 })).get(0) ?? 0;
  };
  const killed = new Child([process.execPath, join(directory, 'ingest.mjs'), url, file]);
  await eventually('some lines are stored', async () => (await stored()) > 60);
  await killed.destroy();
  assert.ok((await stored()) < lines.length, 'it had ended before the kill');
  for (let again = 0; again < 2; again += 1) assert.match(await run('ingest.mjs', url, file), /^400 lines/);
  assert.is((await topics()).length, 1);
  assert.is(await stored(), lines.length);
});

test('a test has a broker of its own', async () => {
  assert.match(await run('embedded.test.mjs'), /Passed:\s+1/);
});

test.run();
