/**
 * The client before three real nodes: a consumer whose event loop is blocked, fenced sessions, calls through one node only, a leader
 * that is killed under it, and a topic's life as a program sees it.
 */
// timeout: 180 s
// weight: heavy
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type ClientStatus, type IncomingRecord } from '@callboard/client';
import { Cluster } from '../lib/cluster.ts';
import { full } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { numbers, rejected } from './kit.ts';
import type { StallNews, StallOrder } from './stand-in/stalling-consumer.ts';

const cluster = await Cluster.start();
const stalling = fileURLToPath(new URL('./stand-in/stalling-consumer.js', import.meta.url));

test('a topic is made, written, looked up and read on whatever node', async () => {
  for (const url of cluster.urls) {
    await using client = await connect(url, { direct: false });
    const name = `t-${new URL(url).port}`;
    await client.createTopic(name, { partitions: 3 });
    await using producer = client.producer(name);
    const sent = await producer.sendBatch(
      numbers(300).map((value) => ({ key: `k${Number(value) % 20}`, value })),
    );
    const info = await client.topic(name);
    const ends = [0, 1, 2].map((partition) => sent.filter((each) => each.partition === partition).length);
    assert.equal(
      info?.partitions.map(({ end }) => end),
      ends,
    );
    await using consumer = client.consumer(name, { from: 'earliest' });
    let count = 0;
    for await (const record of consumer) {
      const i = Number(record.text());
      assert.equal([record.partition, record.offset], [sent[i]?.partition, sent[i]?.offset]);
      if ((count += 1) === 300) break;
    }
  }
  await using client = await connect(cluster.urls);
  assert.is((await client.topics()).length, 3);
  assert.is(await client.topic('no-such-topic'), undefined);
  assert.is((await rejected(client.producer('no-such-topic').send({ value: 'x' }))).code, 'topic_not_found');
});

if (full) {
  test('a consumer whose event loop is blocked for 10 s gets each record once, in order, over the same connections', async () => {
    await using client = await connect(cluster.urls);
    await client.createTopic('stall', { partitions: 2 });
    await using producer = client.producer('stall');
    const order: StallOrder = {
      urls: cluster.urls,
      topic: 'stall',
      id: 'stalled',
      total: 6_000,
      stallAt: 1_000,
      stallMs: 10_000,
    };
    const child = fork(stalling, [JSON.stringify(order)]);
    process.once('exit', () => child.kill('SIGKILL'));
    const news = new Promise<StallNews>((resolve, reject) => {
      child.once('message', (message) => resolve(message as StallNews));
      child.once('exit', (code) => reject(new Error(`the consumer ended with ${code}`)));
    });
    // All the while records come in, far more than its credit.
    for (let at = 0; at < order.total; at += 100) {
      await producer.sendBatch(
        numbers(100).map((i) => ({ value: String(at + Number(i)), partition: (at / 100) % 2 })),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { seen, statuses, stalledMs } = await news;
    assert.ok(stalledMs >= order.stallMs);
    for (const partition of [0, 1]) {
      const own = seen.filter((each) => each.partition === partition).map(({ offset }) => String(offset));
      assert.equal(own, numbers(order.total / 2));
    }
    const kinds = statuses.map(({ kind }) => kind);
    assert.equal(
      kinds.filter((kind) => kind === 'reconnecting' || kind === 'fenced' || kind === 'stalled'),
      [],
    );
    // Nothing was left unacknowledged, so nothing comes again.
    await using again = client.consumer('stall', { id: 'stalled' });
    await eventually('it is subscribed', () => again.lag().size === 2);
    assert.equal([...again.lag().values()], [0, 0]);
  });
}

test('a second session fences the first, which says so and commits nothing more', async () => {
  const news: ClientStatus[] = [];
  await using client = await connect(cluster.urls, { onStatus: (status) => news.push(status) });
  await client.createTopic('fence', { partitions: 2 });
  await using producer = client.producer('fence');
  await producer.sendBatch(numbers(40).map((value) => ({ value, partition: Number(value) % 2 })));
  await using first = client.consumer('fence', { id: 'c' });
  const records: IncomingRecord[] = [];
  for await (const record of first) if (records.push(record) === 40) break;
  await Promise.all(records.filter(({ offset }) => offset < 5).map((record) => record.ack()));
  await using second = client.consumer('fence', { id: 'c' });
  const again: IncomingRecord[] = [];
  for await (const record of second) if (again.push(record) === 30) break;
  for (const partition of [0, 1]) {
    const own = again.filter((record) => record.partition === partition).map(({ offset }) => offset);
    assert.equal(
      own,
      numbers(15).map((i) => Number(i) + 5),
    );
  }
  const error = await rejected(first.run(() => undefined));
  assert.is(error.code, 'fenced');
  assert.is((await rejected(records.at(-1)?.ack() ?? Promise.resolve())).code, 'fenced');
  assert.is(news.filter(({ kind }) => kind === 'fenced').length, 1);
  // The one that took over is not touched by any of it.
  await Promise.all(again.map((record) => record.ack()));
});

test('records go on being stored and read in order while the node that leads them is killed and comes back', async () => {
  await using client = await connect(cluster.urls);
  await client.createTopic('kill', { partitions: 1 });
  await using producer = client.producer('kill');
  await using consumer = client.consumer('kill', { id: 'c', ack: 'auto' });
  const seen: string[] = [];
  const total = 3_000;
  const reading = (async (): Promise<void> => {
    for await (const record of consumer) if (seen.push(record.text()) === total) return;
  })();
  const sends: Promise<unknown>[] = [];
  let killed: Promise<void> | undefined;
  for (let i = 0; i < total; i += 1) {
    sends.push(producer.send({ value: String(i) }));
    if (i % 20 === 0) await sends.at(-1);
    if (i !== total / 3) continue;
    const leader = (await client.topic('kill'))?.partitions[0]?.leader;
    const node = cluster.nodes.find(({ name }) => name === leader);
    assert.ok(node !== undefined);
    killed = node
      .kill()
      .then(() => node.start())
      .then(() => node.ready());
  }
  await Promise.all(sends);
  await reading;
  await killed;
  assert.equal(seen, numbers(total));
});

test.after(async () => {
  await cluster.destroy();
});
test.run();
