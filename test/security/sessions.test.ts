// timeout: 120 s
/** What a stranger's frames may cost the others. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeFrame, Offset } from '@callboard/client/protocol';
import { draftOf } from '../lib/chunks.ts';
import { ADMIN_TOKEN } from '../lib/cluster.ts';
import { CallFailed, RawClient, type Call } from '../lib/raw-client.ts';
import { until } from '../lib/until.ts';
import { repeats } from '../lib/effort.ts';
import { besides } from './lib/besides.ts';
import { framesOf, type Stranger } from './lib/stranger.ts';
import { onTarget } from './lib/target.ts';

const test = suite('security: sessions');
const target = onTarget(test);

test.before(async () => {
  const client = await RawClient.connect(target().wire());
  await client.createTopic('wide', repeats(100, 1_000));
  await client.createTopic('watched', 1);
  client.close();
});

test('one topic asked for 20,000 times in one question is one topic', async () => {
  await besides(target(), async (attacker) => {
    const client = await attacker.client();
    const reply = await client.metadata(...Array<string>(20_000).fill('wide'));
    assert.equal(
      reply.topics.map(({ name }) => name),
      ['wide'],
    );
    client.close();
  });
});

test('four connections that ping without awaiting', async () => {
  await besides(target(), async (attacker) => {
    const pings = framesOf(Array.from({ length: repeats(6_000, 20_000) }, () => ({ kind: 'ping' })));
    const strangers = await attacker.strangers(4);
    const flood = async (one: Stranger): Promise<void> => {
      for (let left = repeats(1, 5); left > 0 && !one.ended; left -= 1) await one.send(pings);
    };
    await Promise.all(strangers.map(flood));
    const some = repeats(20_000, 400_000);
    await until('all are answered', () => strangers.every(({ received, ended }) => received > some || ended));
    assert.equal(
      strangers.map(({ ended }) => ended),
      [false, false, false, false],
      'who floods is read more slowly, and not cut off',
    );
  });
});

test('readers that never read: of deliveries, of answers, of pongs', async () => {
  const { client, topic } = { client: await RawClient.connect(target().wire()), topic: 'large' };
  await client.createTopic(topic, 1);
  const records = repeats(8, 64);
  const record = draftOf(['x'.repeat(1_000_000)]);
  for (let n = 0; n < records; n += 1) await client.produce(topic, 0, record);
  // Reading as much as the strangers will takes memory that stays with the process; it is not theirs.
  for (let n = 0; n < repeats(1, 400); n += 1) await client.fetch(topic, 0, (n % records) as Offset);
  client.close();
  const start = { at: 'earliest', value: 0 } as const;
  const credits = { creditRecords: 1_000_000, creditBytes: 2 ** 40 };
  const deafTo: readonly Call[][] = [
    [{ kind: 'subscribe', topic, partition: 0, start, reset: false, ...credits }],
    Array.from({ length: 500 }, () => fetchOf(topic)),
    Array.from({ length: 5_000 }, () => ({ kind: 'ping' })),
    Array.from({ length: 500 }, () => ({ kind: 'metadata', topics: [] })),
  ];
  await besides(target(), async (attacker) => {
    const strangers = await attacker.strangers(repeats(12, 100));
    for (const [at, one] of strangers.entries()) {
      one.deaf();
      void one.send(framesOf(deafTo[at % deafTo.length] ?? []));
    }
    const client = await RawClient.connect(target().wire());
    for (let n = 0; n < repeats(3, 50); n += 1) await client.produce('wide', 0, draftOf(['beside']));
    client.close();
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
    topic: 'watched',
    partition: 0,
    start,
    reset: false,
    ...credits,
  } as const;
  const each = repeats(200, 4_096);
  await besides(target(), async (attacker) => {
    const strangers = await attacker.strangers(3);
    const frames = framesOf(Array.from({ length: each }, () => call));
    for (const one of strangers) void one.send(frames);
    const healthy = await RawClient.connect(target().wire());
    for (let n = 0; n < repeats(3, 200); n += 1) await healthy.produce('watched', 0, draftOf(['beside']));
    healthy.close();
  });
});

test('one session that opens its consumer again and again costs the directory one entry', async () => {
  const owner = await RawClient.connect(target().wire());
  await owner.createTopic('opened', 1);
  owner.close();
  const entries = async (): Promise<number> => {
    const { directory } = (await target().status()) as { directory: { applied: number } };
    return directory.applied;
  };
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    const call = {
      kind: 'open-consumer',
      topic: 'opened',
      consumer: 'again',
      opener: 'ab'.repeat(16),
    } as const;
    const first = await stranger.call(call);
    const before = await entries();
    for (let n = 0; n < 500; n += 1) assert.equal(sessionIn(await stranger.call(call)), sessionIn(first));
    const grown = (await entries()) - before;
    assert.ok(grown < 20, `the directory has written down ${grown} entries`);
    stranger.close();
  });
});

function sessionIn(frame: NodeFrame): number {
  if (frame.kind !== 'consumer-opened') throw new Error(`answered ${JSON.stringify(frame)}`);
  return frame.session;
}

test('a cursor that a stranger moves is moved in the open', async () => {
  const mine = await RawClient.connect(target().wire());
  await mine.createTopic('read', 1);
  for (let n = 0; n < 5; n += 1) await mine.produce('read', 0, draftOf([`${n}`]));
  const subscribe = async (client: RawClient, at: 'earliest' | 'latest', reset: boolean) => {
    const opened = await client.call({ kind: 'open-consumer', topic: 'read', consumer: 'mine' });
    if (opened.kind !== 'consumer-opened') throw new Error(opened.kind);
    const owner = { consumer: 'mine', session: opened.session };
    const seen: NodeFrame[] = [];
    const start = { at, value: 0 };
    const credits = { creditRecords: 0, creditBytes: 0 };
    const call = { kind: 'subscribe', topic: 'read', partition: 0, owner, start, reset, ...credits } as const;
    client.subscribe(call, (frame) => void seen.push(frame));
    await until('the answer', () => seen.length > 0);
    return seen;
  };
  await besides(target(), async (attacker) => {
    const told = await subscribe(mine, 'earliest', false);
    const stranger = await attacker.client();
    await subscribe(stranger, 'latest', true);
    await until('the owner is told', () => told.some(({ kind }) => kind === 'error'));
    const end = told.find((frame) => frame.kind === 'error');
    assert.is(end?.code, 'fenced');
    assert.match(end?.message ?? '', /moved its cursor from 0 to 5, so that 5 records are skipped/);
    await until('it is on the log', () => /consumer\.reset/.test(target().log));
    assert.match(target().log, /"consumer":"mine".*"from":0,"to":5,"address":"127\.0\.0\.2"/);
  });
  mine.close();
});

test('admin tokens that a stranger guesses are answered slowly, and the right one of another at once', async () => {
  await besides(target(), async (attacker) => {
    const stranger = await attacker.client();
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 40; n += 1) {
      stranger.operator('wrong').catch((error: unknown) => {
        codes.push(error instanceof CallFailed ? error.failure?.code : String(error));
      });
    }
    await until('most are not even looked at', () => codes.length >= 24);
    const operator = await RawClient.connect(target().wire());
    await operator.operator(ADMIN_TOKEN);
    await until('the first is answered', () => codes.includes('auth_failed'));
    assert.is(codes.filter((code) => code === 'overloaded').length, 24);
    assert.ok(codes.length < 40, 'the others wait');
    operator.close();
  });
});

test.run();
