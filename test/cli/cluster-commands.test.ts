// timeout: 180 s
// weight: heavy
/** The commands that talk to a cluster, on one cluster of three nodes for all of them; the examples of docs/cli.md too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { callboard, cleanEnv, runCommand, type Ran } from '../lib/cli.ts';
import { ADMIN_TOKEN, Cluster, MAIN } from '../lib/cluster.ts';
import { full } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';

const test = suite('commands for clusters');
let cluster: Cluster;
const children: Child[] = [];

test.before(async () => {
  cluster = await Cluster.start();
});

test.after.each(async () => {
  await Promise.all(children.splice(0).map((child) => child.destroy()));
});

test.after(async () => {
  await cluster.destroy();
});

function env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { CALLBOARD_URL: cluster.urls.join(','), CALLBOARD_ADMIN_TOKEN: ADMIN_TOKEN, ...more };
}

function run(args: readonly string[], input = '', more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return callboard(args, { env: env(more), input, cwd: cluster.directory });
}

/** What it prints; it must succeed. */
async function printed(args: readonly string[], input = ''): Promise<string> {
  const { code, out, err } = await run(args, input);
  assert.is(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

async function document<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await printed([...args, '-o', 'json'])) as T;
}

/** A topic for a test of something else, and a look at it, without a process for each. */
function createTopic(name: string, partitions = 1): Promise<void> {
  return cluster.api(0).createTopic(name, partitions);
}

/** How many records a topic has. */
async function recordCount(topic: string): Promise<number> {
  const { topics } = (await cluster.api(0).expect('GET', '/status/topics')) as unknown as {
    topics: readonly { name: string; partitions: readonly { end: number | null }[] }[];
  };
  const found = topics.find(({ name }) => name === topic);
  return (found?.partitions ?? []).reduce((sum, { end }) => sum + (end ?? 0), 0);
}

function lines(count: number, prefix = 'line'): string {
  return Array.from({ length: count }, (_, at) => `${prefix} ${at}\n`).join('');
}

test('topics are created, listed, described and removed; a name can be used again and meets nothing old', async () => {
  assert.equal(await document(['topic', 'create', 'life', '-p', '3']), { topic: 'life', partitions: 3 });
  assert.ok((await document<string[]>(['topic', 'ls'])).includes('life'));
  assert.match(await printed(['topic', 'ls']), /^life$/m);
  await printed(['produce', 'life'], lines(50));
  const info = await document<{ partitions: { end: number; leader: string }[] }>(['topic', 'info', 'life']);
  assert.is(
    info.partitions.reduce((sum, { end }) => sum + end, 0),
    50,
  );
  assert.match(await printed(['topic', 'info', 'life']), /PARTITION +LEADER +END/);
  await printed(['consume', 'life', '--id', 'billing', '--exit-at-end']);
  const removal = ['consumer', 'rm', 'billing', '--topic', 'life'];
  assert.equal(await document(removal), { consumer: 'billing', topic: 'life', removed: true });
  const again = await run(removal);
  assert.is(again.code, 7);
  assert.match(again.err, /consumer_not_registered/);
  assert.equal(await document(['topic', 'rm', 'life']), { topic: 'life', removed: true });
  for (const api of cluster.apis) assert.not.ok((await api.topics()).includes('life'));
  assert.not.match(await printed(['topic', 'ls']), /^life$/m);
  const gone = await Promise.all([
    run(['topic', 'rm', 'life']),
    run(['topic', 'info', 'life']),
    run(['consume', 'life']),
    run(['produce', 'life'], 'x\n'),
  ]);
  for (const { code, err } of gone) {
    assert.is(code, 7);
    assert.match(err, /topic_not_found/);
  }
  await printed(['topic', 'create', 'life', '-p', '3']);
  assert.is(await printed(['consume', 'life', '--exit-at-end']), '');
  await eventually('every broker has deleted its replicas', async () => {
    const status = await document<{ deleting: string[] }>(['cluster', 'status']);
    return status.deleting.length === 0;
  });
  assert.is((await run(['topic', 'create', 'life'])).code, 7);
  assert.is((await run(['topic', 'create', 'life', '--if-not-exists'])).code, 0);
});

test('lines go in and come out, with keys, partitions, formats and JSON', async () => {
  await createTopic('flow', 2);
  const { out: summary } = await run(
    ['produce', 'flow', '-k', ':', '--partition', '1', '-o', 'json'],
    'a:1\nb:2\nplain\n',
  );
  assert.equal(JSON.parse(summary), {
    topic: 'flow',
    records: 3,
    bytes: 11,
    acks: 'quorum',
    interrupted: false,
  });
  const file = join(cluster.directory, 'lines.log');
  writeFileSync(file, lines(2_000, 'from a file'));
  await printed(['produce', 'flow', '--file', file, '--partition', '0']);
  assert.is(
    await printed(['consume', 'flow', '--exit-at-end', '--partition', '0']),
    lines(2_000, 'from a file'),
  );
  const format = '{topic} {partition}/{offset} {key}={value}';
  assert.is(
    await printed([
      'consume',
      'flow',
      '--from',
      'earliest',
      '--partition',
      '1',
      '--count',
      '3',
      '--format',
      format,
    ]),
    'flow 1/0 a=1\nflow 1/1 b=2\nflow 1/2 =plain\n',
  );
  const json = await printed(['consume', 'flow', '--from', '1', '--partition', '1', '-n', '1', '-o', 'json']);
  const { timestamp, ...record } = JSON.parse(json) as { timestamp: string };
  assert.equal(record, { topic: 'flow', partition: 1, offset: 1, key: 'b', value: '2', headers: {} });
  assert.ok(!Number.isNaN(Date.parse(timestamp)));
  const later = new Date(Date.parse(timestamp) + 3_600_000).toISOString();
  assert.is(await printed(['consume', 'flow', '--from', later, '--exit-at-end']), '');
});

test('a durable consumer goes on behind what it has printed, whether it ends by count, at the end or by a signal', async () => {
  await createTopic('durable');
  await printed(['produce', 'durable'], lines(100));
  assert.is(await printed(['consume', 'durable', '--id', 'me', '--count', '10']), lines(10));
  const child = new Child([process.execPath, MAIN, 'consume', 'durable', '--id', 'me'], { env: env() });
  children.push(child);
  await eventually('all of it is printed', () => child.output.includes('line 99\n'));
  assert.ok(child.output.startsWith('line 10\n'));
  child.kill('SIGINT');
  assert.equal(await child.ended, { code: 0, signal: null });
  assert.is(await printed(['consume', 'durable', '--id', 'me', '--exit-at-end']), '');
  await printed(['produce', 'durable'], 'one more\n');
  assert.is(await printed(['consume', 'durable', '--id', 'me', '--exit-at-end']), 'one more\n');
});

if (full) {
  test('a reader that leaves ends it quietly; one that is slow gets everything, the end too', async () => {
    await createTopic('slow');
    await printed(['produce', 'slow'], lines(30_000));
    const script = `"${process.execPath}" "${MAIN}" consume slow --from earliest | head -2; echo "\${PIPESTATUS[0]}"`;
    const { out, err } = await runCommand(['bash', '-c', script], { env: env() });
    assert.is(out, 'line 0\nline 1\n0\n');
    assert.is(err, '');

    const child = spawn(process.execPath, [MAIN, 'consume', 'slow', '--exit-at-end'], {
      env: cleanEnv(env()),
    });
    let read = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      read += text;
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 10);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.is(code, 0);
    assert.is(read.length, lines(30_000).length);
    assert.ok(read.endsWith('line 29999\n'));
  });
}

test('an interrupted produce has sent what it read', async () => {
  await createTopic('cut');
  const file = join(cluster.directory, 'long.log');
  writeFileSync(file, lines(100_000));
  const args = ['produce', 'cut', '--file', file, '--rate', '300', '-o', 'json'];
  const child = new Child([process.execPath, MAIN, ...args], { env: env() });
  children.push(child);
  await eventually('it produces', async () => (await recordCount('cut')) > 0);
  child.kill('SIGINT');
  assert.equal(await child.ended, { code: 130, signal: null });
  const summary = JSON.parse(child.output) as { records: number; interrupted: boolean };
  assert.is(summary.interrupted, true);
  assert.ok(summary.records < 100_000);
  const { partitions } = await document<{ partitions: { end: number }[] }>(['topic', 'info', 'cut']);
  assert.is(partitions[0]?.end, summary.records);
});

if (full) {
  test('an interrupted produce ends although its input is silent and open', async () => {
    await createTopic('idle');
    const child = spawn(process.execPath, [MAIN, 'produce', 'idle'], { env: cleanEnv(env()) });
    const closed = once(child, 'close');
    try {
      child.stdin.write('only\n');
      await eventually('the record is there', async () => (await recordCount('idle')) === 1);
      child.kill('SIGINT');
      await eventually('it has ended', () => child.exitCode !== null);
      assert.is(child.exitCode, 130);
    } finally {
      child.kill('SIGKILL');
      await closed;
    }
  });
}

test('the cluster is shown by any node, and what operators ask needs their token', async () => {
  for (const url of full ? cluster.urls : cluster.urls.slice(-1)) {
    const { out } = await run(['cluster', 'status', '-o', 'json', '--url', url]);
    const { nodes } = JSON.parse(out) as {
      nodes: { name: string; answered: boolean; ready: boolean; broker: string }[];
    };
    assert.equal(
      nodes.map(({ name, answered, ready, broker }) => [name, answered, ready, broker]),
      cluster.nodes.map(({ name }) => [name, true, true, 'active']),
    );
  }
  assert.match(await printed(['cluster', 'status']), /broker-2 +active +ready/);
  assert.match(await printed(['status']), /broker-1 at .*: ready/);
  assert.is((await document<{ node: string }>(['status'])).node, 'broker-1');
  for (const args of [
    ['cluster', 'status'],
    ['topic', 'rm', 'flow'],
    ['admin', 'broker', 'remove', 'broker-1'],
  ]) {
    const wrong = await run([...args, '--token', 'wrong']);
    assert.is(wrong.code, 7);
    assert.match(wrong.err, /auth_failed/);
    const none = await run([...args, '--data', '/nowhere'], '', { CALLBOARD_ADMIN_TOKEN: '' });
    assert.is(none.code, 2);
    assert.match(none.err, /admin_token_missing/);
  }
});

if (full) {
  test('brokers are changed as over HTTP', async () => {
    const broker = (action: string, name = 'broker-3'): Promise<Ran> =>
      run(['admin', 'broker', action, name]);
    const state = async (): Promise<string | undefined> => {
      const { nodes } = await document<{ nodes: { name: string; broker: string }[] }>(['cluster', 'status']);
      return nodes.find(({ name }) => name === 'broker-3')?.broker;
    };
    assert.is((await broker('deactivate')).code, 0);
    assert.is(await state(), 'inactive');
    assert.is((await broker('activate')).code, 0);
    assert.is((await broker('remove')).code, 0);
    assert.is(await state(), 'leaving');
    assert.match((await broker('remove')).err, /broker_not_found/);
    assert.is((await broker('add')).code, 0);
    assert.match((await broker('add')).err, /broker_exists/);
    assert.is(await state(), 'active');
  });
}

test('actors of every node are listed, described and traced from any', async () => {
  // The last one is not the one that is asked.
  for (const { name } of full ? cluster.nodes : cluster.nodes.slice(-1)) {
    const { node, actors } = await document<{ node: string; actors: { id: string; state: string }[] }>([
      'actor',
      'ls',
      '--node',
      name,
    ]);
    assert.is(node, name);
    for (const id of ['manager', 'gateway', 'log-writer', 'admin']) {
      assert.is(actors.find((actor) => actor.id === id)?.state, 'running', id);
    }
    const { details } = await document<{ details: { clusterId?: string } }>([
      'actor',
      'info',
      'manager',
      '--node',
      name,
    ]);
    assert.match(details.clusterId ?? '', /^[0-9a-f]{32}$/);
    const traced = await printed(['actor', 'trace', 'manager', '--node', name, '-n', '4', '-o', 'json']);
    const seen = traced
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string; lane: string });
    assert.is(seen.length, 4);
    assert.ok(seen.some(({ message, lane }) => message === 'manager-tick' && lane === 'control'));
  }
  assert.match(await printed(['actor', 'ls']), /ACTOR +STATE +RESTARTS +CONTROL +DATA/);
  assert.match(await printed(['actor', 'trace', 'manager', '-n', '1']), /ended: all that were asked for/);
  assert.match((await run(['actor', 'info', 'nobody'])).err, /actor_not_found/);
  assert.match((await run(['actor', 'ls', '--node', 'nowhere'])).err, /node_not_found/);
});

test('completion offers commands, options, values and the names of topics', async () => {
  await createTopic('zebra');
  const complete = (...words: string[]): Promise<string> => printed(['complete', '--', ...words]);
  assert.is(await complete('to'), 'topic\n');
  assert.is(await complete('topic', 'rm', 'zeb'), 'zebra\n');
  assert.is(await complete('consume', '--exit'), '--exit-at-end\n');
  assert.is(await complete('produce', 'zebra', '--acks', ''), 'quorum\nleader\nnone\n');
  assert.is(await complete('consume', '--id', 'x', 'zeb'), 'zebra\n');
  const { code, out } = await run(['complete', '--', 'topic', 'rm', ''], '', {
    CALLBOARD_URL: 'http://127.0.0.1:1',
  });
  assert.equal([code, out], [0, '']);
  const bash =
    'source <("$0" "$1" completion bash); callboard() { "$NODE" "$MAIN" "$@"; }; ' +
    'COMP_WORDS=(callboard topic info zeb); COMP_CWORD=3; _callboard; echo "${COMPREPLY[*]}"';
  const shell = await runCommand(['bash', '-c', bash, process.execPath, MAIN], {
    env: env({ NODE: process.execPath, MAIN }),
  });
  assert.is(shell.out.trim(), 'zebra', shell.err);
});

if (full) {
  test('the examples of docs/cli.md run as they stand', async () => {
    const text = readFileSync(join(findRepoRoot(import.meta.url), 'docs/cli.md'), 'utf8');
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
    assert.ok(blocks.length >= 8);
    const directory = join(cluster.directory, 'docs');
    mkdirSync(join(directory, 'bin'), { recursive: true });
    const shim = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
    writeFileSync(join(directory, 'bin/callboard'), shim, { mode: 0o755 });
    const path = `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`;
    const { code, err } = await runCommand(['bash', '-euo', 'pipefail', '-c', blocks.join('\n')], {
      env: env({ PATH: path }),
      cwd: directory,
    });
    assert.is(code, 0, err);
  });
}

if (full) {
  test('a node that is down is told apart, and the others answer', async () => {
    const down = cluster.node(2);
    await down.kill();
    const { nodes } = await document<{ nodes: { name: string; answered: boolean }[] }>(['cluster', 'status']);
    assert.equal(
      nodes.map(({ answered }) => answered),
      [true, true, false],
    );
    const { code, err } = await run(['actor', 'ls', '--node', down.name]);
    assert.is(code, 6);
    assert.match(err, /did not answer.*\(unavailable\)/);
    const alone = await run(['cluster', 'status', '--url', down.url]);
    assert.is(alone.code, 6);
  });
}

test.run();
