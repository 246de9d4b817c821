// weight: heavy
// timeout: 240 s
/**
 * A node whose disk fails ends at once with its own exit code, `dev` starts it again, the others go on meanwhile, and nothing
 * acknowledged is lost. An fsync that failed is never tried again: the kernel forgets the pages with the error.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { Child } from '../lib/child.ts';
import { DevProcess } from '../lib/dev-process.ts';
import { eventually } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir } from '../lib/temp-dir.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('a disk that fails');
const PARTITIONS = 3;
const NODES = [1, 2, 3];

let dev: DevProcess;
let apis: readonly Api[] = [];

test.before(async () => {
  dev = await DevProcess.started({ data: makeTempDir(), port: await claimPorts(NODES.length) });
  apis = NODES.map((node) => new Api(dev.url(node)));
});

test.after(async () => {
  await Promise.all([dev.destroy(), ...apis.map((api) => api.close())]);
});

function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Breaks the disk of one node under load, and expects its end, its return, and all that was acknowledged. */
async function underLoad(
  topic: string,
  node: number,
  breakDisk: (pid: number) => Promise<void>,
): Promise<void> {
  const api = apis[0] as Api;
  await api.createTopic(topic, PARTITIONS);
  const ledger = new Ledger(topic, PARTITIONS);
  const writers = startWriters(apis, ledger);
  await untilAllAcknowledge(ledger, writers, 5);
  const pid = dev.pid(node) ?? 0;
  await breakDisk(pid);
  await dev.says(`broker-${node} ended with exit code 5; starting it again in 2 s`);
  // The partitions that it led acknowledge again: nobody waits for its return.
  await untilAllAcknowledge(ledger, writers, 5);
  await eventually(`broker-${node} is back`, async () => {
    return dev.pid(node) !== pid && ((await apis[node - 1]?.isReady()) ?? false);
  });
  await untilAllAcknowledge(ledger, writers, 5);
  await Promise.all(writers.map((writer) => writer.stop()));
  await ledger.verify(apis);
}

const canLimit = works('prlimit', '--version');
const limitTest = canLimit ? test : test.skip;
if (!canLimit) console.log('!!!!! SKIPPED: a failing write needs `prlimit` of util-linux');

limitTest('a write that fails ends the node, also when its log cannot be written either', async () => {
  // No file may grow from here on: LevelDB's log, the journals and the node's own log all meet an error.
  await underLoad('write-fails', 2, async (pid) => {
    assert.ok(works('prlimit', '--pid', String(pid), '--fsize=1'));
  });
});

const canTrace = works('strace', '-o', '/dev/null', '-e', 'trace=none', 'true');
const traceTest = canTrace ? test : test.skip;
if (!canTrace) console.log('!!!!! SKIPPED: a failing fsync needs `strace`, and the right to trace');

traceTest('an fsync that fails once ends the node instead of being tried again', async () => {
  const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO:when=1'];
  let tracer: Child | undefined;
  try {
    await underLoad('fsync-fails', 3, async (pid) => {
      tracer = new Child(['strace', '-f', '-qq', ...inject, '-p', String(pid)]);
      await eventually('an fsync has failed', () => tracer?.output.includes('(INJECTED)') === true);
    });
  } finally {
    await tracer?.destroy();
  }
  const log = readFileSync(join(dev.data, 'broker-3', 'callboard.log'), 'utf8');
  assert.match(log, /"code":"storage_failed".*"node ends: its storage failed/);
  assert.ok(log.includes('(storage_failed)'));
});

test('neither the logs nor what a node says of itself hold a secret, after starts, calls, failures and restarts', async () => {
  const secrets = ['cluster.secret', 'admin.token'].map((name) =>
    readFileSync(join(dev.data, name), 'utf8').trim(),
  );
  const [, token = ''] = secrets;
  const admin = { broker_host: 'broker-1', token };
  assert.is((await (apis[0] as Api).call('POST', '/admin/broker/activate', admin)).status, 200);
  await (apis[0] as Api).call('POST', '/admin/broker/activate', { ...admin, broker_host: token });
  await (apis[0] as Api).call('GET', `/topics?token=${token}`);
  const told: string[] = [];
  for (const [at, api] of apis.entries()) {
    told.push(readFileSync(join(dev.data, `broker-${at + 1}`, 'callboard.log'), 'utf8'));
    for (const path of ['/status', '/readyz', '/healthz', '/']) {
      told.push(JSON.stringify((await api.call('GET', path)).body));
    }
  }
  for (const secret of secrets) {
    assert.is(secret.length, 64);
    assert.not.ok(told.some((text) => text.includes(secret)));
  }
});

test.run();
