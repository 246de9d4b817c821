/**
 * What users program against: the shapes of the client. The classes behind them live in files of their own.
 *
 * Every call that reaches the cluster rejects with a `CallboardError` (code, outcome, retriable); every one takes an `AbortSignal`,
 * directly or through its object's options, and none waits longer than its deadline.
 */
import type { Acks, ErrorCode, TopicStorage } from './protocol/index.ts';

/** Text is sent as UTF-8, bytes as they are, anything else as JSON. */
export type Value = string | Uint8Array | JsonValue;
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export type HeaderValue = string | Uint8Array;

export interface ConnectOptions {
  /** Shown in the nodes' logs. */
  readonly name?: string;
  readonly token?: string;
  /** How long a call may take, retries and reconnects included. Default 30,000 ms. */
  readonly deadlineMs?: number;
  /** Go to the leaders of partitions directly where they can be reached. Default true; false uses the given addresses only. */
  readonly direct?: boolean;
  /** Ends the client as `close` does. */
  readonly signal?: AbortSignal;
  /** Told of every change of state. What it throws is told as a warning of the process, or on the page's console. */
  readonly onStatus?: (status: ClientStatus) => void;
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
  | { readonly kind: 'closed' };

export interface Client extends AsyncDisposable {
  /** Resolves when the topic can be used on every node. */
  createTopic(topic: string, options?: CreateTopicOptions): Promise<void>;
  /** Names in order of creation. */
  topics(options?: CallOptions): Promise<readonly string[]>;
  /** Undefined if there is no such topic. */
  topic(name: string, options?: CallOptions): Promise<TopicInfo | undefined>;
  producer(topic: string, options?: ProducerOptions): Producer;
  consumer(topic: string, options?: ConsumerOptions): Consumer;
  /** Flushes producers, ends consumers, closes connections. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export interface CreateTopicOptions extends CallOptions {
  /** Default 2. */
  readonly partitions?: number;
  readonly replicas?: number;
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

export interface ProducerOptions {
  /** Default `quorum`. */
  readonly acks?: Acks;
  /** Bytes that may wait for their acknowledgement before `ready` holds callers back. Default 32 MiB. */
  readonly maxBufferedBytes?: number;
  /** For each record, from `send` to its answer. Default: the client's. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutgoingRecord {
  readonly key?: string | Uint8Array;
  readonly value: Value;
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

export interface Producer extends AsyncDisposable {
  readonly topic: string;
  /** Rejects with `overloaded` at once when the buffer is full; await `ready` first. */
  send(record: OutgoingRecord): Promise<SentRecord>;
  /**
   * All records, in order per partition; resolves when all are stored, rejects with the first failure. Its outcome speaks of the whole
   * batch: `unknown` where some of it is stored, or may be.
   */
  sendBatch(records: readonly OutgoingRecord[]): Promise<readonly SentRecord[]>;
  /** Resolves when there is room for more. */
  readonly ready: Promise<void>;
  /** Resolves when everything sent before has been answered, whichever way. */
  flush(): Promise<void>;
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

export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: Date;
  /** The bytes; `text()` and `json()` decode them. */
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
  keyText(): string | undefined;
  text(): string;
  json(): unknown;
  /** Acknowledges this record. Resolves when the cursor that it allows is committed; nothing for an anonymous reader. */
  ack(): Promise<void>;
}

/** Records of one partition, in order, as they came together. */
export interface IncomingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** One above the highest committed offset of the partition when this was sent. */
  readonly end: number;
  ack(): Promise<void>;
}

export interface RunOptions {
  /** Partitions handled at the same time; within a partition one record at a time, in order. Default: all. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

export interface Consumer extends AsyncDisposable, AsyncIterable<IncomingRecord> {
  readonly topic: string;
  readonly id: string | undefined;
  /** Until closed, aborted or fenced. A handler that throws ends the run with its error; its record is not acknowledged. */
  run(handler: (record: IncomingRecord) => void | Promise<void>, options?: RunOptions): Promise<void>;
  batches(): AsyncIterable<IncomingBatch>;
  /** Moves the cursor, in one partition or in all; what was delivered before is forgotten. Has the deadline of the client. */
  seek(to: From, partition?: number): Promise<void>;
  /** Records not delivered yet, by partition, as far as this side knows. */
  lag(): ReadonlyMap<number, number>;
  /** Commits outstanding acks, then ends. */
  close(): Promise<void>;
}
