/** A deadline counts from the call, whatever has to be asked, sent again or given up meanwhile; with time in the test's hands. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Client } from '@callboard/client';
import { withFakes, type FakeCluster, type FakeConnection } from './fake-cluster.ts';
import { FakeTime } from './fake-time.ts';
import { connectOn } from './internals.ts';
import { rejected } from './kit.ts';

const deadlineMs = 4_000;
/** What looks at deadlines does so now and then. */
const slackMs = 600;

interface Setting {
  readonly client: Client;
  readonly cluster: FakeCluster;
  readonly time: FakeTime;
  /** Awaits a promise while time passes, and returns how long it took beside it. */
  timed<T>(promise: Promise<T>): Promise<[T, number]>;
}

async function setting(nodes: number, run: (setting: Setting) => Promise<void>): Promise<void> {
  await withFakes(nodes, async (cluster) => {
    const time = new FakeTime();
    async function timed<T>(promise: Promise<T>): Promise<[T, number]> {
      const began = time.platform.now();
      const result = await time.settled(promise);
      return [result, time.platform.now() - began];
    }
    const [client] = await timed(connectOn(time.platform, cluster.urls, { deadlineMs }));
    try {
      await run({ client, cluster, time, timed });
    } finally {
      await timed(client.close());
    }
  });
}

test('what waited to learn of its topic has only the rest of its deadline to be stored', async () => {
  await setting(1, async ({ client, cluster, time, timed }) => {
    cluster.createTopic('t', 1);
    const asked: (() => void)[] = [];
    let telling = false;
    cluster.node(0).hook = (frame, connection: FakeConnection) => {
      if (frame.kind === 'produce') return true;
      if (frame.kind !== 'metadata' || telling) return false;
      asked.push(() => connection.fail(frame.correlation, 'unavailable'));
      return true;
    };
    const producer = client.producer('t');
    const sending = rejected(producer.send({ value: 'x' }));
    const ending = timed(sending);
    await time.pass(deadlineMs * 0.7);
    assert.ok(asked.length > 0);
    telling = true;
    for (const fail of asked) fail();
    const [{ code }, ms] = await ending;
    assert.is(code, 'timeout');
    assert.ok(ms <= deadlineMs + slackMs, `${ms} ms`);
  });
});

test('a producer ends although its last records were given up before they could be sent', async () => {
  await setting(1, async ({ client, cluster, time, timed }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t');
    await timed(producer.send({ value: 'first' }));
    let refused = 0;
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce') return false;
      refused += 1;
      connection.fail(frame.correlation, 'overloaded', { retryAfterMs: 60_000, outcome: 'not_applied' });
      return true;
    };
    const sent = [rejected(producer.send({ value: 'refused' }))];
    await time.until('refused', () => refused > 0);
    // Behind the one that is held up, and never sent.
    sent.push(rejected(producer.send({ value: 'unsent' })));
    const [, ms] = await timed(producer.close());
    assert.ok(ms <= deadlineMs + slackMs, `${ms} ms`);
    const codes = (await Promise.all(sent)).map(({ code, outcome }) => `${code} ${outcome}`);
    assert.equal(codes, ['timeout not_applied', 'timeout not_applied']);
  });
});

test('an acknowledgement that has to be sent again and again ends at its own deadline', async () => {
  await setting(1, async ({ client, cluster, time, timed }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t');
    await timed(producer.sendBatch(['a', 'b', 'c', 'd'].map((value) => ({ value }))));
    let acks = 0;
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'ack') return false;
      acks += 1;
      connection.fail(frame.correlation, 'unavailable');
      return true;
    };
    const consumer = client.consumer('t', { id: 'c' });
    const records = consumer[Symbol.asyncIterator]();
    const told: Promise<[unknown, number]>[] = [];
    for (let n = 0; n < 3; n += 1) {
      const [next] = await timed(records.next());
      assert.is(next.done, false);
      if (next.done !== true) told.push(timed(rejected(next.value.ack())));
      await time.pass(deadlineMs * 0.4);
    }
    for (const [error, ms] of await Promise.all(told)) {
      assert.is((error as { code: string }).code, 'timeout');
      assert.ok(ms <= deadlineMs + slackMs && ms >= (deadlineMs * 7) / 8 - slackMs, `${ms} ms`);
    }
    assert.ok(acks > 1, `${acks} acks`);
    cluster.node(0).hook = () => false;
  });
});

test('a home that can ask nobody is left for another address', async () => {
  await setting(2, async ({ client, cluster, timed }) => {
    cluster.createTopic('t', 1);
    for (const helpless of [0, 1]) {
      const answering = 1 - helpless;
      cluster.node(answering).hook = () => false;
      cluster.node(helpless).hook = (frame, connection) => {
        if (frame.kind !== 'metadata') return false;
        connection.fail(frame.correlation, 'unavailable', { message: 'this node takes no part' });
        return true;
      };
      const [names, ms] = await timed(client.topics());
      assert.equal(names, ['t']);
      assert.ok(ms < deadlineMs, `${ms} ms`);
    }
  });
});

test.run();
