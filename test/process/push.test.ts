// weight: heavy
// timeout: 120 s
/** Push over raw frames on real processes: through any node, across the death of a leader, beside those that do not read. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Offset } from '@callboard/client/protocol';
import { draftOf } from '../lib/chunks.ts';
import { Cluster } from '../lib/cluster.ts';
import { openConsumer, PushReader } from '../lib/push-reader.ts';
import { RawClient } from '../lib/raw-client.ts';
import { until } from '../lib/until.ts';

const test = suite('push');

let cluster: Cluster;
const clients: RawClient[] = [];

test.before(async () => {
  cluster = await Cluster.start();
});

test.after.each(() => {
  for (const client of clients.splice(0)) client.close();
});

test.after(async () => {
  await cluster.destroy();
});

async function connect(node: number): Promise<RawClient> {
  const url = `${cluster.node(node).url.replace(/^http/, 'ws')}/client`;
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
    const fetched = await client.fetch('relayed', 0, 0 as Offset);
    assert.is(fetched.end, end);
    assert.ok(fetched.chunks.length > 0);
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

test.run();
