/** drain: takes no more, waits for what is being worked on, commits it, and closes; on SIGTERM too. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { connect } from '@callboard/client';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { eventually } from '../lib/eventually.ts';
import { withFakes } from './fake-cluster.ts';
import { fill, rejected, withClient } from './kit.ts';

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

test('handlers finish, nothing more is begun, and their acks are committed before it resolves', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 20);
    await fill(client, 't', 1, 20);
    const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    const { opened, open } = gate();
    let begun = 0;
    let done = 0;
    const running = consumer.run(async () => {
      begun += 1;
      await opened;
      done += 1;
    });
    await eventually('both partitions are at work', () => begun === 2);
    const draining = consumer.drain();
    const later = consumer.run(() => void (begun += 1));
    assert.equal(await consumer[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    await later;
    assert.is(done, 0);
    open();
    await draining;
    await running;
    assert.equal([begun, done], [2, 2]);
    assert.equal(
      [0, 1].map((partition) => cluster.partition('t', partition).cursor('c').at),
      [1, 1],
    );
    await consumer.drain();
  });
});

for (const how of ['goes on', 'breaks'] as const) {
  test(`a loop is waited for until it ${how}; one that waits for records is not`, async () => {
    await withClient(1, async (client, cluster) => {
      cluster.createTopic('t', 1);
      await fill(client, 't', 0, 5);
      const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
      const idle = client.consumer('t', { id: 'idle' });
      const idling = (async () => {
        for await (const record of idle) await record.ack();
      })();
      const { opened, open } = gate();
      let seen = 0;
      const loop = (async () => {
        for await (const _ of consumer) {
          seen += 1;
          await opened;
          if (how === 'breaks') break;
        }
      })();
      await eventually('the loop is at work', () => seen === 1);
      await eventually('the other one waits', () => idle.lag().get(0) === 0);
      let drained = false;
      const draining = client.drain().then(() => (drained = true));
      await idling;
      assert.is(drained, false);
      open();
      await draining;
      await loop;
      assert.is(seen, 1);
      assert.is(cluster.partition('t', 0).cursor('c').at, how === 'breaks' ? 0 : 1);
    });
  });
}

test('handlers can still send while the client drains; what they sent is stored', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('in', 1);
    cluster.createTopic('out', 1);
    await fill(client, 'in', 0, 1);
    const producer = client.producer('out');
    const { opened, open } = gate();
    let begun = false;
    const running = client.consumer('in', { id: 'c', ack: 'auto' }).run(async () => {
      begun = true;
      await opened;
      await producer.send({ value: 'result' });
    });
    await eventually('the handler is at work', () => begun);
    const draining = client.drain();
    open();
    await Promise.all([draining, running]);
    assert.is(cluster.partition('out', 0).end, 1);
    assert.is(cluster.partition('in', 0).cursor('c').at, 1);
  });
});

test('what is not done by the deadline, or when it is given up, comes again', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 2);
    for (const options of [{ deadlineMs: 50 }, { signal: AbortSignal.abort(new Error('now')) }]) {
      const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
      let begun = false;
      const { opened, open } = gate();
      const running = consumer.run(async () => {
        begun = true;
        await opened;
      });
      await eventually('it is at work', () => begun);
      const error = await rejected(consumer.drain(options));
      assert.equal([error.code, error.outcome], ['deadlineMs' in options ? 'timeout' : 'aborted', 'unknown']);
      const why =
        'deadlineMs' in options ? /1 handlers or loops of 't' were still at work after 50 ms/ : /given up/;
      assert.match(error.detail, why);
      open();
      await running;
      assert.is(cluster.partition('t', 0).cursor('c').at, 0);
    }
    assert.is((await rejected(client.drain({ deadlineMs: -1 }))).code, 'bad_request');
  });
});

test('the pattern of the page for SIGTERM: the record at work is finished, acknowledged, and the process ends with 0', async () => {
  const page = readFileSync(join(findRepoRoot(import.meta.url), 'docs/client.md'), 'utf8');
  const [, program = ''] = /^## Stopping[^]*?^```js\n([^]*?)^```/m.exec(page) ?? [];
  assert.match(program, /SIGTERM/);
  await withFakes(1, async (cluster) => {
    cluster.createTopic('jobs', 1);
    const { url } = cluster.node(0);
    await using client = await connect(url);
    await fill(client, 'jobs', 0, 3);
    const own = program.replace('http://localhost:8080', url.replace(/^ws/, 'http').replace('/client', ''));
    const child = new Child([process.execPath, '--input-type=module', '-e', own], {
      cwd: findRepoRoot(import.meta.url),
    });
    await eventually('a job is begun', () => child.output.includes('begins 0'));
    child.kill('SIGTERM');
    const { code } = await child.ended;
    assert.is(child.output, 'begins 0\nends 0\nstopped\n');
    assert.is(code, 0);
    assert.is(cluster.partition('jobs', 0).cursor('worker').at, 1);
  });
});

test.run();
