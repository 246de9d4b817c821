/** client.topics: what is there, what is being deleted, and who may delete. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { startBroker } from '../../src/index.ts';
import { eventually } from '../lib/eventually.ts';
import { failing } from './fake-cluster.ts';
import { failure } from '@callboard/client/protocol';
import { fill, rejected, withClient } from './kit.ts';

const admin = { token: 'admin' };

test('creates, describes, lists and deletes; one that is being deleted is listed as that and can be used no more', async () => {
  await withClient(
    2,
    async (client, cluster) => {
      await client.topics.create('a', { partitions: 3 });
      await client.topics.create('b', { partitions: 1 });
      assert.is((await rejected(client.topics.create('a'))).code, 'topic_exists');
      await client.topics.create('a', { ifNotExists: true });
      await client.producer('b').send({ value: 'x' });
      assert.equal(await client.topics.list(), [
        { name: 'a', state: 'ready', partitions: 3 },
        { name: 'b', state: 'ready', partitions: 1 },
      ]);
      assert.equal(await client.topics.describe('b'), {
        name: 'b',
        state: 'ready',
        partitions: [{ partition: 0, leader: 'fake-1', end: 1 }],
      });
      assert.is(await client.topics.describe('c'), undefined);
      await client.topics.delete('b');
      assert.equal(await client.topics.list(), [
        { name: 'a', state: 'ready', partitions: 3 },
        { name: 'b', state: 'deleting', partitions: 0 },
      ]);
      assert.equal(await client.topics.describe('b'), { name: 'b', state: 'deleting', partitions: [] });
      assert.equal(await client.topics(), ['a']);
      assert.is(await client.topic('b'), undefined);
      assert.is((await rejected(client.producer('b').send({ value: 'x' }))).code, 'topic_not_found');
      assert.is((await rejected(client.topics.delete('b'))).code, 'topic_not_found');
      await client.topics.delete('b', { ifExists: true });
      assert.is(
        cluster.frames.filter((kind) => kind === 'authorize').length,
        1,
        'proved once per connection',
      );
    },
    admin,
  );
});

test('without the token, or with a wrong one, nothing is deleted and nothing is asked twice', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const error = await rejected(client.topics.delete('t'));
    assert.equal([error.code, error.outcome], ['auth_failed', 'not_applied']);
    assert.match(error.detail, /option 'token'/);
    assert.not(cluster.frames.includes('authorize'));
    assert.equal((await client.topics.list()).length, 1);
    await using stranger = await connect(cluster.urls, { token: 'guess' });
    const both = await Promise.all([1, 2].map(() => rejected(stranger.topics.delete('t'))));
    assert.equal(
      both.map(({ code, detail }) => `${code}: ${detail}`),
      ['auth_failed: not the token', 'auth_failed: not the token'],
    );
    assert.not(cluster.frames.includes('remove-topic'));
    assert.ok(cluster.topics.has('t'));
  });
});

test('the right is proved anew on another connection, and asked for again where a node is busy', async () => {
  await withClient(
    1,
    async (client, cluster) => {
      for (const topic of ['a', 'b']) cluster.createTopic(topic, 1);
      cluster.node(0).hook = failing('authorize', failure('overloaded', { retryAfterMs: 1 }), 1);
      await client.topics.delete('a');
      for (const { socket } of cluster.node(0).connections) socket.terminate();
      await client.topics.delete('b');
      assert.is(cluster.frames.filter((kind) => kind === 'authorize').length, 3);
      assert.equal([...cluster.topics.keys()], []);
    },
    admin,
  );
});

test('a broker deletes a topic for its operator, and its name can be used again', async () => {
  const broker = await startBroker({ adminToken: 'a-token-of-the-test' });
  try {
    await using client = await connect(broker.url, { token: 'a-token-of-the-test' });
    await client.topics.create('t', { partitions: 2 });
    await client.producer('t').send({ value: 'gone' });
    await using stranger = await connect(broker.url);
    assert.is((await rejected(stranger.topics.delete('t'))).code, 'auth_failed');
    await client.topics.delete('t');
    await eventually('it is gone', async () => (await stranger.topics.list()).length === 0);
    await client.topics.create('t', { partitions: 1 });
    assert.equal(
      await stranger.topics.describe('t').then((topic) => topic?.partitions.map(({ end }) => end)),
      [0],
    );
    await using guessing = await connect(broker.url, { token: 'another' });
    assert.is((await rejected(guessing.topics.delete('t'))).code, 'auth_failed');
  } finally {
    await broker.close();
  }
});

test('consumers of a topic are listed, page by page, and described with what they lag', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 5);
    assert.equal(await client.consumers.list('t'), []);
    for (const id of ['e', 'd', 'c', 'b', 'a']) {
      await using consumer = client.consumer('t', { id });
      await eventually('it is open', () => consumer.lag().size === 2);
    }
    assert.equal(
      await client.consumers.list('t'),
      ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, over: 'push' })),
    );
    const consumer = client.consumer('t', { id: 'c' });
    for await (const record of consumer) {
      await record.ack();
      if (record.offset === 1) break;
    }
    assert.equal(await client.consumers.describe('t', 'c'), {
      topic: 't',
      id: 'c',
      over: 'push',
      lag: [3, 0],
    });
    assert.is(await client.consumers.describe('t', 'z'), undefined);
    assert.is((await rejected(client.consumers.list('nowhere'))).code, 'topic_not_found');
    assert.match(
      (await rejected(client.consumers.describe('t', 'x'.repeat(201)))).detail,
      /consumers\.describe: id must be/,
    );
    assert.is((await rejected(client.consumers.list('t', { deadlineMs: 0 }))).code, 'bad_request');
  });
});

test('a broker lists consumers of both kinds, many of them, and says how far each is', async () => {
  const broker = await startBroker();
  try {
    await using client = await connect(broker.url);
    await client.topics.create('t', { partitions: 1 });
    await client.topics.create('other', { partitions: 1 });
    await fill(client, 't', 0, 10);
    const post = async (path: string, body: object): Promise<{ readonly consumer_id: string }> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(new URL(path, broker.httpUrl), {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return (await response.json()) as { readonly consumer_id: string };
    };
    const { consumer_id: drawn } = await post('/consumer/register', { topic: 't' });
    const consumer = client.consumer('t', { id: 'billing' });
    for await (const record of consumer) {
      await record.ack();
      if (record.offset === 3) break;
    }
    await using elsewhere = client.consumer('other', { id: 'billing' });
    await eventually('it is open', () => elsewhere.lag().size === 1);
    assert.equal(
      (await client.consumers.list('t')).toSorted((a, b) => a.over.localeCompare(b.over)),
      [
        { id: drawn, over: 'http' },
        { id: 'billing', over: 'push' },
      ],
    );
    assert.equal(await client.consumers.list('other'), [{ id: 'billing', over: 'push' }]);
    assert.equal((await client.consumers.describe('t', 'billing'))?.lag, [6]);
    assert.equal(await client.consumers.describe('t', drawn), {
      topic: 't',
      id: drawn,
      over: 'http',
      lag: [10],
    });
    assert.is(await client.consumers.describe('t', 'nobody'), undefined);
    assert.is((await rejected(client.consumers.list('nowhere'))).code, 'topic_not_found');
  } finally {
    await broker.close();
  }
});

test.run();
