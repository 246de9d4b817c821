// timeout: 120 s
/** What a stranger's frames may cost the others. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Offset } from '@callboard/client/protocol';
import { draftOf } from '../lib/chunks.ts';
import { RawClient, type Call } from '../lib/raw-client.ts';
import { repeats } from '../lib/effort.ts';
import { framesOf, Stranger, Target } from './session-kit.ts';

let target!: Target;

test.before(async () => {
  target = await Target.start();
  const client = await RawClient.connect(target.url);
  await client.createTopic('wide', repeats(200, 1_000));
  client.close();
});

test.after(async () => {
  await target.end();
});

test('one topic asked for 20,000 times in one question is one topic', async () => {
  await target.besides(async () => {
    const client = await target.strangeClient();
    const reply = await client.metadata(...Array<string>(20_000).fill('wide'));
    assert.equal(
      reply.topics.map(({ name }) => name),
      ['wide'],
    );
    client.close();
  });
});

test('four connections that ping without awaiting', async () => {
  await target.besides(async () => {
    const pings = framesOf(Array(20_000).fill({ kind: 'ping' }));
    const strangers = await Promise.all(Array.from({ length: 4 }, () => Stranger.connect(target.port)));
    const flood = async (one: Stranger): Promise<void> => {
      for (let left = repeats(1, 5); left > 0 && !one.ended; left -= 1) await one.send(pings);
    };
    await Promise.all(strangers.map(flood));
    assert.equal(
      strangers.map(({ ended }) => ended),
      [false, false, false, false],
      'who floods is read more slowly, and not cut off',
    );
    for (const one of strangers) one.destroy();
  });
});

test('readers that never read: of deliveries, of answers, of pongs', async () => {
  const { client, topic } = { client: await RawClient.connect(target.url), topic: 'large' };
  await client.createTopic(topic, 1);
  const records = repeats(8, 64);
  const record = draftOf(['x'.repeat(1_000_000)]);
  for (let n = 0; n < records; n += 1) await client.produce(topic, 0, record);
  client.close();
  const start = { at: 'earliest', value: 0 } as const;
  const credits = { creditRecords: 1_000_000, creditBytes: 2 ** 40 };
  const deafTo: readonly Call[][] = [
    [{ kind: 'subscribe', topic, partition: 0, start, reset: false, ...credits }],
    Array.from({ length: 500 }, () => fetchOf(topic)),
    Array.from({ length: 5_000 }, () => ({ kind: 'ping' })),
    Array.from({ length: 500 }, () => ({ kind: 'metadata', topics: [] })),
  ];
  await target.besides(async () => {
    const strangers = await Promise.all(
      Array.from({ length: repeats(12, 100) }, () => Stranger.connect(target.port)),
    );
    for (const [at, one] of strangers.entries()) {
      one.deaf();
      void one.send(framesOf(deafTo[at % deafTo.length] ?? []));
    }
    const client = await RawClient.connect(target.url);
    for (let n = 0; n < repeats(3, 50); n += 1) await client.produce('wide', 0, draftOf(['beside']));
    client.close();
    for (const one of strangers) one.destroy();
  });
});

function fetchOf(topic: string): Call {
  return { kind: 'fetch', topic, partition: 0, offset: 0 as Offset, maxBytes: 1 << 20 };
}

test('many subscriptions of one partition', async () => {
  const start = { at: 'latest', value: 0 } as const;
  const credits = { creditRecords: 1_000_000, creditBytes: 2 ** 40 };
  const call = {
    kind: 'subscribe',
    topic: 'healthy',
    partition: 0,
    start,
    reset: false,
    ...credits,
  } as const;
  const each = repeats(500, 4_096);
  await target.besides(async () => {
    const strangers = await Promise.all(Array.from({ length: 3 }, () => Stranger.connect(target.port)));
    const frames = framesOf(Array<Call>(each).fill(call));
    for (const one of strangers) void one.send(frames);
    const healthy = await RawClient.connect(target.url);
    for (let n = 0; n < repeats(3, 200); n += 1) await healthy.produce('healthy', 0, draftOf(['beside']));
    healthy.close();
    process.stdout.write(`received ${strangers.map((one) => one.received)}\n`);
    for (const one of strangers) one.destroy();
  });
});

test.run();
