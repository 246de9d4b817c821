// timeout: 120 s
/** The broker inside the caller's process: takes the unchanged client, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { startBroker, type Broker, type BrokerOptions } from '../../src/index.ts';
import { Api } from '../lib/api.ts';
import { eventually } from '../lib/eventually.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('embedded broker');

/** One record written through the client and read over HTTP. */
async function roundTrip(broker: Broker, value: string): Promise<void> {
  const client = await connect(broker.url);
  await client.createTopic('greetings', { partitions: 1 });
  const producer = client.producer('greetings');
  assert.equal(await producer.send({ value }), { partition: 0, offset: 0 });
  await client.close();
  const api = new Api(broker.httpUrl);
  await reads(api, value);
  await api.close();
}

async function reads(api: Api, message: string): Promise<void> {
  const topic = 'greetings';
  const consumer = await api.registerConsumer(topic);
  assert.equal(await api.consume({ topic, consumer }), { kind: 'record', message, partition: 0 });
}

function resources(): readonly string[] {
  return process.getActiveResourcesInfo().toSorted();
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'uncaughtException', 'unhandledRejection'] as const;

function listeners(): readonly number[] {
  return signals.map((name) => process.listenerCount(name));
}

test('takes the unchanged client and HTTP, on a free port of 127.0.0.1', async () => {
  await using broker = await startBroker();
  assert.is(broker.url, `ws://127.0.0.1:${String(broker.port)}`);
  assert.is(broker.httpUrl, `http://127.0.0.1:${String(broker.port)}`);
  assert.ok(broker.port > 0);
  await roundTrip(broker, 'Hello, board');
});

test('several at a time know nothing of each other', async () => {
  const brokers = await Promise.all([startBroker(), startBroker(), startBroker()]);
  assert.is(new Set(brokers.map(({ port }) => port)).size, 3);
  await Promise.all(brokers.map((broker, at) => roundTrip(broker, `of broker ${String(at)}`)));
  await Promise.all(brokers.map((broker) => broker.close()));
});

test('leaves no handle or listener behind, also when calls were on their way', async () => {
  const before = { resources: resources(), listeners: listeners() };
  for (let round = 0; round < 3; round += 1) {
    const broker = await startBroker();
    await roundTrip(broker, 'x');
    const hanging = fetch(`${broker.httpUrl}/topics`).catch(() => undefined);
    await Promise.all([broker.close(), broker.close()]);
    await hanging;
  }
  assert.equal(listeners(), before.listeners);
  // Sockets of this side's HTTP client end in their own time.
  await eventually('no more resources than before', () => {
    const left = resources().filter((name) => name !== 'TCPSocketWrap' && name !== 'Immediate');
    return left.length <= before.resources.length;
  });
});

test('a process that closed its broker ends by itself, and has written nothing', async () => {
  const code = `
    import { startBroker } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
    const broker = await startBroker();
    await fetch(broker.httpUrl + '/topics');
    await broker.close();
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')));
  `;
  const directory = makeTempDir();
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: directory,
    env: { ...process.env, TMPDIR: directory },
  });
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  clearTimeout(late);
  assert.is(exitCode, 0);
  assert.is(output.join('').trim(), '[]');
  assert.equal(readdirSync(directory), []);
});

test('with a data directory everything is there again', async () => {
  const dataDir = join(makeTempDir(), 'new', 'board');
  const first = await startBroker({ dataDir });
  await roundTrip(first, 'kept');
  const taken = await startBroker({ dataDir }).then(
    () => 'started',
    (error: unknown) => (error as { code?: string }).code,
  );
  assert.is(taken, 'data_in_use');
  await first.close();
  await using second = await startBroker({ dataDir });
  const api = new Api(second.httpUrl);
  assert.equal(await api.topics(), ['greetings']);
  await reads(api, 'kept');
  await api.close();
});

test('a topic in memory is begun anew after a restart, and clients go on: nothing hangs, no offset is used twice', async () => {
  const dataDir = makeTempDir();
  const first = await startBroker({ dataDir });
  const client = await connect(first.url);
  await client.createTopic('passing', { partitions: 1, storage: 'memory' });
  const producer = client.producer('passing');
  const received: (readonly [number, string])[] = [];
  const consumer = client.consumer('passing', { id: 'reader', from: 'earliest' });
  const reading = consumer.run((record) => void received.push([record.offset, record.text()]));
  for (const value of ['a', 'b', 'c']) await producer.send({ value });
  await eventually('all are received', () => received.length === 3);
  await first.close();
  await using second = await startBroker({ dataDir, port: first.port });
  const sent = await producer.send({ value: 'd' });
  assert.is(sent.offset, 2 ** 42);
  assert.equal(await producer.send({ value: 'e' }), { partition: 0, offset: sent.offset + 1 });
  await eventually('what came after the loss is received', () => received.length >= 5);
  assert.equal(received, [
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
    [sent.offset, 'd'],
    [sent.offset + 1, 'e'],
  ]);
  assert.is(second.port, first.port);
  await client.close();
  await reading.catch(() => undefined);
});

test('a port that is taken, or is none, is refused by name', async () => {
  await using broker = await startBroker();
  const refusal = async (options: BrokerOptions): Promise<string> =>
    startBroker(options).then(
      () => 'started',
      (error: unknown) => (error as { code?: string }).code ?? String(error),
    );
  assert.is(await refusal({ port: broker.port }), 'EADDRINUSE');
  assert.match(await refusal({ port: 65_536 }), /port is a whole number/);
});

test('a broker whose disk fails says so and closes; the process goes on', async () => {
  const dataDir = makeTempDir();
  const told: Error[] = [];
  const broker = await startBroker({
    dataDir,
    // LevelDB then begins a new file after each MiB.
    limits: { ballastBytes: 4 << 20, lowSpaceBytes: 1 },
    onFailure: (error) => told.push(error),
  });
  const api = new Api(broker.httpUrl);
  await api.createTopic('t', 1);
  const producer = await api.registerProducer('t');
  rmSync(join(dataDir, 'log'), { recursive: true });
  await eventually('the failure is told', async () => {
    await api.tryProduce({ topic: 't', producer, message: 'x'.repeat(500_000) });
    return told.length > 0;
  });
  assert.is((told[0] as { code?: string }).code, 'storage_failed');
  assert.is(told.length, 1);
  await broker.close();
  await api.close();
  assert.is((await fetch(broker.httpUrl).catch(() => undefined))?.status, undefined, 'it no longer listens');
});

/** Never called: what it says is for the compiler. */
export async function types(): Promise<void> {
  const broker: Broker = await startBroker({ dataDir: 'x', port: 1, limits: { topicPartitions: 5 } });
  const text: string = broker.url + broker.httpUrl + broker.adminToken;
  const port: number = broker.port;
  const closed: Promise<void> = broker.close();
  // @ts-expect-error: a port is a number
  await startBroker({ port: '8080' });
  // @ts-expect-error: there is no such option
  await startBroker({ datadir: 'x' });
  // @ts-expect-error: there is no such limit
  await startBroker({ limits: { topics: 1 } });
  // @ts-expect-error: it is not for changing
  broker.port = 1;
  await using another = await startBroker();
  return void [text, port, closed, another];
}

test.run();
