/** Nodes that do not speak, processes that stall, and clocks that jump: with time in the test's hands. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Client, ClientStatus } from '@callboard/client';
import { withFakes, type FakeCluster } from './fake-cluster.ts';
import { FakeTime } from './fake-time.ts';
import { connectOn } from './internals.ts';
import { rejected, valuesOf } from './kit.ts';

interface Setting {
  readonly client: Client;
  readonly cluster: FakeCluster;
  readonly time: FakeTime;
  readonly news: ClientStatus[];
  count(kind: ClientStatus['kind']): number;
}

/** A client of two nodes, with nobody's time but the test's. */
async function setting(run: (setting: Setting) => Promise<void>): Promise<void> {
  await withFakes(2, async (cluster) => {
    const time = new FakeTime();
    const news: ClientStatus[] = [];
    const connecting = connectOn(time.platform, cluster.urls, { onStatus: (status) => news.push(status) });
    let client: Client | undefined;
    void connecting.then((connected) => (client = connected));
    await time.until('connected', () => client !== undefined);
    if (client === undefined) throw new Error('not connected');
    const count = (kind: string): number => news.filter((status) => status.kind === kind).length;
    try {
      await run({ client, cluster, time, news, count });
    } finally {
      await client.close();
    }
  });
}

test('a node that accepts and never speaks is left for the next address', async () => {
  await withFakes(2, async (cluster) => {
    for (const silent of [0, 1]) {
      cluster.node(silent).hook = () => true;
      cluster.node(1 - silent).hook = () => false;
      const time = new FakeTime();
      const news: ClientStatus[] = [];
      const client = await time.settled(
        connectOn(time.platform, cluster.urls, { onStatus: (status) => news.push(status) }),
      );
      const [last] = news.slice(-1);
      assert.is(last?.kind === 'connected' && last.node, `fake-${2 - silent}`);
      await client.close();
    }
    for (const node of cluster.nodes) node.hook = () => true;
    const time = new FakeTime();
    const error = await rejected(
      time.settled(connectOn(time.platform, cluster.urls, { deadlineMs: 20_000 })),
    );
    assert.is(error.code, 'unavailable');
    assert.match(error.message, /no sign of life/);
  });
});

test('a node that falls silent is asked for a sign of life, then left; what was under way is stored once', async () => {
  await setting(async ({ client, cluster, time, news, count }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t', { deadlineMs: 60_000 });
    await time.settled(producer.send({ value: 'a' }));
    const connected = news.find((status) => status.kind === 'connected');
    const silent = cluster.nodes.find(({ url }) => connected?.kind === 'connected' && url === connected.url);
    assert.ok(silent !== undefined);
    // It still stores what it is sent, and answers nothing: half-open.
    silent.hook = (frame) => {
      if (frame.kind === 'produce') cluster.partition('t', 0).produce(frame.chunk);
      return true;
    };
    cluster.partition('t', 0).leader = 1 - silent.index;
    const sending = producer.send({ value: 'b' });
    await time.settled(sending);
    assert.ok(cluster.frames.includes('ping'));
    assert.is(count('connected'), 2);
    assert.equal(valuesOf(cluster, 't', 0), ['a', 'b']);
  });
});

test('what was given up as unknown keeps its place: what was sent behind it is stored once, at its own offset', async () => {
  await setting(async ({ client, cluster, time }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t', { deadlineMs: 5_000 });
    await time.settled(producer.send({ value: '0' }));
    await time.until('the leader is reached', () => cluster.node(0).connections.size === 1);
    await time.settled(producer.send({ value: '1' }));
    let mute = true;
    let came = 0;
    for (const node of cluster.nodes) {
      node.hook = (frame) => {
        if (frame.kind !== 'produce' || !mute) return false;
        came += 1;
        cluster.partition('t', 0).produce(frame.chunk);
        return true;
      };
    }
    const first = rejected(producer.send({ value: '2' }));
    await time.until('the first has come', () => came === 1);
    await time.pass(3_000);
    const second = producer.send({ value: '3' });
    await time.until('the second has come', () => came === 2);
    const error = await time.settled(first);
    assert.equal([error.code, error.outcome], ['timeout', 'unknown']);
    // A third while the first is still on its way: it need not wait for anybody.
    const third = producer.send({ value: '4' });
    await time.until('the third has come', () => came === 3);
    mute = false;
    for (const node of cluster.nodes) for (const { socket } of node.connections) socket.terminate();
    assert.is((await time.settled(second)).offset, 3);
    assert.is((await time.settled(third)).offset, 4);
    assert.is((await time.settled(producer.send({ value: '5' }))).offset, 5);
    assert.equal(valuesOf(cluster, 't', 0), ['0', '1', '2', '3', '4', '5']);
  });
});

test('a process that stalls for minutes blames nobody: no reconnect, no duplicate, nothing given up', async () => {
  await setting(async ({ client, cluster, time, count }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t');
    const consumer = client.consumer('t', { id: 'c', from: 'earliest' });
    const iterator = consumer[Symbol.asyncIterator]();
    await time.settled(producer.send({ value: '0' }));
    // The leader's own connection comes a little later than the first answer through home.
    await time.until('the leader is reached', () => cluster.node(0).connections.size === 1);
    await time.pass(3_000);
    const connections = cluster.frames.filter((kind) => kind === 'hello').length;
    for (let round = 1; round <= 5; round += 1) {
      const sending = producer.send({ value: String(round) });
      await time.stall(180_000);
      await time.settled(sending);
      const { value } = await time.settled(iterator.next());
      assert.is(value.text(), String(round - 1));
      void value.ack();
    }
    await time.pass(20_000);
    assert.is(count('reconnecting'), 0);
    assert.is(cluster.frames.filter((kind) => kind === 'hello').length, connections);
    assert.equal(valuesOf(cluster, 't', 0), ['0', '1', '2', '3', '4', '5']);
    assert.is(cluster.partition('t', 0).cursor('c').at, 5);
  });
});

test("a wall clock that jumps moves nothing: the date that nobody gave is the leader's", async () => {
  await setting(async ({ client, cluster, time, count }) => {
    cluster.createTopic('t', 1);
    const producer = client.producer('t');
    const day = 24 * 3_600_000;
    const before = Date.now();
    for (const jump of [0, day, -3 * day, 10 * day]) {
      time.wallTime += jump;
      await time.settled(
        Promise.all([producer.send({ value: 'x' }), producer.send({ value: 'y', timestamp: 5 })]),
      );
    }
    await time.pass(5_000);
    assert.is(count('reconnecting'), 0);
    const consumer = client.consumer('t', { from: 'earliest' });
    const iterator = consumer[Symbol.asyncIterator]();
    const seen: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const { value } = await time.settled(iterator.next());
      seen.push(value.timestamp.getTime());
    }
    const after = Date.now();
    assert.equal(
      seen.map((at) => (at >= before && at <= after ? 'now' : at)),
      ['now', 5, 'now', 5, 'now', 5, 'now', 5],
    );
  });
});

test('a seek that nobody answers ends at the deadline of the client, in doubt; it is done as soon as it can be', async () => {
  await setting(async ({ client, cluster, time }) => {
    cluster.createTopic('t', 1);
    const consumer = client.consumer('t', { id: 'c' });
    await time.until('subscribed', () => consumer.lag().size === 1);
    const silence = (on: boolean): void => {
      for (const node of [0, 1]) cluster.node(node).hook = (frame) => on && frame.kind === 'subscribe';
    };
    silence(true);
    const { code, outcome } = await rejected(time.settled(consumer.seek('latest')));
    assert.equal([code, outcome], ['timeout', 'unknown']);
    silence(false);
    await time.settled(consumer.seek('earliest'));
    await time.settled(consumer.close());
  });
});

test.run();
