/** The consumer's loops against a fake cluster: handlers side by side, their failures, and the end. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Consumer, IncomingRecord } from '@callboard/client';
import { eventually } from '../lib/eventually.ts';
import { fill, numbers, rejected, withClient } from './kit.ts';

async function read(consumer: Consumer, count: number): Promise<IncomingRecord[]> {
  const records: IncomingRecord[] = [];
  if (count === 0) return records;
  for await (const record of consumer) {
    records.push(record);
    if (records.length === count) break;
  }
  return records;
}

test('run keeps the order within a partition, works on several side by side, and acknowledges what returned', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 4);
    for (const partition of [0, 1, 2, 3]) await fill(client, 't', partition, 50);
    const consumer = client.consumer('t', { id: 'c', ack: 'auto' });
    const seen: string[][] = [[], [], [], []];
    const working = new Set<number>();
    let most = 0;
    let count = 0;
    const all = new AbortController();
    await consumer.run(
      async (record) => {
        assert.not(working.has(record.partition), 'one at a time within a partition');
        working.add(record.partition);
        most = Math.max(most, working.size);
        await new Promise((resolve) => setImmediate(resolve));
        working.delete(record.partition);
        seen[record.partition]?.push(record.text());
        count += 1;
        if (count === 200) all.abort();
      },
      { concurrency: 3, signal: all.signal },
    );
    assert.equal(
      seen,
      Array.from({ length: 4 }, () => numbers(50)),
    );
    assert.is(most, 3);
    await consumer.close();
    assert.equal(
      [0, 1, 2, 3].map((i) => cluster.partition('t', i).cursor('c').at),
      [50, 50, 50, 50],
    );
  });
});

test('a handler that throws ends the run with its error, and its record is not acknowledged', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await fill(client, 't', 0, 20);
    for (const [name, fail] of [
      [
        'sync',
        (): void => {
          throw new Error('no seven');
        },
      ],
      ['async', (): Promise<void> => Promise.reject(new Error('no seven'))],
    ] as const) {
      const consumer = client.consumer('t', { id: name, ack: 'auto' });
      let message = '';
      try {
        await consumer.run((record) => (record.offset === 7 ? fail() : undefined));
      } catch (error) {
        message = (error as Error).message;
      }
      assert.is(message, 'no seven');
      await consumer.close();
      assert.is(cluster.partition('t', 0).cursor(name).at, 7);
    }
  });
});

test('closed, a consumer ends its loops; aborted, it throws; what cannot be read is told', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const closed = client.consumer('t');
    const loop = read(closed, 1);
    const run = closed.run(() => undefined);
    await eventually('it is subscribed', () => closed.lag().size === 1);
    await closed.close();
    assert.equal(await loop, []);
    await run;
    const abort = new AbortController();
    const aborted = client.consumer('t', { id: 'x', signal: abort.signal });
    const waiting = rejected(read(aborted, 1));
    abort.abort(new Error('enough'));
    const error = await waiting;
    assert.equal([error.code, (error.cause as Error).message], ['aborted', 'enough']);
    assert.is((await rejected(read(client.consumer('missing'), 1))).code, 'topic_not_found');
    assert.is((await rejected(read(client.consumer('missing', { id: 'x' }), 1))).code, 'topic_not_found');
    assert.is((await rejected(read(client.consumer('t', { partitions: [4] }), 1))).code, 'invalid_partition');
    assert.is((await rejected(read(client.consumer('t', { from: { offset: -1 } }), 1))).code, 'bad_request');
  });
});

test.run();
