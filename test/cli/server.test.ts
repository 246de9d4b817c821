// weight: heavy
/** `callboard server` as a process: what it leaves, how it ends, and how it refuses. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { Child } from '../lib/child.ts';
import { MAIN } from '../lib/cluster.ts';
import { untilGone } from '../lib/dev-process.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('callboard server');
let port = 0;
const children: Child[] = [];

test.before(async () => {
  port = await claimPorts(2);
});

test.after.each(async () => {
  await Promise.all(children.splice(0).map((child) => child.destroy()));
});

interface Setup {
  readonly data?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function launch({ data = makeTempDir(), args = [], env = {} }: Setup = {}): Child {
  const listen = args.includes('--listen') ? [] : ['--listen', `127.0.0.1:${port}`];
  const child = new Child([process.execPath, MAIN, 'server', '--data', data, ...listen, ...args], { env });
  children.push(child);
  return child;
}

async function untilReady(child: Child): Promise<Api> {
  const api = new Api(`http://127.0.0.1:${port}`);
  await eventually(`ready\n${child.output}`, async () => {
    if (child.end !== undefined) throw new Error(`it ended: ${child.output}`);
    return await api.isReady();
  });
  return api;
}

test('runs one node: writes its pid, logs JSON lines, serves, and ends cleanly', async () => {
  const data = makeTempDir();
  const child = launch({ data });
  const api = await untilReady(child);
  assert.is(readFileSync(join(data, 'callboard.pid'), 'utf8'), `${child.pid}\n`);
  await api.createTopic('one', 1);
  const producer = await api.registerProducer('one');
  assert.equal(await api.produce({ topic: 'one', producer, message: 'x' }), { partition: 0, offset: 0 });
  child.kill('SIGTERM');
  assert.equal(await child.ended, { code: 0, signal: null });
  assert.not.ok(existsSync(join(data, 'callboard.pid')));
  const lines = child.output.trim().split('\n');
  for (const line of lines) JSON.parse(line);
  assert.ok(lines.some((line) => line.includes('"node started"') && line.includes(`127.0.0.1:${port}`)));
  await api.close();
});

test('finds its data again', async () => {
  const data = makeTempDir();
  const first = launch({ data });
  const before = await untilReady(first);
  await before.createTopic('kept', 1);
  await before.close();
  first.kill('SIGKILL');
  await first.ended;
  const second = launch({ data });
  const api = await untilReady(second);
  assert.equal(await api.topics(), ['kept']);
  await api.close();
});

test('refuses data that another node has open, and leaves that node alone', async () => {
  const data = makeTempDir();
  const first = launch({ data });
  await untilReady(first);
  const second = launch({ data, args: ['--listen', `127.0.0.1:${port + 1}`] });
  const end = await second.ended;
  assert.is(end.code, 3, second.output);
  assert.ok(second.output.includes(data), second.output);
  assert.ok(second.output.includes('data_in_use'), second.output);
  assert.is(readFileSync(join(data, 'callboard.pid'), 'utf8'), `${first.pid}\n`);
  assert.is(first.end, undefined);
});

test('names an address that is busy', async () => {
  const blocker = createServer().listen({ host: '127.0.0.1', port });
  await once(blocker, 'listening');
  try {
    const child = launch();
    assert.is((await child.ended).code, 4);
    assert.ok(child.output.includes(`127.0.0.1:${port} is busy`), child.output);
    assert.ok(child.output.includes('--listen'));
    assert.ok(child.output.includes('(port_in_use)'));
  } finally {
    blocker.close();
  }
});

test('names a data directory that cannot be one', async () => {
  const file = join(makeTempDir(), 'file');
  writeFileSync(file, '');
  const child = launch({ data: join(file, 'below') });
  assert.is((await child.ended).code, 3);
  assert.ok(child.output.includes('(data_inaccessible)'), child.output);
});

test('refuses wrong settings with 2, all of them at once, and starts nothing', async () => {
  const data = join(makeTempDir(), 'untouched');
  const child = launch({ data, args: ['--log-level', 'inof'], env: { CALLBOARD_LISTN: '1' } });
  assert.is((await child.ended).code, 2);
  assert.ok(child.output.includes("did you mean 'info'?"), child.output);
  assert.ok(child.output.includes("Did you mean 'CALLBOARD_LISTEN'?"), child.output);
  assert.not.ok(existsSync(data));
});

test('says in its log when it listens beyond this machine', async () => {
  const child = launch({ args: ['--listen', `0.0.0.0:${port}`] });
  await untilReady(child);
  assert.ok(child.output.includes('there are no client credentials'), child.output);
});

test('ends when its supervisor is gone, also in the middle of its start', async () => {
  const child = launch({ args: ['--end-with-stdin'] });
  child.endInput();
  await untilGone([child.pid]);
  const again = launch({ args: ['--end-with-stdin'] });
  await untilReady(again);
  again.endInput();
  assert.equal(await again.ended, { code: 0, signal: null });
});

function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

test('explains itself: help with examples and exit codes, and the version', () => {
  const help = run('--help');
  assert.is(help.status, 0);
  assert.ok(help.out.includes('Examples:') && help.out.includes('Exit codes:'));
  for (const command of ['dev', 'server']) {
    const own = run(command, '--help');
    assert.is(own.status, 0);
    assert.ok(own.out.includes('--data') && own.out.includes('Example'), own.out);
  }
  assert.match(run('--version').out, /^\d+\.\d+\.\d+\n$/);
});

test('refuses what it does not know, names the near miss, and never repeats the value of a flag', () => {
  assert.ok(run('dve').err.includes('did you mean dev'));
  const flag = run('dev', '--prot', '80');
  assert.is(flag.status, 2);
  assert.ok(flag.err.includes('did you mean --port'), flag.err);
  const secret = run('server', '--secret=very-secret-indeed');
  assert.is(secret.status, 2);
  assert.not.ok(secret.err.includes('very-secret-indeed'));
  assert.ok(run('dev', '--nodes', 'many').err.includes("--nodes is 'many'"));
  assert.ok(run('dev', '--nodes', '3', '--port', '65534').err.includes('65535 is the last one'));
  assert.is(run('dev', 'three').status, 2);
  assert.is(run().status, 2);
});

test.run();
