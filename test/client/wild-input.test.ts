/** Whatever is given to a call: it is refused by its promise with the field's name, or what is stored is what was given. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type CallboardError, type Client } from '@callboard/client';
import { chunkHeaderBytes, decodeRecords, type RecordData } from '@callboard/client/protocol';
import type { FakeCluster } from './fake-cluster.ts';
import { fill, numbers, rejected, valuesOf, withClient } from './kit.ts';

// A rejection that nobody can catch, and an error outside of every promise, would end the process here.
const escaped: unknown[] = [];
process.on('unhandledRejection', (reason) => escaped.push(reason));
process.on('uncaughtException', (error) => escaped.push(error));

/** What programs without types give. */
type Wild = never;
const wild = (value: unknown): Wild => value as Wild;

async function refusedFor(promise: Promise<unknown>, pattern: RegExp): Promise<CallboardError> {
  const error = await rejected(promise);
  assert.is(error.code, 'bad_request', error.message);
  assert.is(error.outcome, 'not_applied', error.message);
  assert.match(error.detail, pattern);
  return error;
}

function storedIn(cluster: FakeCluster, topic: string): readonly RecordData[] {
  return (cluster.topics.get(topic) ?? []).flatMap(({ chunks }) =>
    chunks.flatMap(({ bytes, count }) => decodeRecords(bytes.subarray(chunkHeaderBytes), count)),
  );
}

const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error('a getter of mine');
    },
  });

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

// Newer than the library that the compiler knows.
const resizable = (bytes: number, maxByteLength: number): ArrayBuffer =>
  Reflect.construct(ArrayBuffer, [bytes, { maxByteLength }]) as ArrayBuffer;
const resize = (buffer: ArrayBuffer, bytes: number): void =>
  (buffer as unknown as { resize(bytes: number): void }).resize(bytes);

const holes = (length: number): unknown[] => Object.assign([], { length });

/** For fields that none of these can be right in. */
const neither: readonly unknown[] = [
  null,
  NaN,
  -1,
  1.5,
  -0.1,
  Infinity,
  'x',
  5n,
  Symbol('s'),
  () => 1,
  {},
  [],
  new Map(),
];

test('a key of null is no key, also in the first record of a producer', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t');
    await producer.send(wild({ key: null, value: 'x' }));
    await producer.send(wild({ key: null, value: 'y' }));
    assert.equal(
      storedIn(cluster, 't').map(({ key }) => key),
      [undefined, undefined],
    );
  });
});

test('options of a producer: its promises tell what is wrong, close does not', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ acks: 'all' }, /acks must be .* not 'all'; did you mean 'quorum'/],
      [{ acks: 1 }, /acks .*'leader'\?/],
      [{ acks: -1 }, /acks .*'quorum'\?/],
      [{ acks: '0' }, /acks .*'none'\?/],
      [{ acks: 'quorm' }, /did you mean 'quorum'/],
      [{ ack: 'quorum' }, /no 'ack'; did you mean acks/],
      [{ timeout: 5 }, /no 'timeout'; did you mean deadlineMs/],
      [{ codec: () => 1 }, /codec must be an object with a function 'encode'.*what this function returns/],
      [{ codec: { decode: () => 1 } }, /'encode'/],
      [{ codec: null }, /codec must be/],
      [{ linger: 5 }, /no 'linger'; it takes .*acks/],
      [{ deadlineMs: '500' }, /did you mean 500, without quotes/],
      [{ signal: new AbortController() }, /signal must be an AbortSignal.*did you mean its signal/],
      [{ [Symbol('acks')]: 'all' }, /named by symbols/],
      [throwing('acks'), /could not be read: a getter of mine/],
      [throwing('constructor'), /no 'constructor'/],
      [revoked(), /could not be read|must be an object/],
      [Object.create({ acks: 'all' }), /acks must be/],
      ...[null, 5, 'leader', [], new Map(), () => 1, new Date()].map(
        (value) => [value, /options of producer must be/] as const,
      ),
      ...neither.map((value) => [{ acks: value }, /acks must be/] as const),
      ...neither.map((value) => [{ maxBufferedBytes: value }, /maxBufferedBytes must be/] as const),
      ...[...neither, 2 ** 31]
        .filter((value) => value !== 1.5)
        .map((value) => [{ deadlineMs: value }, /deadlineMs must be/] as const),
      ...neither.map((value) => [{ signal: value }, /signal must be/] as const),
    ];
    for (const [options, pattern] of cases) {
      const producer = client.producer('t', wild(options));
      await refusedFor(producer.send({ value: 'x' }), pattern);
      await refusedFor(producer.sendBatch([{ value: 'x' }]), pattern);
      await refusedFor(producer.ready, pattern);
      await refusedFor(producer.flush(), pattern);
      await producer.close();
    }
    assert.equal(storedIn(cluster, 't'), []);
  });
});

test('options of a consumer: nothing waits, all of its promises tell', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ from: 'newest' }, /from must be .*did you mean 'latest'/],
      [{ from: 'earlest' }, /did you mean 'earliest'/],
      [{ from: 5 }, /did you mean \{ offset: 5 \}/],
      [{ from: { offset: 1, time: 1 } }, /one of them/],
      [{ from: {} }, /one of them/],
      [{ from: { timestamp: 1 } }, /did you mean time/],
      [{ from: { time: new Date('x') } }, /time must be a valid Date/],
      [{ from: { time: new Date(-1) } }, /time must be/],
      [{ from: { time: '2026-01-01' } }, /did you mean new Date\('2026-01-01'\)/],
      [{ id: 'i'.repeat(201) }, /id must be text of 1 to 200 bytes/],
      [{ id: 'ä'.repeat(101) }, /id must be/],
      [{ id: '\ufeffx' }, /id must be/],
      [{ id: 'a\nb' }, /id must be/],
      [{ id: 'a\ud800' }, /id must be/],
      [{ id: '' }, /id must be/],
      [{ group: 'g' }, /has no 'group'/],
      [{ partitions: [0, -1] }, /partitions\[1\] must be/],
      [{ partitions: holes(1) }, /partitions\[0\] must be/],
      [{ partitions: holes(4_000_000_000) }, /no topic has as many/],
      [{ codec: { encode: () => 1 } }, /codec must be an object with a function 'decode'/],
      [{ partitions: [] }, /nothing would ever be read/],
      [{ credit: { records: 0 } }, /records must be/],
      [{ credit: { messages: 5 } }, /has no 'messages'/],
      ...neither.map((value) => [{ from: value }, /from/] as const),
      ...neither.filter((value) => value !== 'x').map((value) => [{ id: value }, /id must be/] as const),
      ...neither.map((value) => [{ ack: value }, /ack must be/] as const),
      ...neither.map((value) => [{ partitions: value }, /partitions/] as const),
      ...[null, 5, 'x', Symbol('s')].map((value) => [{ credit: value }, /credit must be/] as const),
    ];
    for (const [options, pattern] of cases) {
      const consumer = client.consumer('t', wild(options));
      await refusedFor(consumer[Symbol.asyncIterator]().next(), pattern);
      await refusedFor(consumer.batches()[Symbol.asyncIterator]().next(), pattern);
      await refusedFor(
        consumer.run(() => undefined),
        pattern,
      );
      await refusedFor(consumer.seek('latest'), pattern);
      assert.is(consumer.lag().size, 0);
      await consumer.close();
    }
    assert.not(cluster.frames.includes('open-consumer'));
  });
});

test('topics, calls and connections', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    for (const topic of [...neither, undefined, '', 'a b', 'ü', '..', 'x'.repeat(201), 'a\ud800'].filter(
      (each) => each !== 'x',
    )) {
      const pattern = /topic must be/;
      await refusedFor(client.createTopic(wild(topic)), pattern);
      await refusedFor(client.topic(wild(topic)), pattern);
      await refusedFor(client.producer(wild(topic)).send({ value: 'x' }), pattern);
      await refusedFor(
        client.consumer(wild(topic)).run(() => undefined),
        pattern,
      );
    }
    await refusedFor(client.createTopic('u', wild({ retentionMs: 5 })), /no 'retentionMs'/);
    await refusedFor(
      client.createTopic('u', wild({ storage: 'tape' })),
      /storage must be 'disk' or 'memory'/,
    );
    await refusedFor(client.createTopic('u', wild({ number_of_partitions: 2 })), /did you mean partitions/);
    for (const value of [...neither, 0]) {
      await refusedFor(client.createTopic('u', wild({ partitions: value })), /partitions must be/);
      await refusedFor(client.createTopic('u', wild({ ifNotExists: value })), /ifNotExists must be/);
    }
    await refusedFor(client.topics(wild(5)), /options of topics must be/);
    await refusedFor(client.topic('t', wild({ deadline: 5 })), /did you mean deadlineMs/);
    await refusedFor(client.createTopic('u', wild({ replicas: 1 })), /no 'replicas'/);
    for (const value of neither) {
      if (value !== 'x') {
        await refusedFor(client.topics.create(wild(value)), /topics\.create: topic must be/);
        await refusedFor(client.topics.describe(wild(value)), /topics\.describe: topic must be/);
        await refusedFor(client.topics.delete(wild(value)), /topics\.delete: topic must be/);
      }
      await refusedFor(client.topics.delete('t', wild({ force: value })), /force must be/);
      await refusedFor(client.topics.list(wild({ signal: value })), /signal must be/);
    }
    assert.equal(await client.topics(), ['t']);
    for (const address of [
      5,
      null,
      undefined,
      [5],
      [],
      new URL('http://a'),
      new Map(),
      '',
      'ftp://a',
      'http://u:p@h',
      'http://h/?a=1',
      holes(3),
    ]) {
      await refusedFor(connect(wild(address)), /address/);
    }
    const { url } = cluster.node(0);
    for (const [options, pattern] of [
      [{ timeout: 5 }, /did you mean deadlineMs/],
      [{ name: 'n'.repeat(101) }, /name must be/],
      [{ name: 'a\udfff' }, /name must be/],
      [{ token: '' }, /token must be/],
      [{ direct: 'no' }, /direct must be/],
      [{ onStatus: 'log' }, /onStatus must be a function/],
      [null, /options of connect/],
    ] as const) {
      await refusedFor(connect(url, wild(options)), pattern);
    }
  });
});

test('run and seek', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 2);
    await fill(client, 't', 0, 20);
    await using consumer = client.consumer('t', { from: 'earliest' });
    for (const handler of neither.filter((each) => typeof each !== 'function')) {
      await refusedFor(consumer.run(wild(handler)), /handler must be a function/);
    }
    for (const value of [...neither, 0]) {
      if (value !== Infinity) {
        await refusedFor(
          consumer.run(() => undefined, wild({ concurrency: value })),
          /concurrency must be/,
        );
      }
      await refusedFor(consumer.seek(wild(value)), /position/);
      await refusedFor(consumer.seek('latest', wild(value === 0 ? '0' : value)), /partition must be/);
    }
    await refusedFor(
      consumer.run(() => undefined, wild({ workers: 3 })),
      /no 'workers'/,
    );
    const read = async (count: number): Promise<string[]> => {
      const texts: string[] = [];
      for await (const record of consumer) if (texts.push(record.text()) === count) break;
      return texts;
    };
    assert.equal(await read(3), ['0', '1', '2']);
    await refusedFor(
      consumer.seek({ offset: 1e9 }),
      /offset 1000000000 is beyond the end of partition \d.* which is (20|0)/,
    );
    await refusedFor(consumer.seek({ offset: 21 }, 0), /which is 20/);
    assert.equal(await read(2), ['3', '4'], 'a refused seek has no effect');
    const overtaken = consumer.seek({ offset: 20 }, 0);
    await consumer.seek({ offset: 18 }, 0);
    await overtaken;
    assert.equal(await read(2), ['18', '19']);
    // Not known here yet, so it is asked for: a seek that comes meanwhile is the last all the same.
    await fill(client, 't', 1, 20);
    await using fresh = client.consumer('t', { from: 'earliest' });
    const first = fresh.seek({ offset: 15 });
    await fresh.seek({ offset: 19 }, 1);
    await fresh.seek({ offset: 19 }, 0);
    await first;
    const left: string[] = [];
    for await (const { partition, offset } of fresh) if (left.push(`${partition}/${offset}`) === 2) break;
    assert.equal(left.toSorted(), ['0/19', '1/19']);
  });
});

test('records: what is none is refused with its place, by its own promise', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const gone = new Uint8Array(2);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const shrunk = resizable(8, 8);
    const outside = new Int16Array(shrunk, 4, 2);
    resize(shrunk, 2);
    const values: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /value is missing/],
      ['a\ud800b', /value holds a lone surrogate/],
      [`${'x'.repeat(1_000)}\udc00`, /lone surrogate/],
      [() => 1, /value is a function/],
      [Symbol('s'), /value is a symbol/],
      [5n, /value cannot be written as JSON/],
      [NaN, /value is NaN/],
      [Infinity, /value is Infinity/],
      [cyclic, /circular/],
      [new Map([['a', 1]]), /of type Map.*Object\.fromEntries/],
      [new Set([1]), /of type Set/],
      [/x/, /of type RegExp/],
      [new Error('e'), /of type Error/],
      [Promise.resolve(1), /of type Promise/],
      [new Date('x'), /value is an invalid Date/],
      [{ a: [1, { b: NaN }] }, /value\.a\[1\]\.b is NaN/],
      [{ a: new Map() }, /value\.a is of type Map/],
      [{ a: new Float64Array(1) }, /value\.a is of type Float64Array/],
      [{ a: () => 1 }, /value\.a is a function/],
      [Object.assign([1], { 2: 3 }), /value\[1\] is undefined/],
      [[undefined], /value\[0\] is undefined/],
      [throwing('a'), /a getter of mine/],
      [revoked(), /revoked/],
      [{ toJSON: () => undefined }, /no form/],
      [new Proxy(new Uint8Array(2), {}), /proxy/],
      [gone, /memory that is gone/],
      [gone.buffer, /without memory/],
      [outside, /memory that is gone/],
      [Object.create(Uint8Array.prototype), /value/],
    ];
    const records: readonly (readonly [unknown, RegExp])[] = [
      ...values.map(([value, pattern]) => [{ value }, pattern] as const),
      ...[null, undefined, 5, 'x', Symbol('s'), 5n, () => 1].map(
        (each) => [each, /must be an object such as/] as const,
      ),
      ...[[], new Map(), new Date(), {}].map((each) => [each, /value is missing/] as const),
      [['x'], /has no '0'/],
      [{ value: 'x', delay: 5_000 }, /has no 'delay'/],
      [{ payload: 'x' }, /no 'payload'; did you mean value/],
      [{ value: 'x', ky: 'k' }, /no 'ky'; did you mean key/],
      [{ value: 'x', [Symbol('s')]: 1 }, /symbols/],
      [{ value: 'x', key: 'a\ud800' }, /key holds a lone surrogate/],
      ...[5, NaN, true, {}, [], 5n, Symbol('s'), new Map()].map(
        (key) => [{ value: 'x', key }, /key must be text or bytes/] as const,
      ),
      ...neither.map((partition) => [{ value: 'x', partition }, /partition must be a whole number/] as const),
      ...[...neither, new Date(), 8.65e15].map(
        (timestamp) => [{ value: 'x', timestamp }, /timestamp must be/] as const,
      ),
      [{ value: 'x', timestamp: new Date() }, /did you mean its getTime/],
      ...[null, 5, 'a', [], new Map(), new Headers()].map(
        (headers) => [{ value: 'x', headers }, /headers must be an object/] as const,
      ),
      ...[null, undefined, 5, true, {}, []].map(
        (a) => [{ value: 'x', headers: { a } }, /headers: a must be text or bytes/] as const,
      ),
      [{ value: 'x', headers: { 'a\ud800': 'x' } }, /lone surrogate/],
      [{ value: 'x', headers: { a: '\udc00' } }, /headers: a holds a lone/],
      [{ value: 'x', headers: { [Symbol('s')]: 'x' } }, /symbols/],
      [{ value: 'x', headers: { ['n'.repeat(65_536)]: 'x' } }, /more than 65535 bytes/],
      [{ value: 'x', headers: { ['ä'.repeat(32_768)]: 'x' } }, /more than 65535 bytes/],
      [
        { value: 'x', headers: Object.fromEntries(numbers(65_536).map((name) => [`h${name}`, ''])) },
        /65536 entries.* 65535/,
      ],
      [throwing('value'), /a getter of mine/],
      [revoked(), /could not be read/],
    ];
    await using producer = client.producer('t');
    // Once before the topic is known, and once after.
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(records.map(([record, pattern]) => refusedFor(producer.send(wild(record)), pattern)));
      const good = producer.send({ value: `good ${round}` });
      for (const [record, pattern] of records) {
        const batch = [{ value: 'before' }, record, { value: 'after' }];
        await refusedFor(producer.sendBatch(wild(batch)), pattern);
      }
      await good;
    }
    for (const batch of [...neither, undefined, new Set(), holes(4_000_000_000)].filter(
      (each) => !Array.isArray(each) || each.length > 0,
    )) {
      await refusedFor(producer.sendBatch(wild(batch)), /batch/);
    }
    assert.equal(valuesOf(cluster, 't', 0), ['good 0', 'good 1'], 'of a refused batch nothing is stored');
  });
});

test('bytes are stored in every form that they come in, values as they were given', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    const bytes = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
    const { buffer } = bytes;
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared).set([8, 9]);
    const growing = resizable(1, 4);
    const tracking = new Uint8Array(growing);
    resize(growing, 3);
    tracking.set([4, 5, 6]);
    class Order {
      readonly id = 5;
      readonly at: Date = new Date(0);
      readonly note: string | undefined = undefined;
      #hidden = 1;
      total(): number {
        return this.#hidden;
      }
    }
    const json = (value: unknown): number[] => [...new TextEncoder().encode(JSON.stringify(value))];
    const cases: readonly (readonly [unknown, readonly number[]])[] = [
      [new ArrayBuffer(2), [0, 0]],
      [buffer, [0, 1, 2, 3, 4, 5, 6, 7]],
      [bytes.subarray(2, 4), [2, 3]],
      [Buffer.from('hi'), [104, 105]],
      [new Uint16Array(buffer, 2, 2), [2, 3, 4, 5]],
      [new Float32Array(buffer, 4, 1), [4, 5, 6, 7]],
      [new DataView(buffer, 6), [6, 7]],
      [new BigInt64Array(0), []],
      [shared, [8, 9]],
      [tracking, [4, 5, 6]],
      [growing, [4, 5, 6]],
      ['', []],
      [null, json(null)],
      [0, json(0)],
      [false, json(false)],
      [new Order(), json({ id: 5, at: '1970-01-01T00:00:00.000Z' })],
      [Object.assign(Object.create(null), { a: 1 }), json({ a: 1 })],
      [{ a: undefined, b: 'x\ud800' }, json({ b: 'x\ud800' })],
      [new Date(0), json(new Date(0))],
    ];
    await using producer = client.producer('t');
    // The first ones come before the topic is known: what is changed afterwards is not what was sent.
    const changing = { a: 1 };
    const early = producer.send({ value: changing, headers: { b: bytes } });
    changing.a = 2;
    const order = cases.map(([value]) =>
      producer.send({ value: wild(value), key: wild(new DataView(buffer, 1, 1)) }),
    );
    bytes.fill(0, 0, 1);
    await Promise.all([early, ...order]);
    const stored = storedIn(cluster, 't');
    assert.equal([...(stored[0]?.value ?? [])], json({ a: 1 }));
    assert.equal(
      stored.slice(1).map(({ value }) => [...value]),
      cases.map(([, expected]) => [...expected]),
    );
    assert.ok(stored.slice(1).every(({ key }) => key?.length === 1 && key[0] === 1));
    const headers = Object.fromEntries(numbers(65_535).map((name) => [`h${name}`, '']));
    await producer.send({ value: 'most headers', headers });
    assert.is(storedIn(cluster, 't').at(-1)?.headers.length, 65_535);
    assert.is(
      (await rejected(producer.send({ value: 'x', headers: { a: 'y'.repeat(2 << 20) } }))).code,
      'record_too_large',
    );
  });
});

test('a closed client, and listeners that throw, throw nowhere else', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): number => warnings.push(warning);
  process.on('warning', warned);
  let kept: Client | undefined;
  const onStatus = ({ kind }: { kind: string }): void => {
    if (kind === 'connected') throw new Error('a listener of mine');
    return Promise.reject(new Error('later')) as unknown as void;
  };
  await withClient(
    1,
    async (client, cluster) => {
      cluster.createTopic('t', 1);
      await client.producer('t').send({ value: 'x' });
      kept = client;
    },
    { onStatus },
  );
  const client = kept as Client;
  assert.is((await rejected(client.producer('t').send({ value: 'x' }))).code, 'closed');
  assert.is((await rejected(client.topics())).code, 'closed');
  assert.equal(
    await client.consumer('t').run(() => undefined),
    undefined,
    'a closed consumer has nothing more',
  );
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  process.off('warning', warned);
  assert.equal(
    warnings.map(({ name, message }) => `${name}: ${message}`),
    ["CallboardWarning: onStatus threw at 'connected'", "CallboardWarning: onStatus threw at 'closed'"],
  );
});

test.after(() => assert.equal(escaped, []));
test.run();
