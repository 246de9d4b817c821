// weight: heavy
// timeout: 240 s
/** Push over raw frames on real processes: through any node, across the death of a leader, beside those that do not read. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Offset } from '@callboard/client/protocol';
import { draftOf } from '../lib/chunks.ts';
import { eventually } from '../lib/eventually.ts';
import { openConsumer, PushReader } from '../lib/push-reader.ts';
import { CallFailed, RawClient } from '../lib/raw-client.ts';
import { onSharedCluster, sharedLimits } from '../lib/shared-cluster.ts';
import { until } from '../lib/until.ts';

const test = suite('push');

const sharedCluster = onSharedCluster(test);
const clients: RawClient[] = [];

test.after.each(() => {
  for (const client of clients.splice(0)) client.close();
});

async function connect(node: number): Promise<RawClient> {
  const url = `${sharedCluster().node(node).url.replace(/^http/, 'ws')}/client`;
  const client = await RawClient.connect(url);
  clients.push(client);
  return client;
}

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i));
}

test('S8: a durable consumer is sent what is committed, acknowledges, and goes on from its cursor', async () => {
  const client = await connect(0);
  await client.createTopic('durable', 1);
  await client.produce('durable', 0, draftOf(numbers(0, 10)));
  const owner = await openConsumer(client, 'durable', 'billing');
  assert.is(owner.session, 1);
  const first = await PushReader.open(client, { topic: 'durable', partition: 0, owner });
  assert.is(first.end, 10);
  await until('the first ten', () => first.records.length === 10);
  await client.produce('durable', 0, draftOf(numbers(10, 5)));
  await until('five more', () => first.records.length === 15);
  assert.equal(first.texts, numbers(0, 15));
  assert.is(await first.ack(7), 7);
  await first.unsubscribe();

  const again = await PushReader.open(client, { topic: 'durable', partition: 0, owner });
  await until('what lies above the cursor', () => again.records.length === 8);
  assert.equal(again.texts, numbers(7, 8));
});

test('a client at any node is served: produce, fetch, locate and push are carried to the leader', async () => {
  const seed = await connect(0);
  await seed.createTopic('relayed', 1);
  let end = 0;
  for (const node of [0, 1, 2]) {
    const client = await connect(node);
    assert.is(await client.produce('relayed', 0, draftOf(numbers(end, 5))), end);
    end += 5;
    // A quorum may have it on disk before the leader itself, which serves what it can read again.
    await eventually('it can be read', async () => {
      const fetched = await client.fetch('relayed', 0, 0 as Offset);
      assert.is(fetched.end, end);
      return fetched.chunks.length > 0;
    });
    const position = { at: 'latest', value: 0 } as const;
    const located = await client.call({ kind: 'locate', topic: 'relayed', partition: 0, position });
    assert.ok(located.kind === 'located' && located.offset === end);
    const owner = await openConsumer(client, 'relayed', `reader-${node}`);
    const reader = await PushReader.open(client, { topic: 'relayed', partition: 0, owner });
    await until('what is there', () => reader.records.length === end);
    await client.produce('relayed', 0, draftOf([String(end)]));
    end += 1;
    await until('what comes', () => reader.records.length === end);
    assert.equal(reader.texts, numbers(0, end));
    assert.is(await reader.ack(end), end);
  }
});

/** The number of the node that leads a partition. */
async function leaderOf(client: RawClient, topic: string): Promise<number> {
  const { topics } = await client.metadata(topic);
  const leader = topics[0]?.partitions[0]?.leader;
  const index = sharedCluster().nodes.findIndex(({ name }) => name === leader);
  assert.ok(index >= 0, `somebody leads ${topic}`);
  return index;
}

async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed) return error.failure?.code ?? error.message;
    throw error;
  }
  return 'none';
}

test('a metadata answer names addresses at which clients on this machine are served', async () => {
  const seed = await connect(0);
  await seed.createTopic('addressed', 1);
  const { topics } = await seed.metadata('addressed');
  const url = topics[0]?.partitions[0]?.url ?? '';
  const client = await RawClient.connect(url);
  clients.push(client);
  assert.is(await client.produce('addressed', 0, draftOf(['here'])), 0);
  await seed.createTopic('a-later-one', 1);
  const names = (await seed.metadata()).topics.map(({ name }) => name);
  assert.ok(names.indexOf('addressed') < names.indexOf('a-later-one'), 'in order of creation');
});

test('S10: the second session fences the first, whose acks are refused', async () => {
  const [one, two] = [await connect(1), await connect(2)];
  await one.createTopic('contested', 1);
  await one.produce('contested', 0, draftOf(numbers(0, 10)));
  const older = await openConsumer(one, 'contested', 'only-one');
  const first = await PushReader.open(one, { topic: 'contested', partition: 0, owner: older });
  await until('delivery to the first', () => first.records.length === 10);
  assert.is(await first.ack(4), 4);
  const newer = await openConsumer(two, 'contested', 'only-one');
  assert.ok(newer.session > older.session);
  const second = await PushReader.open(two, { topic: 'contested', partition: 0, owner: newer });
  await until('the end of the first', () => first.ended !== undefined);
  assert.is(first.ended?.code, 'fenced');
  assert.is(await failureOf(first.ack(10)), 'fenced');
  const back = PushReader.open(one, { topic: 'contested', partition: 0, owner: older });
  assert.is(await failureOf(back), 'fenced');
  await until('delivery to the second', () => second.records.length === 6);
  assert.equal(second.texts, numbers(4, 6));
});

test('S8, S11: a take over HTTP goes on at the cursor of a pushed consumer, and fences it', async () => {
  const client = await connect(0);
  const api = sharedCluster().api(1);
  await client.createTopic('both', 1);
  const consumer = await api.registerConsumer('both');
  await client.produce('both', 0, draftOf(numbers(0, 5)));
  const owner = await openConsumer(client, 'both', consumer);
  const reader = await PushReader.open(client, { topic: 'both', partition: 0, owner });
  await until('delivery', () => reader.records.length === 5);
  await reader.ack(2);
  assert.equal(await api.consume({ topic: 'both', consumer }), {
    kind: 'record',
    message: '2',
    partition: 0,
  });
  await until('the end of the push', () => reader.ended !== undefined);
  assert.is(reader.ended?.code, 'fenced');
  const again = await openConsumer(client, 'both', consumer);
  const next = await PushReader.open(client, { topic: 'both', partition: 0, owner: again });
  // At the take, unless its hand-over was noted by then.
  assert.ok(next.begin === 2 || next.begin === 3, String(next.begin));
});

test('hostile frames are refused one by one, and the connection and its neighbours go on', async () => {
  const client = await connect(0);
  await client.createTopic('hostile', 1);
  await client.produce('hostile', 0, draftOf(numbers(0, 5)));
  const owner = await openConsumer(client, 'hostile', 'c');
  const never = { consumer: 'c', session: owner.session + 1 };
  const open = (options: Partial<Parameters<typeof PushReader.open>[1]>): Promise<PushReader> =>
    PushReader.open(client, { topic: 'hostile', partition: 0, ...options });
  assert.is(await failureOf(open({ owner: never })), 'bad_request');
  assert.is(await failureOf(open({ owner: { consumer: 'c', session: 0 } })), 'bad_request');
  assert.is(await failureOf(open({ partition: 7 })), 'invalid_partition');
  assert.is(await failureOf(open({ topic: 'nowhere' })), 'topic_not_found');
  assert.is(await failureOf(open({ start: { at: 'offset', value: 6 } })), 'bad_request');
  const reader = await open({ owner, creditRecords: 2 });
  reader.keepReading = false;
  await until('delivery', () => reader.records.length > 0);
  const anonymous = await open({});
  // Beyond what was delivered, of nobody's subscription, of one without a cursor.
  assert.is(await failureOf(reader.ack(100)), 'bad_request');
  const ack = (subscription: number): Promise<unknown> =>
    client.call({ kind: 'ack', subscription, upTo: 1 as Offset });
  assert.is(await failureOf(ack(999_999)), 'bad_request');
  assert.is(await failureOf(ack(anonymous.correlation)), 'bad_request');
  // Credit without end, again and again, and for nobody.
  for (let i = 0; i < 1_000; i += 1) reader.grant(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  client.sendAs(123_456, { kind: 'credit', records: 1, bytes: 1 });
  await until('the rest', () => reader.records.length === 5);
  assert.is(await reader.ack(5), 5);
  // Thousands of acks at once become a few commands, and each is answered.
  const cursors = await Promise.all(Array.from({ length: 4_000 }, () => reader.ack(5)));
  assert.equal([...new Set(cursors)], [5]);
  assert.is(client.ended, undefined);
});

test('a connection has so many subscriptions and no more; with it they are gone', async () => {
  const hostile = await connect(0);
  await hostile.createTopic('crowded', 1);
  const readers: PushReader[] = [];
  const most = sharedLimits.clientSubscriptions;
  for (let i = 0; i < most + 200; i += 1) {
    readers.push(PushReader.start(hostile, { topic: 'crowded', partition: 0 }));
    // As many as may wait for their answers at a time.
    const open = (): number =>
      readers.filter(({ next, ended }) => next === undefined && ended === undefined).length;
    if (i % 500 === 499) await until('answers to the subscribes', () => open() === 0);
  }
  const answered = (): number =>
    readers.filter(({ next, ended }) => next !== undefined || ended !== undefined).length;
  await until('answers to all', () => answered() === readers.length);
  assert.is(readers.filter(({ next }) => next !== undefined).length, most);
  assert.equal([...new Set(readers.map(({ ended }) => ended?.code))], [undefined, 'limit_reached']);
  const other = await connect(0);
  const healthy = await PushReader.open(other, { topic: 'crowded', partition: 0 });
  await other.produce('crowded', 0, draftOf(['to all']));
  await until('the healthy one', () => healthy.records.length === 1);
  await until('all the others', () => readers.filter(({ records }) => records.length === 1).length === most);
});

test('who never reads stops only itself', async () => {
  const [writer, idle, healthy] = [await connect(0), await connect(0), await connect(0)];
  await writer.createTopic('unread', 1);
  const all = { topic: 'unread', partition: 0, creditRecords: 1_000_000, creditBytes: 1 << 30 };
  const stuck = await PushReader.open(idle, all);
  idle.raw?.pause();
  const reader = await PushReader.open(healthy, all);
  const text = 'x'.repeat(100_000);
  const rounds = 200;
  const atOnce = 20;
  for (let i = 0; i < rounds; i += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => writer.produce('unread', 0, draftOf([text]))));
  }
  await until('everything at the healthy one', () => reader.records.length === rounds, 30_000);
  assert.ok(stuck.records.length < rounds, 'the other one did not read');
  idle.raw?.resume();
  await until('everything at the other one', () => stuck.records.length === rounds, 30_000);
});

test('S9: across the death of a leader nothing is skipped, and nothing below the cursor comes again', async () => {
  const seed = await connect(0);
  await seed.createTopic('killed', 1);
  const dead = await leaderOf(seed, 'killed');
  const [writerNode, readerNode] = [(dead + 1) % 3, (dead + 2) % 3];
  const [writer, client] = [await connect(writerNode), await connect(readerNode)];
  const owner = await openConsumer(client, 'killed', 'survivor');
  let reader = await PushReader.open(client, { topic: 'killed', partition: 0, owner });
  await writer.produce('killed', 0, draftOf(numbers(0, 20)));
  await until('the first twenty', () => reader.records.length === 20);
  assert.is(await reader.ack(12), 12);

  await sharedCluster().node(dead).kill();
  await until('the end of the subscription', () => reader.ended !== undefined, 20_000);
  assert.ok(reader.ended?.retriable, `it may be taken up again after ${reader.ended?.code}`);
  reader = await eventually('a new subscription', () =>
    PushReader.open(client, { topic: 'killed', partition: 0, owner }),
  );
  await eventually('a produce', () => writer.produce('killed', 0, draftOf(numbers(20, 5))));
  await until('the rest', () => reader.texts.at(-1) === '24');
  assert.equal(reader.texts.slice(0, 13), numbers(12, 13));
  assert.is(await reader.ack(25), 25);
  sharedCluster().node(dead).start();
  await sharedCluster().ready();
});

test.run();
