/** The producer against a fake cluster: order, retries that store once, epochs, bounds and deadlines. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CallboardError } from '@callboard/client';
import {
  chunkHeaderBytes,
  decodeRecords,
  failure,
  partitionOfKey,
  readChunkHeader,
} from '@callboard/client/protocol';
import { eventually } from '../lib/eventually.ts';
import { failing } from './fake-cluster.ts';
import { numbers, rejected, valuesOf, withClient } from './kit.ts';

const text = new TextDecoder();

test('a topic is created, listed, and takes records of every kind of value', async () => {
  await withClient(1, async (client, cluster) => {
    await client.createTopic('t', { partitions: 1 });
    await client.createTopic('t', { partitions: 1, ifNotExists: true });
    assert.is((await rejected(client.createTopic('t'))).code, 'topic_exists');
    assert.equal(await client.topics(), ['t']);
    assert.equal(await client.topic('t'), {
      name: 't',
      partitions: [{ partition: 0, leader: 'fake-1', end: 0 }],
    });
    assert.is(await client.topic('other'), undefined);
    await using producer = client.producer('t');
    const sent = await Promise.all([
      producer.send({ value: 'text: ä 🎭' }),
      producer.send({ value: new Uint8Array([98, 121, 116, 101]), key: 'k', timestamp: 5 }),
      producer.send({ value: { a: [1, null] }, headers: { näme: 'wert', raw: new Uint8Array([1]) } }),
      producer.send({ value: 'x'.repeat(5_000) + 'ü' }),
    ]);
    assert.equal(sent.map(({ offset }) => offset).toSorted(), [0, 1, 2, 3]);
    assert.equal(valuesOf(cluster, 't', 0).toSorted(), [
      'byte',
      'text: ä 🎭',
      'x'.repeat(5_000) + 'ü',
      '{"a":[1,null]}',
    ]);
    const records = cluster
      .partition('t', 0)
      .chunks.flatMap(({ bytes, count }) => decodeRecords(bytes.subarray(chunkHeaderBytes), count));
    const json = records.find(({ value }) => text.decode(value).startsWith('{'));
    assert.equal(
      json?.headers.map(({ name, value }) => [name, [...value]]),
      [
        ['näme', [...new TextEncoder().encode('wert')]],
        ['raw', [1]],
      ],
    );
  });
});

test('sends are stored in order, in few chunks, and a key always goes to its partition', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 3);
    await using producer = client.producer('t');
    await producer.send({ value: 'first', partition: 0 });
    const values = numbers(3_000);
    const sent = await Promise.all(
      values.map((value) => producer.send({ key: `k${Number(value) % 7}`, value })),
    );
    for (const [i, { partition, offset }] of sent.entries()) {
      assert.is(partition, partitionOfKey(new TextEncoder().encode(`k${i % 7}`), 3));
      const chunk = cluster.partition('t', partition).chunks.find(({ base, count }) => base + count > offset);
      assert.ok(chunk !== undefined && chunk.base <= offset);
      assert.is(valuesOf(cluster, 't', partition)[offset], String(i));
    }
    const chunks = [0, 1, 2].flatMap((partition) => cluster.partition('t', partition).chunks);
    assert.ok(chunks.length < 20, `${chunks.length} chunks`);
  });
});

test('a batch resolves with the place of every record; without keys it is spread over the partitions', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await using producer = client.producer('t');
    const used = new Set<number>();
    for (let round = 0; round < 4; round += 1) {
      const sent = await producer.sendBatch(numbers(10).map((value) => ({ value })));
      assert.is(new Set(sent.map(({ partition }) => partition)).size, 1, 'one batch stays together');
      for (const [i, { partition, offset }] of sent.entries()) {
        used.add(partition);
        assert.is(valuesOf(cluster, 't', partition)[offset], String(i));
      }
    }
    assert.is(used.size, 2);
    assert.equal(await producer.sendBatch([]), []);
  });
});

test('a chunk whose answer is lost is sent again and stored once; nothing behind it is lost or moved', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const node = cluster.node(0);
    let lost = 0;
    // Every fifth produce is stored, and its connection ends before the answer.
    node.hook = (frame, connection) => {
      if (frame.kind !== 'produce' || (lost += 1) % 5 !== 0) return false;
      cluster.partition('t', 0).produce(frame.chunk);
      connection.socket.terminate();
      return true;
    };
    await using producer = client.producer('t');
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i += 1) {
      sends.push(producer.send({ value: String(i) }));
      if (i % 5 === 0) await Promise.race([sends.at(-1), new Promise((resolve) => setTimeout(resolve, 1))]);
    }
    await Promise.all(sends);
    assert.ok(lost >= 5, 'answers were lost');
    assert.equal(valuesOf(cluster, 't', 0), numbers(200));
  });
});

test('refusals in the middle of a row keep the order', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const codes = ['not_leader', 'overloaded', 'unavailable'] as const;
    let count = 0;
    cluster.node(0).hook = (frame, connection) => {
      count += frame.kind === 'produce' ? 1 : 0;
      if (frame.kind !== 'produce' || count % 3 !== 1) return false;
      connection.fail(frame.correlation, codes[count % codes.length] ?? 'unavailable', { retryAfterMs: 1 });
      return true;
    };
    await using producer = client.producer('t');
    const value = 'x'.repeat(20_000);
    const sent = await Promise.all(numbers(60).map((i) => producer.send({ value: `${i} ${value}` })));
    assert.equal(
      valuesOf(cluster, 't', 0).map((stored) => stored.split(' ')[0]),
      numbers(60),
    );
    assert.equal(
      sent.map(({ offset }) => offset),
      sent.map((_, i) => i),
    );
  });
});

test('a record that is refused for good fails alone: what follows is stored under a new epoch', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t');
    await producer.send({ value: 'before' });
    cluster.node(0).hook = failing('produce', failure('bad_request', { message: 'not this one' }), 1);
    const big = 'x'.repeat(100_000);
    const [refused, ...rest] = ['refused', 'a', 'b', 'c'].map((name) => producer.send({ value: name + big }));
    const error = await rejected(refused ?? Promise.resolve());
    assert.is(error.code, 'bad_request');
    assert.is(error.outcome, 'not_applied');
    await Promise.all(rest);
    assert.equal(
      valuesOf(cluster, 't', 0).map((value) => value.replace(/x+$/, '')),
      ['before', 'a', 'b', 'c'],
    );
    const epochs = cluster.partition('t', 0).chunks.map(({ bytes }) => readChunkHeader(bytes).producerEpoch);
    assert.equal([...new Set(epochs)], [0, 1]);
  });
});

test('a deadline over a silent leader is unknown, and one over a leader that refused is not applied', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    let mode: 'silent' | 'refuse' | 'serve' = 'silent';
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce' || mode === 'serve') return false;
      if (mode === 'refuse') connection.fail(frame.correlation, 'overloaded', { retryAfterMs: 60_000 });
      return true;
    };
    await using hasty = client.producer('t', { deadlineMs: 200 });
    const silent = await rejected(hasty.send({ value: 'a', partition: 0 }));
    assert.equal([silent.code, silent.outcome], ['timeout', 'unknown']);
    mode = 'refuse';
    // Long enough for the one try to be answered; the next would come long after it.
    await using refused = client.producer('t', { deadlineMs: 2_000 });
    const error = await rejected(refused.send({ value: 'b', partition: 1 }));
    assert.equal([error.code, error.outcome], ['timeout', 'not_applied']);
    mode = 'serve';
    await using producer = client.producer('t');
    await producer.send({ value: 'c', partition: 1 });
    assert.equal(valuesOf(cluster, 't', 1), ['c']);
  });
});

test('the bound on bytes shows: `overloaded` at once, and `ready` when there is room', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const held: (() => void)[] = [];
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce') return false;
      held.push(() => connection.node.serve(frame, connection));
      return true;
    };
    await using producer = client.producer('t', { maxBufferedBytes: 10_000 });
    await producer.ready;
    const taken = producer.send({ value: 'x'.repeat(9_990) });
    const error = await rejected(producer.send({ value: 'y' }));
    assert.equal([error.code, error.outcome, error.retriable], ['overloaded', 'not_applied', true]);
    let ready = false;
    const readiness = producer.ready.then(() => (ready = true));
    await eventually('the chunk has come', () => held.length > 0);
    assert.not(ready);
    held.shift()?.();
    await Promise.all([taken, readiness]);
    cluster.node(0).hook = () => false;
    await producer.send({ value: 'z' });
  });
});

test('mistakes are told without a call: a record too large, a partition that is none, a missing topic', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await using producer = client.producer('t');
    await producer.send({ value: '' });
    const sent = cluster.frames.length;
    assert.is((await rejected(producer.send({ value: 'x'.repeat((1 << 20) + 1) }))).code, 'record_too_large');
    assert.is((await rejected(producer.send({ value: 'x', partition: 2 }))).code, 'invalid_partition');
    assert.is((await rejected(producer.send({ value: 'x', timestamp: -1 }))).code, 'bad_request');
    assert.is(cluster.frames.length, sent);
    const mixed = producer.sendBatch([
      { value: 'good', partition: 0 },
      { value: 'bad', partition: 7 },
    ]);
    const half = await rejected(mixed);
    // Whoever believed 'not_applied' would send the stored half again.
    assert.equal([half.code, half.outcome], ['invalid_partition', 'unknown']);
    assert.match(half.detail, /of the 2 records of this batch 1 is stored/);
    assert.ok(valuesOf(cluster, 't', 0).includes('good'));
    const neither = await rejected(
      producer.sendBatch([7, 8].map((partition) => ({ value: 'bad', partition }))),
    );
    assert.equal([neither.code, neither.outcome], ['invalid_partition', 'not_applied']);
    await using nowhere = client.producer('nowhere');
    const missing = await rejected(nowhere.send({ value: 'x' }));
    assert.equal([missing.code, missing.outcome], ['topic_not_found', 'not_applied']);
    cluster.createTopic('nowhere', 1);
    await nowhere.send({ value: 'now' });
  });
});

test('records go straight to the leaders, and through home where a leader cannot be reached', async () => {
  await withClient(3, async (client, cluster) => {
    cluster.createTopic('t', 3);
    await using producer = client.producer('t');
    await eventually('each partition is served by its leader', async () => {
      cluster.produces.length = 0;
      for (const partition of [0, 1, 2]) await producer.send({ value: 'x', partition });
      return cluster.produces.every(({ node, partition }) => node === partition);
    });
  });
  await withClient(
    3,
    async (client, cluster) => {
      cluster.createTopic('t', 3);
      await using producer = client.producer('t');
      for (const partition of [0, 1, 2]) await producer.send({ value: 'x', partition });
      assert.is(new Set(cluster.produces.map(({ node }) => node)).size, 1);
    },
    { direct: false },
  );
});

test('a leader that dies is followed to the next one', async () => {
  await withClient(3, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t');
    await producer.send({ value: '0' });
    for (const [round, node] of [0, 1, 2].entries()) {
      cluster.partition('t', 0).leader = (node + 1) % 3;
      cluster.node(node).stop();
      await producer.send({ value: String(round + 1) });
      await cluster.node(node).start();
    }
    assert.equal(valuesOf(cluster, 't', 0), numbers(4));
  });
});

test('flush and close wait for everything; afterwards a send is refused', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    const producer = client.producer('t');
    let answered = 0;
    for (const value of numbers(50)) {
      void producer.send({ value, partition: Number(value) % 2 }).then(() => (answered += 1));
    }
    await producer.flush();
    await Promise.resolve();
    assert.is(answered, 50);
    void producer.send({ value: 'last' });
    await producer.close();
    assert.is(cluster.partition('t', 0).end + cluster.partition('t', 1).end, 51);
    const error = await rejected(producer.send({ value: 'late' }));
    assert.equal([error.code, error.outcome], ['closed', 'not_applied']);
  });
});

test('an aborted producer says of each record what is known', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    let came = false;
    cluster.node(0).hook = (frame) => frame.kind === 'produce' && (came = true);
    const abort = new AbortController();
    const producer = client.producer('t', { signal: abort.signal });
    const flying = rejected(producer.send({ value: 'a' }));
    await eventually('the first has come', () => came);
    abort.abort(new Error('enough'));
    const error = await flying;
    assert.equal([error.code, error.outcome], ['aborted', 'unknown']);
    assert.is((error.cause as Error).message, 'enough');
    assert.is((await rejected(producer.send({ value: 'b' }))).outcome, 'not_applied');
  });
});

test('what a partition has forgotten in doubt is told so, and holds up nothing behind it', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    await producer.send({ value: 'before' });
    const big = 'x'.repeat(300_000);
    const none = { message: 'nobody leads', retriable: true };
    let lost = false;
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce') return false;
      const { producerEpoch, firstSequence } = readChunkHeader(frame.chunk);
      if (producerEpoch > 0) return false;
      if (lost) connection.fail(frame.correlation, 'producer_expired', {});
      else {
        const outcome = firstSequence === 1 ? 'unknown' : 'not_applied';
        connection.fail(frame.correlation, 'not_leader', { ...none, outcome });
        if (firstSequence > 1) lost = true;
      }
      return true;
    };
    const [doubtful, ...rest] = ['doubtful', 'a', 'b'].map((name) => producer.send({ value: name + big }));
    const error = await rejected(doubtful ?? Promise.resolve());
    assert.equal([error.code, error.outcome], ['producer_expired', 'unknown']);
    await Promise.all(rest);
    await producer.send({ value: 'after' });
    assert.equal(
      valuesOf(cluster, 't', 0).map((value) => value.replace(/x+$/, '')),
      ['before', 'a', 'b', 'after'],
    );
  });
});

test('S4: a retry of a batch that is stored and forgotten is told to be in doubt; what follows goes on under a higher epoch', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const partition = cluster.partition('t', 0);
    for (const epoch of [0, 6]) {
      partition.store({ producerId: new Uint8Array(16).fill(epoch + 1), epoch, value: `other ${epoch}` });
    }
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    await producer.send({ value: 'before' });
    let lost = false;
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce' || lost) return false;
      lost = true;
      partition.produce(frame.chunk);
      partition.forgetProducers();
      connection.fail(frame.correlation, 'unavailable', { outcome: 'unknown' });
      return true;
    };
    const error = await rejected(producer.send({ value: 'stored' }));
    assert.equal([error.code, error.outcome], ['producer_expired', 'unknown']);
    await producer.send({ value: 'after' });
    await producer.send({ value: 'and on' });
    assert.equal(valuesOf(cluster, 't', 0), ['other 0', 'other 6', 'before', 'stored', 'after', 'and on']);
    const epochs = partition.chunks.map(({ bytes }) => readChunkHeader(bytes).producerEpoch);
    assert.equal(epochs, [0, 6, 0, 0, 7, 7], 'above the highest that the partition has forgotten');
  });
});

test("S4: a stranger under a producer's id costs it the records on their way, and no more", async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const partition = cluster.partition('t', 0);
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    await producer.send({ value: 'a' });
    const producerId = partition.chunks[0]?.bytes.slice(16, 32);
    assert.ok(producerId);
    const store = (epoch: number) => partition.store({ producerId, epoch, value: `stranger ${epoch}` });
    assert.is(typeof store(0xffffffff), 'object', 'the highest of all is refused');
    await producer.send({ value: 'b' });
    assert.is(store(1_024), 2);
    const error = await rejected(producer.send({ value: 'c' }));
    assert.equal([error.code, error.outcome], ['producer_fenced', 'not_applied']);
    await producer.send({ value: 'd' });
    assert.equal(valuesOf(cluster, 't', 0), ['a', 'b', 'stranger 1024', 'd']);
  });
});

test('S4: where a partition takes no epoch above its own, a producer goes on under a new id', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const partition = cluster.partition('t', 0);
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    await producer.send({ value: 'a' });
    for (const nextEpoch of [2 ** 32, 0]) {
      let refused = false;
      cluster.node(0).hook = (frame, connection) => {
        if (frame.kind !== 'produce' || refused) return false;
        refused = true;
        connection.fail(frame.correlation, 'producer_expired', { nextEpoch });
        return true;
      };
      await producer.send({ value: `after ${nextEpoch}` });
    }
    const headers = partition.chunks.map(({ bytes }) => readChunkHeader(bytes));
    assert.is(new Set(headers.map(({ producerId }) => producerId)).size, 3);
    assert.equal(
      headers.map(({ producerEpoch, firstSequence }) => [producerEpoch, firstSequence]),
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    );
  });
});

test('a batch in doubt never lands in a topic that has taken the place of its own; what follows does', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    const old = cluster.partition('t', 0);
    let tries = 0;
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'produce' || tries > 0) return false;
      tries += 1;
      old.produce(frame.chunk);
      cluster.createTopic('t', 1);
      connection.fail(frame.correlation, 'unavailable', { outcome: 'unknown' });
      return true;
    };
    const error = await rejected(producer.send({ value: 'doubtful' }));
    assert.equal([error.code, error.outcome], ['producer_expired', 'unknown']);
    await producer.send({ value: 'after' });
    assert.equal(valuesOf(cluster, 't', 0), ['after']);
  });
});

test('a producer goes on in a topic that was removed and created again', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t', { deadlineMs: 4_000 });
    await producer.send({ value: 'before' });
    cluster.createTopic('t', 1);
    await producer.send({ value: 'a' });
    await producer.send({ value: 'b' });
    assert.equal(valuesOf(cluster, 't', 0), ['a', 'b']);
  });
});

test('topics that do not fit one answer are asked for until they have all been told', async () => {
  await withClient(1, async (client, cluster) => {
    const names = numbers(300).map((number) => `t${number}`);
    for (const name of names) cluster.createTopic(name, 1);
    cluster.node(0).hook = (frame, connection) => {
      if (frame.kind !== 'metadata') return false;
      const all = frame.topics.length === 0 ? names : frame.topics;
      assert.ok(all === names || all.length <= 256, `${all.length} topics in one question`);
      const { from = 0, correlation } = frame;
      const topics = all.slice(from, from + 7).map((name) => cluster.places(name));
      const next = from + topics.length;
      const reply = { kind: 'metadata-reply', correlation, topics } as const;
      connection.send(next < all.length ? { ...reply, next } : reply);
      return true;
    };
    assert.equal(await client.topics(), names);
    const sent = names.map(async (name) => {
      await using producer = client.producer(name);
      await producer.send({ value: name });
    });
    await Promise.all(sent);
    for (const name of names) assert.equal(valuesOf(cluster, name, 0), [name]);
  });
});

test('a name that no frame can carry is told to its caller, and disturbs nobody', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const long = 'x'.repeat(2_000);
    await using bad = client.producer(long);
    await using good = client.producer('t');
    const [failed, stored] = await Promise.allSettled([bad.send({ value: 'a' }), good.send({ value: 'b' })]);
    assert.is(failed.status === 'rejected' && (failed.reason as CallboardError).code, 'bad_request');
    assert.is(stored.status, 'fulfilled');
    assert.is((await rejected(client.createTopic(long))).code, 'bad_request');
    const consumer = client.consumer('t', { id: 'c'.repeat(300) });
    assert.is((await rejected(consumer[Symbol.asyncIterator]().next())).code, 'bad_request');
    assert.equal(await client.topics(), ['t']);
  });
});

test('a send to a partition in quarantine fails at once, and the same producer goes on when it is mended', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t');
    await producer.send({ value: 'a' });
    let quarantined = true;
    cluster.node(0).hook = (frame, connection) => {
      if (!quarantined || frame.kind !== 'produce') return false;
      connection.fail(frame.correlation, 'partition_quarantined');
      return true;
    };
    const error = await rejected(producer.send({ value: 'b' }));
    assert.equal(
      [error.code, error.outcome, error.retriable],
      ['partition_quarantined', 'not_applied', false],
    );
    quarantined = false;
    assert.is((await producer.send({ value: 'c' })).offset, 1);
  });
});

for (const dated of ['some', 'all'] as const) {
  test(`of 1,000 records at once, of which ${dated} have dates, one is dated a day ahead: that one is refused`, async () => {
    await withClient(1, async (client, cluster) => {
      cluster.createTopic('t', 2);
      await using producer = client.producer('t');
      const nowMs = Date.now();
      const dateOf = (i: number): { readonly timestamp?: number } => {
        if (i === 500) return { timestamp: nowMs + 24 * 3_600_000 };
        return dated === 'all' || i % 100 === 0 ? { timestamp: nowMs - i } : {};
      };
      const records = numbers(1_000).map((value, i) => ({ value, partition: 0, ...dateOf(i) }));
      const ends = await Promise.allSettled(records.map((record) => producer.send(record)));
      const refused = ends.flatMap((end, i) => (end.status === 'rejected' ? [{ i, end }] : []));
      assert.equal(
        refused.map(({ i }) => i),
        [500],
      );
      const { code, outcome } = refused[0]?.end.reason as CallboardError;
      assert.equal([code, outcome], ['bad_request', 'not_applied']);
      assert.equal(
        valuesOf(cluster, 't', 0),
        numbers(1_000).filter((value) => value !== '500'),
      );
    });
  });
}

for (const how of ['the leader is deposed', 'the connection breaks'] as const) {
  test(`a batch that is refused for good gives no new number to the one before it, which is in doubt: ${how}`, async () => {
    await withClient(1, async (client, cluster) => {
      cluster.createTopic('t', 1);
      let asked = 0;
      let loseAnswer = (): void => undefined;
      cluster.node(0).hook = (frame, connection) => {
        if (frame.kind !== 'produce') return false;
        asked += 1;
        if (asked === 1) {
          cluster.partition('t', 0).produce(frame.chunk);
          loseAnswer = () => {
            if (how === 'the connection breaks') connection.socket.terminate();
            else connection.fail(frame.correlation, 'not_leader', { outcome: 'unknown' });
          };
          return true;
        }
        if (asked > 2) return false;
        connection.fail(frame.correlation, 'bad_request', { message: 'the batch is dated far ahead' });
        return true;
      };
      await using producer = client.producer('t');
      const first = producer.send({ value: 'first' });
      await eventually('the first is on its way', () => asked === 1);
      const refused = await rejected(producer.send({ value: 'refused', timestamp: Date.now() + 3_600_000 }));
      assert.equal([refused.code, refused.outcome], ['bad_request', 'not_applied']);
      const after = producer.send({ value: 'after' });
      loseAnswer();
      assert.is((await first).offset, 0);
      assert.is((await after).offset, 1);
      assert.equal(valuesOf(cluster, 't', 0), ['first', 'after']);
    });
  });
}

test.run();
