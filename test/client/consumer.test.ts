/** The consumer against a fake cluster: order, cursors, reconnects, credit, seek, handlers and fencing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type ClientStatus, type Consumer, type IncomingRecord } from '@callboard/client';
import { eventually } from '../lib/eventually.ts';
import { withFakes } from './fake-cluster.ts';
import { fill, numbers, rejected, withClient } from './kit.ts';

/** Numbers from 0 to below 1 that are the same in every run. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#state / 2_147_483_648;
  }
}

async function read(consumer: Consumer, count: number): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  if (count === 0) return records;
  for await (const record of consumer) {
    records.push(record);
    if (records.length === count) break;
  }
  return records;
}

const texts = (records: readonly IncomingRecord[]): string[] => records.map((record) => record.text());

test('a record comes as it was sent, and is decoded when asked', async () => {
  await withClient(1, async (client) => {
    await client.createTopic('t', { partitions: 1 });
    await using producer = client.producer('t');
    const headers = { näme: 'wert', raw: new Uint8Array([1, 2]) };
    await producer.send({ key: 'ключ', value: { a: [1, 'ü'] }, headers, timestamp: 1_700_000_000_123 });
    await producer.send({ value: '' });
    await using consumer = client.consumer('t', { from: 'earliest' });
    const [first, second] = await read(consumer, 2);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal([first.topic, first.partition, first.offset], ['t', 0, 0]);
    assert.is(first.keyText(), 'ключ');
    assert.equal(first.json(), { a: [1, 'ü'] });
    assert.is(first.timestamp.getTime(), 1_700_000_000_123);
    assert.equal(Object.keys(first.headers), ['näme', 'raw']);
    assert.equal([...(first.headers['raw'] ?? [])], [1, 2]);
    assert.is(new TextDecoder().decode(first.headers['näme']), 'wert');
    assert.equal([second.key, second.text(), second.headers], [undefined, '', {}]);
  });
});

test('records of a partition come in order; readers begin where they ask', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 100);
    await fill(client, 't', 1, 50);
    await using all = client.consumer('t', { from: 'earliest' });
    const records = await read(all, 150);
    for (const [partition, count] of [
      [0, 100],
      [1, 50],
    ] as const) {
      const own = records.filter((record) => record.partition === partition);
      assert.equal(texts(own), numbers(count));
      assert.equal(
        own.map(({ offset }) => String(offset)),
        numbers(count),
      );
    }
    await using some = client.consumer('t', { from: { offset: 95 }, partitions: [0] });
    assert.equal(texts(await read(some, 5)), ['95', '96', '97', '98', '99']);
    await using late = client.consumer('t', { partitions: [0] });
    await eventually('it is subscribed', () => late.lag().size === 1);
    await using producer = client.producer('t');
    await producer.send({ value: 'new', partition: 0 });
    assert.equal(texts(await read(late, 1)), ['new']);
    await using timed = client.consumer('t', { from: { time: new Date(Date.now() + 60_000) } });
    await eventually('it is at the end', () => timed.lag().size === 2);
    assert.equal(
      [...timed.lag()],
      [
        [0, 0],
        [1, 0],
      ],
    );
  });
});

test('a cursor moves to the lowest record that is not acknowledged, and the next object goes on there', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 20);
    const cursor = (): number | undefined => cluster.partition('t', 0).cursor('c').at;
    const consumer = client.consumer('t', { id: 'c' });
    const records = await read(consumer, 10);
    for (const i of [5, 3, 1, 0]) await records[i]?.ack();
    assert.is(cursor(), 2);
    await records[2]?.ack();
    assert.is(cursor(), 4);
    await records[4]?.ack();
    assert.is(cursor(), 6);
    void records[6]?.ack();
    await consumer.close();
    assert.is(cursor(), 7, 'close commits what was acknowledged');
    await using second = client.consumer('t', { id: 'c' });
    assert.equal(texts(await read(second, 3)), ['7', '8', '9']);
  });
});

test('acknowledged in any order, a cursor is always the lowest record that is not', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const count = 6_000;
    await fill(client, 't', 0, count, 1_000);
    await using consumer = client.consumer('t', { id: 'c' });
    const records = await read(consumer, count);
    const random = new Random(7);
    const order = records.map((record) => [random.next(), record] as const);
    // Mostly near its place, some far away: rings grow, and wrap.
    order.sort(([a, x], [b, y]) => a * 3_000 + x.offset - (b * 3_000 + y.offset));
    const acked = new Set<number>();
    let lowest = 0;
    for (const [i, [, record]] of order.entries()) {
      const committed = record.ack();
      acked.add(record.offset);
      while (acked.has(lowest)) lowest += 1;
      if (i % 500 !== 499) continue;
      await committed;
      await eventually('the cursor is there', () => cluster.partition('t', 0).cursor('c').at === lowest);
    }
    assert.is(lowest, count);
  });
});

test('an acknowledgement whose answer is lost resolves, whether it was carried out or not', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 20);
    await using consumer = client.consumer('t', { id: 'c' });
    const records = await read(consumer, 20);
    for (const [i, carriedOut] of [true, false, true, false].entries()) {
      let lost = 0;
      cluster.node(0).hook = (frame, connection) => {
        if (frame.kind !== 'ack' || (lost += 1) > 1) return false;
        if (carriedOut) cluster.partition('t', 0).cursor('c').at = frame.upTo;
        connection.socket.terminate();
        return true;
      };
      await records[i]?.ack();
      assert.is(cluster.partition('t', 0).cursor('c').at, i + 1);
      assert.is(lost, carriedOut ? 1 : 2);
    }
  });
});

test('ack: auto acknowledges a record when the next one is asked for', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 20);
    const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    await read(consumer, 5);
    await consumer.close();
    assert.is(cluster.partition('t', 0).cursor('c').at, 4, 'the fifth was left without asking for a sixth');
  });
});

test('after a reconnect a consumer goes on: nothing twice from the same object, nothing skipped', async () => {
  await withClient(3, async (client, cluster) => {
    cluster.createTopic('t', 3);
    for (const partition of [0, 1, 2]) await fill(client, 't', partition, 300);
    await using durable = client.consumer('t', { id: 'c' });
    await using reader = client.consumer('t', { from: 'earliest' });
    for (const consumer of [durable, reader]) {
      const seen: string[][] = [[], [], []];
      let count = 0;
      for await (const record of consumer) {
        seen[record.partition]?.push(record.text());
        count += 1;
        if (count % 7 === 0) void record.ack();
        if (count % 100 === 50) {
          for (const node of cluster.nodes) for (const { socket } of node.connections) socket.terminate();
          for (const partition of [0, 1, 2]) {
            cluster.partition('t', partition).leader = (partition + count) % 3;
          }
        }
        if (count === 900) break;
      }
      assert.equal(seen, [numbers(300), numbers(300), numbers(300)]);
    }
  });
});

test('what was not acknowledged comes again to the next object, and nothing below the cursor', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 30);
    const first = client.consumer('t', { id: 'c' });
    const records = await read(first, 20);
    await records[9]?.ack();
    for (const record of records.slice(0, 9)) await record.ack();
    for (const { socket } of cluster.node(0).connections) socket.terminate();
    await using second = client.consumer('t', { id: 'c' });
    assert.equal(texts(await read(second, 20)), numbers(30).slice(10));
  });
});

test('batches are the chunks as they were stored, and are acknowledged as one', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 45, 10);
    await using consumer = client.consumer('t', { id: 'c' });
    const sizes: number[] = [];
    for await (const batch of consumer.batches()) {
      sizes.push(batch.records.length);
      assert.is(batch.end, 45);
      await batch.ack();
      if (batch.records.at(-1)?.offset === 44) break;
    }
    assert.equal(sizes, [10, 10, 10, 10, 5]);
    assert.is(cluster.partition('t', 0).cursor('c').at, 45);
  });
});

test('a little credit is enough for large chunks, and a slow user never gets more than it', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 1_000, 100);
    let delivered = 0;
    const { chunks } = cluster.partition('t', 0);
    assert.is(chunks.length, 10);
    await using consumer = client.consumer('t', {
      id: 'c',
      ack: 'auto',
      credit: { records: 150, bytes: 1 << 20 },
    });
    await eventually('it is subscribed', () => consumer.lag().get(0) === 1_000);
    const before = cluster.frames.filter((kind) => kind === 'credit').length;
    assert.is(before, 0, 'nothing was taken, so nothing is granted');
    for await (const record of consumer) {
      delivered += 1;
      assert.is(record.offset, delivered - 1);
      if (delivered === 1_000) break;
    }
    const grants = cluster.frames.filter((kind) => kind === 'credit').length;
    assert.ok(grants >= 5 && grants <= 10, `${grants} grants`);
  });
});

test('what waits for a slow user counts against the credit of the next subscription too', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 500, 10);
    const granted: number[] = [];
    cluster.node(0).hook = (frame) => {
      if (frame.kind === 'subscribe') granted.push(frame.creditRecords);
      return false;
    };
    await using consumer = client.consumer('t', { from: 'earliest', credit: { records: 100 } });
    await read(consumer, 20);
    for (let round = 1; round <= 3; round += 1) {
      for (const { socket } of cluster.node(0).connections) socket.terminate();
      await eventually('it has subscribed again', () => granted.length === round + 1);
    }
    // 80 wait; what a cut connection was delivering may or may not have come.
    assert.is(granted[0], 100);
    assert.ok(
      granted.slice(1).every((records) => records <= 20),
      granted.join(),
    );
    assert.equal(texts(await read(consumer, 480)), numbers(500).slice(20));
  });
});

test('seek moves a durable cursor and a reader, forwards and back; older acks mean nothing then', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 50);
    for (const options of [{ id: 'c' }, { from: 'earliest' as const }]) {
      await using consumer = client.consumer('t', options);
      const before = await read(consumer, 10);
      await consumer.seek({ offset: 40 }, 0);
      assert.equal(texts(await read(consumer, 3)), ['40', '41', '42']);
      await consumer.seek({ offset: 5 }, 0);
      await before[8]?.ack();
      await Promise.all(before.map((record) => record.ack()));
      if (options.id !== undefined) assert.is(cluster.partition('t', 0).cursor('c').at, 5);
      const [again] = await read(consumer, 1);
      assert.is(again?.text(), '5');
      await again?.ack();
      if (options.id !== undefined) assert.is(cluster.partition('t', 0).cursor('c').at, 6);
      await consumer.seek('latest');
      assert.is(consumer.lag().get(0), 0);
      assert.is((await rejected(consumer.seek('earliest', 7))).code, 'invalid_partition');
    }
  });
});

test('a second session fences the first: it is told, and its acks are refused', async () => {
  await withFakes(1, async (cluster) => {
    const news: ClientStatus[] = [];
    await using client = await connect(cluster.urls, { onStatus: (status) => news.push(status) });
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 20);
    await using first = client.consumer('t', { id: 'c' });
    const [record] = await read(first, 1);
    await using second = client.consumer('t', { id: 'c' });
    await read(second, 1);
    await using producer = client.producer('t');
    await producer.send({ value: 'wakes the first' });
    const error = await rejected(read(first, 100));
    assert.equal([error.code, error.retriable], ['fenced', false]);
    assert.is((await rejected(record?.ack() ?? Promise.resolve())).code, 'fenced');
    assert.equal(
      news.filter(({ kind }) => kind === 'fenced'),
      [{ kind: 'fenced', topic: 't', consumer: 'c' }],
    );
    assert.is((await rejected(first.run(() => undefined))).code, 'fenced');
  });
});

test('a topic that was removed and created anew is another one: its records are not taken for the rest of the old ones', async () => {
  for (const options of [{ id: 'c' }, { from: 'earliest' as const }]) {
    await withClient(1, async (client, cluster) => {
      cluster.createTopic('t', 1);
      await fill(client, 't', 0, 20);
      await using consumer = client.consumer('t', options);
      await read(consumer, 20);
      cluster.createTopic('t', 1);
      await fill(client, 't', 0, 30);
      cluster.node(0).stop();
      await cluster.node(0).start();
      const error = await rejected(read(consumer, 1));
      assert.is(error.code, 'topic_not_found');
      assert.match(error.message, /open the consumer again/);
    });
  }
});

test('a partition in quarantine stalls alone and goes on when it is mended; the others are read meanwhile', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 3);
    await fill(client, 't', 1, 3);
    let quarantined = true;
    let refused = 0;
    cluster.node(0).hook = (frame, connection) => {
      if (!quarantined || frame.kind !== 'subscribe' || frame.partition !== 0) return false;
      refused += 1;
      connection.fail(frame.correlation, 'partition_quarantined');
      return true;
    };
    await using consumer = client.consumer('t', { from: 'earliest' });
    assert.equal(
      (await read(consumer, 3)).map(({ partition }) => partition),
      [1, 1, 1],
    );
    await eventually('it has been tried again', () => refused > 1);
    quarantined = false;
    assert.equal(texts(await read(consumer, 3)), numbers(3));
  });
});

test.run();
