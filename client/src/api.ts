/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What users program against: the shapes of the client. The classes behind them live in files of their own.
 *
 * Every call that reaches the cluster rejects with a `CallboardError` (code, outcome, retriable); every one takes an `AbortSignal`,
 * directly or through its object's options, and none waits longer than its deadline.
 */
import type { CallboardError } from './errors.ts';
import type { Acks, ErrorCode, TopicStorage } from './protocol/index.ts';

/** Bytes, in every form that they come in: of a view, its part of the buffer. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/**
 * Text is sent as UTF-8, bytes as they are, anything else as JSON: plain objects, lists, and instances of classes by their properties or
 * their `toJSON`. What is built in and has no form in JSON (`Map`, `Set`, promises, functions) is none; at any depth it is refused.
 */
export type Value = string | number | boolean | null | Bytes | { readonly [name: string]: unknown } | Written;

/** Interfaces, classes and lists: told by what functions, maps, sets, promises and the like have, and values do not. */
type Written = object & {
  readonly [Symbol.hasInstance]?: never;
  readonly [Symbol.toStringTag]?: never;
};

export type HeaderValue = string | Bytes;

/** How values of one kind are written and read. What `encode` throws refuses the record; what `decode` throws, reading `value` throws. */
export interface Codec<T> {
  encode(value: T): string | Bytes;
  /** The bytes are a view of what came over the wire: copy what is kept for long. */
  decode(bytes: Uint8Array): T;
}

export interface ConnectOptions {
  /** Shown in the nodes' logs. */
  readonly name?: string;
  /** The cluster's admin token, for what only operators may do. It is sent with such a call, and with nothing else. */
  readonly token?: string;
  /** How long a call may take, retries and reconnects included. Default 30,000 ms. */
  readonly deadlineMs?: number;
  /** Go to the leaders of partitions directly where they can be reached. Default true; false uses the given addresses only. */
  readonly direct?: boolean;
  /** Makes the connections, instead of the WebSockets of the place: through a proxy, say, or within a test. */
  readonly transport?: Transport;
  /** Ends the client as `close` does. */
  readonly signal?: AbortSignal;
  /** Told of every change of state. What it throws is told as a warning of the process, or on the page's console. */
  readonly onStatus?: (status: ClientStatus) => void;
}

/**
 * How connections are made: each carries binary messages both ways, whole, in order, and without loss, until it ends. Messages are the
 * frames of the protocol, so the other side is a node, or what passes them on to one.
 */
export interface Transport {
  /**
   * Begins to connect to `url` (`ws://` or `wss://`, with the path). A message of more than `frameBytes` may end the connection. The
   * handlers are called later, never from within this call.
   */
  open(url: string, frameBytes: number, handlers: TransportHandlers): TransportSocket;
}

export interface TransportHandlers {
  opened(): void;
  /** One message. The bytes are the receiver's: nobody writes to them later. */
  message(bytes: Uint8Array): void;
  /** Once, whatever ended the connection, one that could not be made included; 1006: cut, or never made. Nothing follows. */
  closed(code: number, reason: string): void;
}

export interface TransportSocket {
  /** Only after `opened`. The bytes do not change afterwards. */
  send(bytes: Uint8Array): void;
  /** Ends the connection and forgets it, whether the other side goes along or not. `closed` need not follow. */
  close(code: number, reason: string): void;
}

/** Typed news about connections and consumers. */
export type ClientStatus =
  | { readonly kind: 'connected'; readonly url: string; readonly node: string }
  | { readonly kind: 'reconnecting'; readonly url: string; readonly attempt: number; readonly reason: string }
  | {
      readonly kind: 'throttled';
      readonly topic: string;
      readonly partition: number;
      readonly retryAfterMs: number;
    }
  | {
      /** A partition of a consumer could not be subscribed to several times in a row; it is tried on. */
      readonly kind: 'stalled';
      readonly topic: string;
      readonly partition: number;
      readonly code: ErrorCode;
      readonly reason: string;
    }
  | { readonly kind: 'fenced'; readonly topic: string; readonly consumer: string }
  | HandlerFailed
  | { readonly kind: 'closed' };

/** A handler of a `run` has thrown. A poison record is told by its offset, which comes again and again. */
export interface HandlerFailed {
  readonly kind: 'failed';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Undefined for a reader without an id. */
  readonly consumer: string | undefined;
  readonly record: IncomingRecord<unknown>;
  /** What it threw. */
  readonly error: unknown;
  /** How often this record was tried by now, in this run. */
  readonly attempt: number;
  /** What is done about it. */
  readonly next: 'stop' | 'skip' | 'retry';
}

export interface Client extends AsyncDisposable {
  /** Creates, describes, lists and deletes; called itself, it gives the names of those that can be used, in order of creation. */
  readonly topics: Topics;
  /** Lists and describes who consumes a topic. */
  readonly consumers: Consumers;
  /** The same as `topics.create`. */
  createTopic(topic: string, options?: CreateTopicOptions): Promise<void>;
  /** Undefined if there is no such topic that can be used. */
  topic(name: string, options?: CallOptions): Promise<TopicInfo | undefined>;
  /** Of values of type `T`: by the options' codec, else as `Value` says. */
  producer<T = Value>(topic: string, options?: ProducerOptions<T>): Producer<T>;
  producer(topic: string, options?: ProducerOptions): Producer;
  /** With a codec, `value` of its records is of type `T`; without, it is bytes. */
  consumer<T>(
    topic: string,
    options: ConsumerOptions & { readonly codec: Pick<Codec<T>, 'decode'> },
  ): Consumer<T>;
  consumer(topic: string, options?: ConsumerOptions): Consumer;
  /** Drains consumers, so that their handlers can still send, then closes: what to do on SIGTERM. */
  drain(options?: CallOptions): Promise<void>;
  /** Flushes producers, ends consumers, closes connections. */
  close(): Promise<void>;
}

export interface Topics {
  (options?: CallOptions): Promise<readonly string[]>;
  /** Resolves when the topic can be used on every node. */
  create(topic: string, options?: CreateTopicOptions): Promise<void>;
  /** Undefined if there is no such topic. */
  describe(topic: string, options?: CallOptions): Promise<TopicDescription | undefined>;
  /** In order of creation. */
  list(options?: CallOptions): Promise<readonly TopicSummary[]>;
  /**
   * For operators: `connect` needs the cluster's admin token. Resolves when nothing of the topic can be acknowledged any more and no active
   * node knows it; its records are gone for good. What takes longer than the deadline ends as `timeout`, `unknown`, and goes on.
   */
  delete(topic: string, options?: DeleteTopicOptions): Promise<void>;
}

export interface Consumers {
  /** In the order of ids. */
  list(topic: string, options?: CallOptions): Promise<readonly ConsumerSummary[]>;
  /** Undefined if the topic has no such consumer. */
  describe(topic: string, id: string, options?: CallOptions): Promise<ConsumerDescription | undefined>;
}

export interface ConsumerSummary {
  readonly id: string;
  /** Registered over HTTP, or opened by a client to be pushed to. */
  readonly over: 'http' | 'push';
}

export interface ConsumerDescription extends ConsumerSummary {
  readonly topic: string;
  /** By partition number: committed records that are not done with, as the leader confirmed. */
  readonly lag: readonly number[];
}

/** `deleting`: it cannot be used any more, and its name is taken until most replicas have confirmed. */
export type TopicState = 'ready' | 'deleting';

export interface TopicSummary {
  readonly name: string;
  readonly state: TopicState;
  /** How many; 0 of one that is being deleted. */
  readonly partitions: number;
}

export interface TopicDescription extends TopicInfo {
  readonly state: TopicState;
}

export interface DeleteTopicOptions extends CallOptions {
  /** No topic of this name is as good as one that was deleted. */
  readonly ifExists?: boolean;
  /** Count replicas on brokers that an operator has removed as deleted; refused while anything else is missing. */
  readonly force?: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export interface CreateTopicOptions extends CallOptions {
  /** Default 2. */
  readonly partitions?: number;
  readonly storage?: TopicStorage;
  /** An existing topic is as good as a new one. */
  readonly ifNotExists?: boolean;
}

export interface TopicInfo {
  readonly name: string;
  readonly partitions: readonly PartitionInfo[];
}

export interface PartitionInfo {
  readonly partition: number;
  readonly leader: string | undefined;
  /** One above the highest committed offset. */
  readonly end: number;
}

export interface ProducerOptions<T = Value> {
  /** How values are written. */
  readonly codec?: Pick<Codec<T>, 'encode'>;
  /** Default `quorum`. */
  readonly acks?: Acks;
  /** Bytes that may wait for their acknowledgement before `ready` holds callers back. Default 32 MiB. */
  readonly maxBufferedBytes?: number;
  /** For each record, from `send` to its answer. Default: the client's. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutgoingRecord<T = Value> {
  /** Null and undefined: none. */
  readonly key?: string | Bytes | null | undefined;
  readonly value: T;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
  readonly partition?: number;
  /** Milliseconds since 1970, at most 10 minutes ahead of the leader's clock. If absent, the leader's clock when it takes the record. */
  readonly timestamp?: number;
}

export interface SentRecord {
  readonly partition: number;
  /** -1 with `acks: 'none'`. */
  readonly offset: number;
}

/** Records that were answered since the flush before, or since the producer was made. */
export interface FlushReport {
  readonly stored: number;
  /** Those whose `send` or `sendBatch` was rejected for them, refused ones included. */
  readonly failed: number;
  /** Why the first of these failed. */
  readonly error: CallboardError | undefined;
}

export interface Producer<T = Value> extends AsyncDisposable {
  readonly topic: string;
  /** Rejects with `overloaded` at once when the buffer is full; await `ready` first. */
  send(record: OutgoingRecord<T>): Promise<SentRecord>;
  /**
   * All records, in order per partition; resolves when all are stored, rejects with the first failure. Its outcome speaks of the whole
   * batch: `unknown` where some of it is stored, or may be.
   */
  sendBatch(records: readonly OutgoingRecord<T>[]): Promise<readonly SentRecord[]>;
  /** Resolves when there is room for more. */
  readonly ready: Promise<void>;
  /** Resolves when everything sent before has been answered, whichever way, and tells how much of it failed. */
  flush(): Promise<FlushReport>;
  close(): Promise<void>;
}

/** Where a consumer without a cursor begins. */
export type From = 'earliest' | 'latest' | { readonly offset: number } | { readonly time: number | Date };

export interface ConsumerOptions {
  /** A durable consumer: its cursors are kept by the cluster. Without: an anonymous reader, which begins at `from` each time. */
  readonly id?: string;
  /** Default `earliest` with an id, `latest` without. */
  readonly from?: From;
  /** `auto` acknowledges a record when the next one is asked for, or when the handler has returned. Default `explicit`. */
  readonly ack?: 'explicit' | 'auto';
  /** Default: all. */
  readonly partitions?: readonly number[];
  /** What may be on its way or waiting here, per partition. Default 10,000 records, 4 MiB. */
  readonly credit?: { readonly records?: number; readonly bytes?: number };
  readonly signal?: AbortSignal;
}

export interface IncomingRecord<T = Uint8Array> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: Date;
  readonly key: Uint8Array | undefined;
  /** As the consumer's codec reads it, when it is asked for; without a codec, the bytes. */
  readonly value: T;
  /** The value as it is stored; `text()` and `json()` read it. */
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
  keyText(): string | undefined;
  text(): string;
  /** `J` is what the caller knows of it: nothing here checks it. */
  json<J = unknown>(): J;
  /** Acknowledges this record. Resolves when the cursor that it allows is committed; nothing for an anonymous reader. */
  ack(): Promise<void>;
}

/** Records of one partition, in order, as they came together. */
export interface IncomingBatch<T = Uint8Array> {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord<T>[];
  /** One above the highest committed offset of the partition when this was sent. */
  readonly end: number;
  ack(): Promise<void>;
}

/**
 * `stop`: the run ends with the error; the next run, of this object or of a new one, begins at the cursor, and so with this record. `skip`:
 * the record is acknowledged, and the next one is handled. Or up to `retry` more tries: the first one after `backoffMs` (default 100),
 * then after twice as long each, up to half a minute; if all fail, what `then` says (default `stop`).
 */
export type OnError =
  'stop' | 'skip' | { readonly retry: number; readonly backoffMs?: number; readonly then?: 'stop' | 'skip' };

export interface RunOptions {
  /** What becomes of a record whose handler throws. Default `stop`. */
  readonly onError?: OnError;
  /** Partitions handled at the same time; within a partition one record at a time, in order. Default: all. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

export interface Consumer<T = Uint8Array> extends AsyncDisposable, AsyncIterable<IncomingRecord<T>> {
  readonly topic: string;
  readonly id: string | undefined;
  /** Until closed, aborted or fenced, or until a handler throws, if `onError` does not say otherwise. */
  run(handler: (record: IncomingRecord<T>) => void | Promise<void>, options?: RunOptions): Promise<void>;
  batches(): AsyncIterable<IncomingBatch<T>>;
  /** Moves the cursor, in one partition or in all; what was delivered before is forgotten. Has the deadline of the client. */
  seek(to: From, partition?: number): Promise<void>;
  /** Records that are not acknowledged, by partition, as far as this side knows; for a reader without an id: not handed over yet. */
  lag(): ReadonlyMap<number, number>;
  /**
   * Takes no more, waits until the handlers and loops are done with what they have, commits their acks, and closes. Rejects with `timeout`
   * if they are not done by the deadline; then it is closed all the same, and what they had comes again.
   */
  drain(options?: CallOptions): Promise<void>;
  /** Commits outstanding acks, then ends; handlers at work are not waited for. */
  close(): Promise<void>;
}
