// timeout: 240 s
/** What `callboard dev` promises about its processes and files. The nodes are stand-ins: what they store is no matter here. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STAND_IN } from '../lib/cluster.ts';
import { DevProcess, isAlive, untilGone } from '../lib/dev-process.ts';
import type { DevSetup } from '../lib/dev-process.ts';
import { inFullRuns } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('callboard dev');
const started: DevProcess[] = [];
let firstPort = 0;
/** Three nodes for all tests that leave them as they were. */
let common: DevProcess;

test.before(async () => {
  const commonPort = await claimPorts(3);
  firstPort = await claimPorts(10);
  common = await DevProcess.started({ data: makeTempDir(), port: commonPort, standIn: true });
});

test.after.each(async () => {
  await Promise.all(started.splice(0).map((dev) => dev.destroy()));
});

test.after(async () => {
  await common.destroy();
});

function setup(more: Partial<DevSetup> = {}): DevSetup {
  return { data: makeTempDir(), port: firstPort, standIn: true, ...more };
}

/** Where it does not matter how many there are. */
function oneNode({ args = [], ...more }: Partial<DevSetup> = {}): DevSetup {
  return setup({ ...more, args: ['--nodes', '1', ...args] });
}

function launch(settings: DevSetup): DevProcess {
  const dev = new DevProcess(settings);
  started.push(dev);
  return dev;
}

async function start(settings: DevSetup): Promise<DevProcess> {
  const dev = launch(settings);
  await dev.ready();
  return dev;
}

function killNode(dev: DevProcess, node: number, signal: NodeJS.Signals = 'SIGKILL'): number {
  const pid = dev.pid(node);
  if (pid === undefined) throw new Error(`broker-${node} has no pid file`);
  process.kill(pid, signal);
  return pid;
}

/** Another process than before, which is ready. */
async function comesBack(dev: DevProcess, node: number, before: number): Promise<number> {
  return await eventually(`broker-${node} runs again`, async () => {
    const pid = dev.pid(node);
    const answer = await fetch(`${dev.url(node)}/readyz`);
    return answer.ok && pid !== before && pid;
  });
}

test('starts three nodes on ports that follow each other, each with its pid file', async () => {
  const dev = common;
  for (const node of [1, 2, 3]) {
    const pid = dev.pid(node) ?? 0;
    assert.ok(isAlive(pid));
    assert.ok((await fetch(`${dev.url(node)}/readyz`)).ok);
    assert.ok(dev.output.includes(`broker-${node}  ${dev.url(node)}`));
    assert.ok(existsSync(join(dev.data, `broker-${node}`, 'callboard.log')));
  }
});

test('prints lines to paste with the real ports, and where the admin token is that it made', async () => {
  const dev = common;
  const lines = dev.output.split('\n').filter((line) => /^(curl|PRODUCER=|CONSUMER=)/.test(line));
  assert.is(lines.length, 5);
  assert.ok(lines[0]?.includes(`${dev.url(1)}/topics`));
  const token = readFileSync(join(dev.data, 'admin.token'), 'utf8').trim();
  assert.match(token, /^[0-9a-f]{64}$/);
  assert.ok(dev.output.includes(`Admin token: in ${join(dev.data, 'admin.token')}`));
  assert.not.ok(dev.output.includes(token), 'what is printed ends up in logs and screenshots');
});

test('keeps its secrets readable by their owner only, and the same ones at the next start', async () => {
  const settings = oneNode();
  const files = ['cluster.secret', 'admin.token'].map((name) => join(settings.data, name));
  const first = await start(settings);
  const before = files.map((file) => readFileSync(file, 'utf8'));
  for (const file of files) assert.is(statSync(file).mode & 0o777, 0o600);
  await first.stop();
  await start(settings);
  assert.equal(
    files.map((file) => readFileSync(file, 'utf8')),
    before,
  );
});

test('takes the admin token from CALLBOARD_ADMIN_TOKEN, and then neither keeps nor prints it', async () => {
  const dev = await start(oneNode({ env: { CALLBOARD_ADMIN_TOKEN: 'given-by-the-test' } }));
  assert.not.ok(existsSync(join(dev.data, 'admin.token')));
  assert.not.ok(dev.output.includes('given-by-the-test'));
  assert.ok(dev.output.includes('CALLBOARD_ADMIN_TOKEN'));
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  const add = signal === 'SIGTERM' ? test : inFullRuns(test);
  add(`ends cleanly on ${signal}, with all of its nodes`, async () => {
    const count = signal === 'SIGTERM' ? 3 : 1;
    const dev = await start(count === 3 ? setup() : oneNode());
    const pids = dev.pids(count);
    assert.equal(await dev.stop(signal), { code: 0, signal: null });
    assert.not.ok(pids.some(isAlive));
    assert.equal(
      [1, 2, 3].map((node) => dev.pid(node)),
      [undefined, undefined, undefined],
    );
    assert.not.ok(existsSync(join(dev.data, 'dev.lock')));
    const log = readFileSync(join(dev.data, 'broker-1', 'callboard.log'), 'utf8');
    assert.ok(log.includes('node ended'));
  });
}

inFullRuns(test)('kills a node that does not end by itself', async () => {
  const dev = await start(setup({ env: { STAND_IN_HANG: 'broker-2' } }));
  const pids = dev.pids(3);
  // Paused, it cannot even cut itself off.
  killNode(dev, 3, 'SIGSTOP');
  assert.equal(await dev.stop(), { code: 0, signal: null });
  assert.not.ok(pids.some(isAlive));
  assert.ok(dev.output.includes('broker-3'));
});

test('starts a node again that died, and says so', async () => {
  const dev = common;
  const [first = 0, second = 0, third = 0] = dev.pids(3);
  killNode(dev, 2);
  await dev.says('broker-2 was ended by SIGKILL; starting it again in 2 s');
  await comesBack(dev, 2, second);
  await dev.says('broker-2 is ready again');
  assert.is(dev.pid(1), first);
  assert.is(dev.pid(3), third);
});

inFullRuns(test)('starts all nodes again when all have died', async () => {
  const dev = common;
  const before = dev.pids(3);
  for (const node of [1, 2, 3]) killNode(dev, node);
  for (const node of [1, 2, 3]) await comesBack(dev, node, before[node - 1] ?? 0);
});

test('with --no-restart leaves a dead node down, and ends with 1 when none is left', async () => {
  const dev = await start(setup({ args: ['--no-restart'] }));
  killNode(dev, 2);
  await dev.says('broker-2 was ended by SIGKILL; it stays down');
  assert.ok((await fetch(`${dev.url(1)}/readyz`)).ok);
  killNode(dev, 1);
  killNode(dev, 3);
  assert.equal(await dev.child.ended, { code: 1, signal: null });
  assert.ok(dev.output.includes('No node is left'));
});

test('its nodes end when it is killed with SIGKILL', async () => {
  const dev = await start(setup());
  const pids = dev.pids(3);
  await dev.stop('SIGKILL');
  await untilGone(pids);
});

test('with its nodes it ends when the end of descriptor 3 is closed: `npm start` is gone', async () => {
  const { data, port } = setup();
  const main = STAND_IN;
  const args = ['dev', '--data', data, '--port', String(port), '--nodes', '1', '--end-with-parent'];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  await eventually('it is ready', () => output.includes('Callboard is ready'));
  const pid = Number(readFileSync(join(data, 'broker-1', 'callboard.pid'), 'utf8'));
  (child.stdio[3] as Socket).destroy();
  assert.equal(await ended, [0, null]);
  assert.ok(output.includes('npm start is gone'));
  await untilGone([pid]);
});

inFullRuns(test)(
  'its nodes end when it is killed at any moment of the start, and the next start is sound',
  async () => {
    const settings = setup();
    for (const node of [1, 2, 3]) {
      const dev = launch(settings);
      const pid = await eventually(`broker-${node} has a pid`, () => dev.pid(node));
      await dev.stop('SIGKILL');
      await untilGone([pid, ...dev.pids(3).filter((other) => other > 0)]);
    }
    const again = await start(settings);
    assert.is((await again.stop()).code, 0);
  },
);

inFullRuns(test)('starts at once after a kill, as soon as the nodes of before have ended', async () => {
  const settings = oneNode();
  const first = await start(settings);
  await first.stop('SIGKILL');
  const second = await start(settings);
  assert.ok((await fetch(`${second.url(1)}/readyz`)).ok);
});

test('a second one on the same data says so, ends with 0, and disturbs nothing', async () => {
  const first = common;
  const pids = first.pids(3);
  const second = launch(setup({ data: first.data }));
  assert.equal(await second.child.ended, { code: 0, signal: null });
  assert.ok(second.output.includes(`already runs on ${first.data} (pid ${first.child.pid})`));
  assert.ok(second.output.includes(first.url(1)));
  assert.equal(first.pids(3), pids);
  assert.ok(pids.every(isAlive));
});

test('of two started at the same time, one runs and the other says so', async () => {
  const settings = oneNode();
  const both = [launch(settings), launch(settings)];
  const other = await eventually('one has ended', () => both.find((dev) => dev.child.end !== undefined));
  assert.is(other.child.end?.code, 0);
  assert.ok(other.output.includes('already runs'));
  await both.find((dev) => dev !== other)?.ready();
});

inFullRuns(test)('does not believe a lock whose pid belongs to another process now', async () => {
  const settings = oneNode();
  mkdirSync(settings.data, { recursive: true });
  // This test process is alive, but it did not start when the lock says.
  const lock = { pid: process.pid, identity: 'another boot 1', urls: [] };
  writeFileSync(join(settings.data, 'dev.lock'), JSON.stringify(lock));
  await start(settings);
});

test('does not believe a pid file whose process is another program now', async () => {
  const settings = oneNode();
  mkdirSync(join(settings.data, 'broker-1'), { recursive: true });
  writeFileSync(join(settings.data, 'cluster.json'), '{"layout":1,"nodes":1}');
  writeFileSync(join(settings.data, 'broker-1', 'callboard.pid'), `${process.pid}\n`);
  const dev = await start(settings);
  assert.is.not(dev.pid(1), process.pid);
});

test('names a busy port and the way out, and leaves nothing running', async () => {
  const settings = setup();
  const blocker = createServer().listen({ host: '127.0.0.1', port: firstPort + 1 });
  await once(blocker, 'listening');
  try {
    const dev = launch(settings);
    const end = await dev.child.ended;
    assert.is(end.code, 4);
    assert.ok(
      dev.output.includes(`127.0.0.1:${firstPort + 1}, where broker-2 is to listen, is busy`),
      dev.output,
    );
    assert.match(dev.output, /for example --port \d+/);
    assert.ok(dev.output.includes('(port_in_use)'));
    assert.equal(dev.pids(3), [0, 0, 0]);
    assert.not.ok(existsSync(join(settings.data, 'dev.lock')));
  } finally {
    blocker.close();
  }
});

test('refuses another number of nodes on existing data', async () => {
  const settings = setup({ args: ['--nodes', '1'] });
  const first = await start(settings);
  await first.stop();
  const second = launch({ ...settings, args: ['--nodes', '3'] });
  assert.is((await second.child.ended).code, 3);
  assert.ok(second.output.includes('holds the data of 1 node, and --nodes asks for 3'), second.output);
  assert.ok(second.output.includes('(data_other_cluster)'));
});

inFullRuns(test)(
  'a node that fails again and again is tried less and less often, and its last words are shown',
  async () => {
    const dev = launch(setup({ env: { STAND_IN_FAIL: 'broker-3' } }));
    await dev.says('broker-3 ended with exit code 1; starting it again in 2 s');
    await dev.says('starting it again in 4 s');
    assert.ok(dev.output.includes('broker-3 fails on request'), dev.output);
    const pids = dev.pids(2);
    assert.equal(await dev.stop(), { code: 0, signal: null });
    assert.not.ok(pids.some(isAlive));
  },
);

test('stops in the middle of its start without leaving anything', async () => {
  const dev = launch(setup());
  const pid = await eventually('the first node has a pid', () => dev.pid(1));
  assert.equal(await dev.stop(), { code: 0, signal: null });
  assert.not.ok(isAlive(pid));
  assert.equal(dev.pids(3), [0, 0, 0]);
});

test('shows the logs of all nodes with --verbose', async () => {
  const dev = await start(setup({ args: ['--verbose', '--nodes', '2'] }));
  for (const node of [1, 2]) await dev.says(`broker-${node} | `);
  await dev.says('node started');
});

test('warns when it listens beyond this machine', async () => {
  const dev = await start(oneNode({ args: ['--host', '0.0.0.0'] }));
  assert.ok(dev.output.includes('there are no client credentials'));
  assert.ok(
    dev.output.includes(`broker-1  ${dev.url(1)}`),
    'the lines to paste name an address that can be reached',
  );
});

test('refuses unknown variables with the near miss, and hands settings of `server` to nobody', async () => {
  const wrong = launch(setup({ env: { CALLBOARD_ADMIN_TOKN: 'x' } }));
  assert.is((await wrong.child.ended).code, 2);
  assert.ok(wrong.output.includes("Did you mean 'CALLBOARD_ADMIN_TOKEN'?"));
  const idle = await start(oneNode({ env: { CALLBOARD_NAME: 'zebra' } }));
  assert.ok(idle.output.includes('CALLBOARD_NAME is a setting of `callboard server`'));
});

test('is not ended by a reader that goes away', () => {
  const { data, port } = setup();
  const main = STAND_IN;
  const script = `"${process.execPath}" "${main}" dev --data "${data}" --port ${port} --nodes 1 & DEV=$!
    exec 1>&-
    for i in $(seq 600); do [ -f "${data}/broker-1/callboard.pid" ] && break; sleep 0.1; done
    kill $DEV && wait $DEV`;
  const result = spawnSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  assert.is(result.status, 0, String(result.stderr));
});

test.run();
