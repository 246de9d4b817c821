// weight: heavy
/** `callboard dev` with real nodes: what it prints works when pasted, and its data outlives every kill. */
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { DevProcess, untilGone } from '../lib/dev-process.ts';
import { inFullRuns } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('callboard dev with real nodes');

/** Runs the lines that were printed, all in one shell, as somebody would paste them. */
function paste(dev: DevProcess): string {
  const lines = dev.output.split('\n').filter((line) => /^(curl|PRODUCER=|CONSUMER=)/.test(line));
  const result = spawnSync('sh', ['-c', lines.join('\n')], { encoding: 'utf8', timeout: 60_000 });
  return `${result.stdout}${result.stderr}`;
}

test('the printed lines create, produce and consume; nothing is lost when all nodes are killed, or dev itself', async () => {
  const setup = { data: makeTempDir(), port: await claimPorts(3) };
  const dev = await DevProcess.started(setup);
  const api = new Api(dev.url(2));
  let again: DevProcess | undefined;
  try {
    const pasted = paste(dev);
    assert.ok(pasted.includes("Topic 'greetings' created successfully."), pasted);
    assert.ok(pasted.includes('"message":"Hello, board"'), pasted);

    const killed = dev.pids(3);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await eventually('all nodes are back', async () => {
      const pids = dev.pids(3);
      return pids.every((pid, node) => pid > 0 && pid !== killed[node]) && (await api.isReady());
    });
    assert.equal(await api.topics(), ['greetings']);

    const orphans = dev.pids(3);
    await dev.stop('SIGKILL');
    await untilGone(orphans);
    again = await DevProcess.started(setup);
    const consumer = await api.registerConsumer('greetings');
    const consumed = await api.consume({ topic: 'greetings', consumer });
    assert.equal(consumed, { kind: 'record', message: 'Hello, board', partition: 0 });
    assert.equal(await again.stop('SIGINT'), { code: 0, signal: null });
  } finally {
    await Promise.all([dev.destroy(), again?.destroy(), api.close()]);
  }
});

inFullRuns(test)('brokers wait for the admin with --manual-brokers', async () => {
  const token = 'token-of-the-test';
  const dev = await DevProcess.started({
    data: makeTempDir(),
    port: await claimPorts(3),
    args: ['--manual-brokers'],
    env: { CALLBOARD_ADMIN_TOKEN: token },
  });
  const api = new Api(dev.url(1));
  try {
    const early = await api.call('POST', '/topics', { name: 'early' });
    assert.is(early.status, 400);
    for (const broker of ['broker-1', 'broker-2', 'broker-3']) {
      await api.expect('POST', '/admin/broker/add', { broker_host: broker, token });
    }
    await api.createTopic('late', 2);
  } finally {
    await dev.destroy();
    await api.close();
  }
});

test.run();
