/** Handlers that throw: where the next run begins, what is tried again or skipped, and what is told of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ClientStatus, Consumer, HandlerFailed, IncomingRecord, OnError } from '@callboard/client';
import { eventually } from '../lib/eventually.ts';
import { fill, numbers, withClient } from './kit.ts';

const failed = (news: readonly ClientStatus[]): readonly HandlerFailed[] =>
  news.filter((each) => each.kind === 'failed');

/** Runs until `count` records were handled, or a handler throws; then what it threw. */
async function runFor(
  consumer: Consumer,
  count: number,
  handle: (record: IncomingRecord) => void | Promise<void>,
  options: { readonly onError?: OnError; readonly concurrency?: number } = {},
): Promise<unknown> {
  const enough = new AbortController();
  let handled = 0;
  try {
    await consumer.run(
      async (record) => {
        await handle(record);
        handled += 1;
        if (handled === count) enough.abort();
      },
      { ...options, signal: enough.signal },
    );
    return undefined;
  } catch (error) {
    return error;
  }
}

const boom = (): never => {
  throw new Error('boom');
};

for (const ack of ['auto', 'explicit'] as const) {
  test(`after a failure the same object and a new one both begin at the cursor (${ack})`, async () => {
    await withClient(1, async (client, cluster) => {
      cluster.createTopic('t', 2);
      await fill(client, 't', 0, 20);
      await fill(client, 't', 1, 5);
      const first = client.consumer('t', { id: 'c', ack });
      // Explicit: 0 to 3 are acknowledged, 4 and 5 are handled and are not, 6 throws.
      const handle = async (record: IncomingRecord): Promise<void> => {
        if (record.partition === 1) return record.ack();
        if (record.offset === 6) boom();
        if (record.offset < 4) await record.ack();
      };
      assert.match(String(await runFor(first, Infinity, handle, { concurrency: 1 })), /boom/);
      const cursor = ack === 'auto' ? 6 : 4;
      const seen: number[] = [];
      const note = async (record: IncomingRecord): Promise<void> => {
        if (record.partition === 0) seen.push(record.offset);
        await record.ack();
        if (record.offset === 8) boom();
      };
      assert.match(String(await runFor(first, Infinity, note)), /boom/);
      assert.equal(
        seen,
        Array.from({ length: 9 - cursor }, (_, i) => cursor + i),
      );
      // A loop of the same object, and an object of its own, begin there too.
      const loop = first[Symbol.asyncIterator]();
      for (;;) {
        const { value } = await loop.next();
        if (value.partition !== 0) continue;
        assert.is(value.offset, 9);
        break;
      }
      await first.close();
      assert.is(cluster.partition('t', 0).cursor('c').at, 9);
      const second = client.consumer('t', { id: 'c' });
      const again: string[] = [];
      await runFor(second, 11, (record) => void again.push(record.text()));
      assert.equal(again, numbers(20).slice(9));
    });
  });
}

test('a reader without an id begins again at the record that failed', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 10, 3);
    const reader = client.consumer('t', { from: 'earliest' });
    for (const at of [0, 4, 4, 9]) {
      let first: number | undefined;
      const error = await runFor(reader, Infinity, ({ offset }) => {
        first ??= offset;
        if (offset === at) boom();
      });
      assert.match(String(error), /boom/);
      assert.ok((first ?? 0) <= at);
    }
    const rest: number[] = [];
    await runFor(reader, 1, ({ offset }) => void rest.push(offset));
    assert.equal(rest, [9]);
  });
});

test('stop tells the offset of a poison record each time', async () => {
  const news: ClientStatus[] = [];
  await withClient(
    1,
    async (client, cluster) => {
      cluster.createTopic('t', 1);
      await fill(client, 't', 0, 10);
      const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
      const poisoned = ({ offset }: IncomingRecord): void => (offset === 5 ? boom() : undefined);
      for (let i = 0; i < 3; i += 1) await runFor(consumer, Infinity, poisoned);
      assert.equal(
        failed(news).map(({ topic, partition, offset, consumer: id, attempt, next }) => {
          return { topic, partition, offset, id, attempt, next };
        }),
        Array.from({ length: 3 }, () => ({
          topic: 't',
          partition: 0,
          offset: 5,
          id: 'c',
          attempt: 1,
          next: 'stop',
        })),
      );
      const [first] = failed(news);
      assert.match(String(first?.error), /boom/);
      assert.is(first?.record.text(), '5');
    },
    { onStatus: (status) => news.push(status) },
  );
});

test('skip acknowledges what failed and goes on, whether it threw at once or later', async () => {
  const news: ClientStatus[] = [];
  await withClient(
    1,
    async (client, cluster) => {
      cluster.createTopic('t', 1);
      await fill(client, 't', 0, 2_000, 500);
      for (const ack of ['auto', 'explicit'] as const) {
        const consumer = client.consumer('t', { id: ack, ack });
        const done: number[] = [];
        const handle = (record: IncomingRecord): void | Promise<void> => {
          if (record.offset % 3 === 0) boom();
          if (record.offset % 3 === 1) return Promise.reject(new Error('later'));
          done.push(record.offset);
          return record.ack();
        };
        await runFor(consumer, 666, handle, { onError: 'skip' });
        assert.equal(
          done,
          numbers(2_000)
            .map(Number)
            .filter((offset) => offset % 3 === 2),
        );
        await eventually(
          'all but the last two',
          () => (cluster.partition('t', 0).cursor(ack).at ?? 0) >= 1_998,
        );
        await consumer.close();
      }
      assert.ok(failed(news).every(({ next }) => next === 'skip'));
    },
    { onStatus: (status) => news.push(status) },
  );
});

test('retry tries a record again, holds up its partition only, and then stops or skips', async () => {
  for (const then of [undefined, 'stop', 'skip'] as const) {
    const news: ClientStatus[] = [];
    await withClient(
      1,
      async (client, cluster) => {
        cluster.createTopic('t', 2);
        await fill(client, 't', 0, 4);
        await fill(client, 't', 1, 4);
        const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
        const order: string[] = [];
        let once = 0;
        const handle = ({ partition, offset }: IncomingRecord): void => {
          order.push(`${partition}/${offset}`);
          if (partition === 0 && offset === 1 && (once += 1) <= 2) boom();
          if (partition === 0 && offset === 2) boom();
        };
        const onError = { retry: 2, backoffMs: 1, ...(then === undefined ? {} : { then }) };
        const error = await runFor(consumer, then === 'skip' ? 7 : Infinity, handle, { onError });
        assert.is(error === undefined, then === 'skip');
        const own = order.filter((place) => place.startsWith('0/')).join(' ');
        assert.is(own, `0/0 0/1 0/1 0/1 0/2 0/2 0/2${then === 'skip' ? ' 0/3' : ''}`);
        assert.equal(
          order.filter((place) => place.startsWith('1/')),
          ['1/0', '1/1', '1/2', '1/3'],
        );
        assert.equal(
          failed(news).map(({ offset, attempt, next }) => `${offset}:${attempt} ${next}`),
          ['1:1 retry', '1:2 retry', '2:1 retry', '2:2 retry', `2:3 ${then ?? 'stop'}`],
        );
        await consumer.close();
        assert.is(cluster.partition('t', 0).cursor('c').at, then === 'skip' ? 4 : 2);
      },
      { onStatus: (status) => news.push(status) },
    );
  }
});

test('while a record waits for its next try, a run ends at once by its signal, and the record comes again', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 3);
    const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    const stop = new AbortController();
    let tries = 0;
    const running = consumer.run(
      () => {
        tries += 1;
        boom();
      },
      { onError: { retry: 5, backoffMs: 3_600_000 }, signal: stop.signal },
    );
    await eventually('the first try', () => tries === 1);
    stop.abort();
    await running;
    const seen: string[] = [];
    await runFor(consumer, 3, (record) => void seen.push(record.text()));
    assert.equal(seen, ['0', '1', '2']);
  });
});

test('a seek while a record waits for its next try: it is not tried again', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 10);
    const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    const seen: number[] = [];
    const running = runFor(
      consumer,
      2,
      ({ offset }) => {
        seen.push(offset);
        if (offset === 0) {
          void consumer.seek({ offset: 8 });
          boom();
        }
      },
      { onError: { retry: 5, backoffMs: 50 } },
    );
    assert.is(await running, undefined);
    assert.equal(seen, [0, 8, 9]);
  });
});

test('lag counts what is not acknowledged, for a reader what was not handed over', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 10);
    const read = async (consumer: Consumer): Promise<IncomingRecord[]> => {
      const records: IncomingRecord[] = [];
      for await (const record of consumer) if (records.push(record) === 4) break;
      return records;
    };
    const durable = client.consumer('t', { id: 'c' });
    const records = await read(durable);
    assert.is(durable.lag().get(0), 10);
    await records[0]?.ack();
    void records[3]?.ack();
    assert.is(durable.lag().get(0), 8);
    const reader = client.consumer('t', { from: 'earliest' });
    await read(reader);
    assert.is(reader.lag().get(0), 6);
  });
});

test.run();
