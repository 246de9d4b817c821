/** Codecs: what they write is what is stored, what they read is a record's value, and what they throw is told to whoever asked. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, json, text, type Codec, type IncomingRecord } from '@callboard/client';
import { rejected, valuesOf, withClient } from './kit.ts';

interface Order {
  readonly id: string;
  readonly count: number;
}

async function first<T>(records: AsyncIterable<IncomingRecord<T>>): Promise<IncomingRecord<T>> {
  for await (const record of records) return record;
  throw new Error('nothing came');
}

test('values of an interface or class go through json and come back; a record also shows its bytes', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('orders', 1);
    const order: Order = { id: '7', count: 2 };
    await client.producer<Order>('orders', { codec: json<Order>() }).send({ value: order });
    assert.equal(valuesOf(cluster, 'orders', 0), ['{"id":"7","count":2}']);
    const consumer = client.consumer<Order>('orders', { from: 'earliest', codec: json<Order>() });
    const record = await first(consumer);
    assert.equal(record.value, order);
    assert.is(record.value, record.value, 'it is read once');
    assert.is(new TextDecoder().decode(record.bytes), record.text());
    assert.is(record.json<Order>().count, 2);
    for await (const { records } of client
      .consumer('orders', { from: 'earliest', codec: json<Order>() })
      .batches()) {
      assert.equal(
        records.map(({ value }) => value.id),
        ['7'],
      );
      break;
    }
  });
});

test('text and bytes, and a codec of one’s own', async () => {
  await withClient(1, async (client, cluster) => {
    for (const topic of ['texts', 'raw', 'dates']) cluster.createTopic(topic, 1);
    const dates: Codec<Date> = {
      encode: (date) => date.toISOString(),
      decode: (view) => new Date(new TextDecoder().decode(view)),
    };
    await client.producer('texts', { codec: text() }).send({ value: 'ä' });
    await client.producer('raw', { codec: bytes() }).send({ value: new Uint16Array([1]) });
    await client.producer('dates', { codec: dates }).send({ value: new Date(5) });
    assert.is((await first(client.consumer('texts', { from: 'earliest', codec: text() }))).value, 'ä');
    assert.equal(
      [...(await first(client.consumer('raw', { from: 'earliest', codec: bytes() }))).value],
      [1, 0],
    );
    const { value } = await first(client.consumer('dates', { from: 'earliest', codec: dates }));
    assert.is(value.getTime(), 5);
  });
});

test('what a codec throws refuses the record it was given, and is the cause', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const problem = new Error('no such currency');
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [
        {
          encode: () => {
            throw problem;
          },
        },
        /value could not be encoded: no such currency/,
      ],
      [{ encode: () => 5 }, /value, as its codec wrote it, must be text or bytes, not 5/],
      [{ encode: () => undefined }, /as its codec wrote it/],
      [{ encode: async () => 'x' }, /type Promise/],
      [{ encode: () => 'a\ud800' }, /lone surrogate/],
      [json(), /value could not be encoded: the value\.a is NaN/],
    ];
    for (const [codec, pattern] of cases) {
      const producer = client.producer<unknown>('t', { codec: codec as Codec<unknown> });
      for (const sending of [
        producer.send({ value: { a: NaN } }),
        producer.sendBatch([{ value: { a: NaN } }]),
      ]) {
        const error = await rejected(sending);
        assert.equal([error.code, error.outcome], ['bad_request', 'not_applied']);
        assert.match(error.detail, pattern);
      }
    }
    const failing: Codec<unknown> = {
      encode: () => {
        throw problem;
      },
      decode: (view) => view,
    };
    assert.is((await rejected(client.producer('t', { codec: failing }).send({ value: 1 }))).cause, problem);
    assert.equal(valuesOf(cluster, 't', 0), []);
  });
});

test('what cannot be read throws where the value is asked for, and nowhere else', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await client.producer('t').sendBatch([{ value: new Uint8Array([0xff]) }, { value: '{' }]);
    const texts = await first(client.consumer('t', { from: 'earliest', codec: text() }));
    assert.throws(() => texts.value, /encoded data was not valid/);
    assert.equal([...texts.bytes], [0xff]);
    const running = client
      .consumer('t', { from: { offset: 1 }, codec: json<Order>() })
      .run(({ value }) => void value.id);
    let reason: unknown;
    await running.catch((error: unknown) => (reason = error));
    assert.instance(reason, SyntaxError);
  });
});

test.run();
