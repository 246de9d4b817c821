/**
 * The public types, signature by signature: the compiler is the test. A line that must not compile is marked so; if it
 * ever does, the mark itself is an error.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CallboardError,
  connect,
  type Acks,
  type Client,
  type ClientStatus,
  type ConnectOptions,
  type Consumer,
  type ConsumerDescription,
  type ConsumerOptions,
  type ConsumerSummary,
  type ErrorCode,
  type FlushReport,
  type From,
  type IncomingBatch,
  type IncomingRecord,
  type OutgoingRecord,
  type Outcome,
  type PartitionInfo,
  type Producer,
  type ProducerOptions,
  type SentRecord,
  type TopicDescription,
  type TopicInfo,
  type TopicStorage,
  type TopicSummary,
  type Value,
} from '@callboard/client';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles if, and only if, both types are the same. */
function same<A, B>(_equal: Same<A, B>): void {
  checked += 1;
}
let checked = 0;

/** Never called: it has only to compile. */
export function connecting(signal: AbortSignal): void {
  same<ReturnType<typeof connect>, Promise<Client>>(true);
  same<
    Parameters<typeof connect>,
    [addresses: string | readonly string[], options?: ConnectOptions | undefined]
  >(true);
  void connect('localhost:8080');
  void connect(['http://a', 'wss://b'] as const, {
    name: 'me',
    token: 't',
    deadlineMs: 5,
    direct: false,
    signal,
  });
  void connect('a', { onStatus: (status) => same<typeof status, ClientStatus>(true) });
  // @ts-expect-error an address is text
  void connect(8080);
  // @ts-expect-error there is no such option
  void connect('a', { timeout: 5 });
  // @ts-expect-error a status handler gets one status
  void connect('a', { onStatus: (_status: ClientStatus, _more: string) => undefined });
}

export function calling(client: Client, signal: AbortSignal): void {
  same<ReturnType<Client['createTopic']>, Promise<void>>(true);
  same<ReturnType<Client['topics']>, Promise<readonly string[]>>(true);
  same<ReturnType<Client['topics']['list']>, Promise<readonly TopicSummary[]>>(true);
  same<ReturnType<Client['topics']['describe']>, Promise<TopicDescription | undefined>>(true);
  same<ReturnType<Client['topics']['delete']>, Promise<void>>(true);
  same<ReturnType<Client['consumers']['list']>, Promise<readonly ConsumerSummary[]>>(true);
  same<ReturnType<Client['consumers']['describe']>, Promise<ConsumerDescription | undefined>>(true);
  same<TopicSummary['state'], 'ready' | 'deleting'>(true);
  same<ReturnType<Client['topic']>, Promise<TopicInfo | undefined>>(true);
  same<ReturnType<Client['producer']>, Producer>(true);
  same<ReturnType<Client['consumer']>, Consumer>(true);
  same<ReturnType<Client['close']>, Promise<void>>(true);
  same<TopicInfo['partitions'], readonly PartitionInfo[]>(true);
  same<PartitionInfo['leader'], string | undefined>(true);
  same<TopicStorage, 'disk' | 'memory'>(true);
  void client.createTopic('t', { partitions: 3, storage: 'memory', ifNotExists: true, signal });
  void client.topics({ signal, deadlineMs: 1 });
  // @ts-expect-error there is no such option
  void client.createTopic('t', { replicas: 1 });
  // @ts-expect-error there is no such storage
  void client.createTopic('t', { storage: 'tape' });
  // @ts-expect-error a topic has a name
  client.producer();
  const disposable: AsyncDisposable = client;
  void disposable;
}

export function producing(producer: Producer, signal: AbortSignal): void {
  same<ReturnType<Producer['send']>, Promise<SentRecord>>(true);
  same<ReturnType<Producer['sendBatch']>, Promise<readonly SentRecord[]>>(true);
  same<Producer['ready'], Promise<void>>(true);
  same<ReturnType<Producer['flush']>, Promise<FlushReport>>(true);
  same<SentRecord, { readonly partition: number; readonly offset: number }>(true);
  same<Acks, 'quorum' | 'leader' | 'none'>(true);
  const options: ProducerOptions = { acks: 'leader', maxBufferedBytes: 1, deadlineMs: 1, signal };
  void options;
  const values: readonly Value[] = ['text', new Uint8Array(1), { a: [1, null, true] }, null, 7];
  const record: OutgoingRecord = {
    value: 'v',
    key: new Uint8Array(1),
    headers: { a: 'b', c: new Uint8Array(1) },
  };
  void producer.send(record);
  void producer.sendBatch(values.map((value) => ({ value, partition: 1, timestamp: 5 })));
  // @ts-expect-error a record has a value
  void producer.send({ key: 'k' });
  // @ts-expect-error undefined has no JSON
  void producer.send({ value: undefined });
  // @ts-expect-error nor have functions
  void producer.send({ value: () => 1 });
  // @ts-expect-error a key is text or bytes
  void producer.send({ value: 'v', key: 7 });
  // @ts-expect-error what was sent cannot be changed
  record.value = 'w';
  // @ts-expect-error there is no such level
  const wrong: ProducerOptions = { acks: 'all' };
  void wrong;
}

export function consuming(consumer: Consumer, record: IncomingRecord, signal: AbortSignal): void {
  same<Consumer['id'], string | undefined>(true);
  same<ReturnType<Consumer['batches']>, AsyncIterable<IncomingBatch>>(true);
  same<ReturnType<Consumer['run']>, Promise<void>>(true);
  same<ReturnType<Consumer['lag']>, ReadonlyMap<number, number>>(true);
  same<ReturnType<Consumer['seek']>, Promise<void>>(true);
  same<IncomingRecord['key'], Uint8Array | undefined>(true);
  same<IncomingRecord['value'], Uint8Array>(true);
  same<IncomingRecord['timestamp'], Date>(true);
  same<IncomingBatch['records'], readonly IncomingRecord[]>(true);
  same<ReturnType<IncomingRecord['ack']>, Promise<void>>(true);
  same<ReturnType<IncomingRecord['json']>, unknown>(true);
  const places: readonly From[] = ['earliest', 'latest', { offset: 1 }, { time: 1 }, { time: new Date() }];
  const options: ConsumerOptions = {
    id: 'c',
    from: 'latest',
    ack: 'auto',
    partitions: [0],
    credit: { bytes: 1 },
    signal,
  };
  void [places, options];
  void consumer.run((each) => same<typeof each, IncomingRecord>(true), { concurrency: 2, signal });
  void consumer.run(async () => {});
  const iterable: AsyncIterable<IncomingRecord> = consumer;
  void iterable;
  // @ts-expect-error there is no such place
  void consumer.seek('middle');
  // @ts-expect-error a place is one of its kind
  const place: From = {};
  void place;
  // @ts-expect-error a handler's result is not kept
  void consumer.run(() => 5);
  // @ts-expect-error what came cannot be changed
  record.offset = 5;
}

export function failing(error: CallboardError, status: ClientStatus): void {
  same<CallboardError['code'], ErrorCode>(true);
  same<CallboardError['outcome'], Outcome>(true);
  same<Outcome, 'applied' | 'not_applied' | 'unknown'>(true);
  same<CallboardError['retriable'], boolean>(true);
  same<
    ClientStatus['kind'],
    'connected' | 'reconnecting' | 'throttled' | 'stalled' | 'fenced' | 'failed' | 'closed'
  >(true);
  if (status.kind === 'throttled') same<typeof status.retryAfterMs, number>(true);
  // @ts-expect-error only some news have an address
  void status.url;
  // @ts-expect-error codes are a closed list
  void (error.code === 'no_such_code');
}

test('what compiles is what was meant', () => {
  same<1, 1>(true);
  same<1, 2>(false);
  assert.is(checked, 2);
  assert.is(
    new CallboardError({ code: 'internal', message: 'm', outcome: 'unknown', retriable: false }).name,
    'CallboardError',
  );
});

test.run();
