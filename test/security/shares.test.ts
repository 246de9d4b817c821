// timeout: 120 s
/** What one stranger may take of what there is a certain number of: places for producers, epochs, partitions, consumers. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits, readChunkHeader, type Failure, type Offset } from '@callboard/client/protocol';
import { connect } from '@callboard/client';
import { draftOf } from '../lib/chunks.ts';
import { full, repeats } from '../lib/effort.ts';
import { CallFailed, RawClient } from '../lib/raw-client.ts';
import { besides } from './lib/besides.ts';
import { onOwnTarget } from './lib/target.ts';

/** Few places, so that one test has time to take them all; with TEST_FULL=1 the usual limits stand. */
const places = repeats(500, 100_000);
const ofNodes = 100;

// Then one connection is to do alone what many could together.
const few = { producersPerPartition: places, producersOfNodes: ofNodes, clientProducersAtOnce: 200_000 };
const test = suite('security: shares');
const target = onOwnTarget(test, full ? {} : { env: { CALLBOARD_LIMITS: JSON.stringify(few) } });

test.before(async () => {
  const client = await RawClient.connect(target().wire());
  await client.createTopic('orders', 1);
  client.close();
});

async function refusal(call: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof CallFailed && error.failure !== undefined) return error.failure;
    throw error;
  }
}

test('producer ids that a stranger makes up leave places to others, on another address and over HTTP', async () => {
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    let refused = 0;
    for (let sent = 0; sent < 1.002 * places; sent += 200) {
      const batch = Array.from({ length: 200 }, () => {
        const chunk = draftOf(['x'], { producerId: randomBytes(16).toString('hex') });
        return refusal(stranger.produce('orders', 0, chunk));
      });
      for (const one of await Promise.all(batch)) {
        if (one === undefined) continue;
        refused += 1;
        assert.ok(['limit_reached', 'overloaded'].includes(one.code), JSON.stringify(one));
      }
    }
    assert.ok(refused > 0, 'not all were taken');
    const other = await RawClient.connect(target().wire());
    const chunk = draftOf(['mine'], { producerId: randomBytes(16).toString('hex') });
    assert.type(await other.produce('orders', 0, chunk), 'number');
    other.close();
    const { api } = target().cluster.node(0);
    const producer = await api.registerProducer('orders');
    await api.produce({ topic: 'orders', producer, message: 'over HTTP', partition: 0, sequence: 0 });
  });
});

test('a known id under the highest epoch is refused, and its owner goes on', async () => {
  await using owner = await connect(target().cluster.node(0).url);
  const producer = owner.producer('orders');
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    const { offset } = await producer.send({ value: 'one', partition: 0 });
    // Ids are in the chunks, which anybody may read.
    const { chunks } = await stranger.fetch('orders', 0, offset as Offset);
    const { producerId, producerEpoch } = readChunkHeader(chunks[0] ?? new Uint8Array(0));
    for (const epoch of [0xffffffff, producerEpoch + defaultLimits.producerEpochSteps + 1]) {
      const refused = await refusal(stranger.produce('orders', 0, draftOf(['x'], { producerId, epoch })));
      assert.is(refused?.code, 'producer_expired');
    }
    await producer.send({ value: 'two', partition: 0 });
  });
});

test('the largest topics, one after the other: a burst, and then a refusal that says when', async () => {
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    const most = defaultLimits.topicPartitions;
    const sizes = repeats(0, 1) === 1 ? [most, most] : [100, most];
    // At once: what a creation takes comes back with time.
    const creations = sizes.map((size, n) => refusal(stranger.createTopic(`mine-${n}`, size)));
    const [first, second] = await Promise.all(creations);
    assert.is(first, undefined);
    assert.is(second?.code, 'overloaded');
    assert.is(second?.outcome, 'not_applied');
    assert.ok((second?.retryAfterMs ?? 0) > 0, 'it says when');
    const names = await stranger.metadata('mine-1');
    assert.is(names.topics[0]?.error, 'topic_not_found', 'it was not begun');
    const other = await RawClient.connect(target().wire());
    await other.createTopic('not-mine', 10);
    other.close();
  });
});

test('consumers that are opened in a loop, under one name or many', async () => {
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    const most = defaultLimits.clientOpensAtOnce;
    for (const nameOf of [(): string => 'same', (n: number): string => `name-${n}`]) {
      let refused = 0;
      for (let sent = 0; sent < 1.2 * most; sent += 200) {
        const batch = Array.from({ length: 200 }, (_, n) => {
          const consumer = nameOf(sent + n);
          return refusal(stranger.call({ kind: 'open-consumer', topic: 'orders', consumer }));
        });
        for (const one of await Promise.all(batch)) {
          if (one === undefined) continue;
          refused += 1;
          assert.is(one.code, 'overloaded');
          assert.ok((one.retryAfterMs ?? 0) > 0);
        }
      }
      assert.ok(refused > 0, 'not all were taken');
    }
    const other = await RawClient.connect(target().wire());
    await other.call({ kind: 'open-consumer', topic: 'orders', consumer: 'mine' });
    other.close();
  });
});

test.run();
