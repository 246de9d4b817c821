/** Consumer: opens its session, subscribes to its partitions, and hands over what comes, in turn and in order. */
import type {
  CallOptions,
  Codec,
  Consumer,
  ConsumerOptions,
  From,
  IncomingBatch,
  IncomingRecord,
  RunOptions,
} from '../api.ts';
import { checked, checkedValue } from '../checks/options.ts';
import { callback, from as fromRule, wholeFrom } from '../checks/rules.ts';
import { callTable, runTable } from '../checks/tables.ts';
import type { Core } from '../core/core.ts';
import { request, requestLeader } from '../core/request.ts';
import { abortedError, abortedFailure, CallboardError, errorOf } from '../errors.ts';
import {
  clientLimits,
  failure,
  hex,
  type Failure,
  type Position,
  type SessionOf,
} from '../protocol/index.ts';
import type { Made } from '../made.ts';
import { silent } from '../silent.ts';
import type { Feed } from './feed.ts';
import { Handlers } from './handlers.ts';
import { Pulls } from './pulls.ts';
import type { ReceivedRecord } from './received-record.ts';
import { Subscription, type SubscriptionHost } from './subscription.ts';

/** As they are given, with a codec or without. */
export type ConsumerSettings<T> = ConsumerOptions & { readonly codec?: Pick<Codec<T>, 'decode'> };

export class CallboardConsumer<T> implements Consumer<T> {
  readonly topic: string;
  readonly id: string | undefined;
  readonly #core: Core;
  readonly #options: ConsumerSettings<T>;
  readonly #auto: boolean;
  readonly #ended: (consumer: CallboardConsumer<T>) => void;
  readonly #opening = new AbortController();
  readonly #opened: Promise<void>;
  /** Tells the cluster this object's repeated openings from those of others. */
  readonly #opener: string;
  readonly #unwatch: () => void;
  #subscriptions: readonly Subscription<T>[] = [];
  /** Feeds that hold something, in the order of their turns. */
  readonly #ready = new Set<Feed<T>>();
  readonly #records: Pulls<IncomingRecord<T>>;
  readonly #batches: Pulls<IncomingBatch<T>>;
  readonly #handlers = new Set<Handlers<T>>();
  /** The last seek of each partition, by number. */
  readonly #sought = new Map<Feed<T>, number>();
  #seeks = 0;
  #end: Failure | undefined;
  #cause: unknown;
  #closing: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  /** Looks whether everybody is done with what he was handed. */
  #drained: (() => void) | undefined;

  constructor(
    core: Core,
    { topic, options, refusal }: Made<ConsumerSettings<T>>,
    ended: (consumer: CallboardConsumer<T>) => void,
  ) {
    this.topic = topic;
    this.id = options.id;
    this.#core = core;
    this.#options = options;
    this.#auto = options.ack === 'auto';
    this.#ended = ended;
    this.#records = new Pulls(
      () => this.#take(),
      this.#auto,
      () => this.#drained?.(),
    );
    this.#batches = new Pulls(
      () => this.#takeBatch(),
      this.#auto,
      () => this.#drained?.(),
    );
    this.#unwatch = core.watch(() => this.#changed());
    this.#opener = hex(core.platform.randomBytes(16));
    options.signal?.addEventListener('abort', this.#aborted);
    if (refusal !== undefined) this.#stop(refusal);
    else if (options.signal?.aborted === true) this.#aborted();
    this.#opened = silent(this.#open());
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingRecord<T>> {
    return this.#records.iterator();
  }

  batches(): AsyncIterable<IncomingBatch<T>> {
    return { [Symbol.asyncIterator]: () => this.#batches.iterator() };
  }

  run(handler: (record: IncomingRecord<T>) => void | Promise<void>, given?: RunOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkedValue('run: the handler', handler, callback);
      const options = checked<RunOptions>('run', given, runTable);
      const handlers = new Handlers({
        platform: this.#core.platform,
        handler,
        auto: this.#auto,
        concurrency: options.concurrency ?? Infinity,
        onError: options.onError ?? 'stop',
        signal: options.signal,
        ready: this.#ready,
        failed: (failed) => this.#core.status({ kind: 'failed', consumer: this.id, ...failed }),
        done: (error, left) => {
          this.#handlers.delete(handlers);
          this.#rewind(left);
          if (error === undefined) resolve();
          else reject(error.reason);
          this.#drained?.();
        },
      });
      this.#handlers.add(handlers);
      if (this.#end !== undefined) handlers.end(this.#endError());
      else if (this.#draining !== undefined) handlers.end(undefined);
      else handlers.pump();
    });
  }

  async seek(to: From, partition?: number): Promise<void> {
    const position = positionOf(checkedValue('seek: the position', to, fromRule) as From);
    if (partition !== undefined) checkedValue('seek: partition', partition, wholeFrom(0));
    await this.#opened;
    if (this.#end !== undefined) throw new CallboardError(this.#end);
    const chosen = this.#subscriptions.filter(
      ({ feed }) => partition === undefined || feed.partition === partition,
    );
    if (chosen.length === 0) {
      const message = `this consumer does not read partition ${partition} of '${this.topic}'`;
      throw errorOf('invalid_partition', { message });
    }
    const unknown = chosen.filter(({ feed }) => position.at === 'offset' && position.value > feed.end);
    const number = (this.#seeks += 1);
    for (const { feed } of chosen) this.#sought.set(feed, number);
    if (unknown.length > 0) await this.#assertWithin(position.value, unknown);
    if (this.#end !== undefined) throw new CallboardError(this.#end);
    // Whoever sought again meanwhile wants to be where he asked for last.
    const moved = chosen.filter(({ feed }) => this.#sought.get(feed) === number);
    for (const { feed } of moved) this.#ready.delete(feed);
    await this.#inTime(Promise.all(moved.map((subscription) => subscription.seek(position))));
  }

  /** What a partition does not have yet is refused before anything is changed: its subscription would end with it. */
  async #assertWithin(offset: number, chosen: readonly Subscription<T>[]): Promise<void> {
    const { topic } = this;
    const position = { at: 'latest', value: 0 } as const;
    const ends = chosen.map(async ({ feed: { partition } }) => {
      const call = { kind: 'locate', topic, partition, position } as const;
      const { end } = await requestLeader(this.#core, call, 'located', { signal: this.#opening.signal });
      return { partition, end };
    });
    for (const { partition, end } of await Promise.all(ends)) {
      if (offset <= end) continue;
      const message = `seek: offset ${offset} is beyond the end of partition ${partition} of '${topic}', which is ${end}; the consumer stays where it is`;
      throw errorOf('bad_request', { message });
    }
  }

  /** A seek that is late stays in force: whoever gives it up here may look for another position, or wait. */
  #inTime(seeking: Promise<unknown>): Promise<void> {
    const { platform, deadlineMs } = this.#core;
    return new Promise((resolve, reject) => {
      const timer = platform.setTimer(deadlineMs, () => {
        const message = `'${this.topic}' could not be sought in within ${deadlineMs} ms; the consumer reads from there as soon as it can`;
        reject(errorOf('timeout', { message, outcome: 'unknown' }));
      });
      void seeking.then(() => resolve(), reject).finally(() => timer.cancel());
    });
  }

  lag(): ReadonlyMap<number, number> {
    const lags = new Map<number, number>();
    for (const { feed, lag } of this.#subscriptions) if (lag !== undefined) lags.set(feed.partition, lag);
    return lags;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async drain(given?: CallOptions): Promise<void> {
    const options = checked<CallOptions>('drain', given, callTable);
    this.#draining ??= this.#drain(options);
    await this.#draining;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain({ signal, deadlineMs = this.#core.deadlineMs }: CallOptions): Promise<void> {
    if (this.#end !== undefined) return;
    this.#records.end(undefined);
    this.#batches.end(undefined);
    for (const handlers of [...this.#handlers]) handlers.end(undefined);
    try {
      await this.#atRest(deadlineMs, signal);
    } finally {
      await this.close();
    }
  }

  /** Resolves when all handlers and loops are done with what they have. */
  #atRest(deadlineMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: CallboardError): void => {
        timer.cancel();
        signal?.removeEventListener('abort', aborted);
        this.#drained = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const aborted = (): void => settle(abortedError(signal as AbortSignal, 'unknown'));
      const timer = this.#core.platform.setTimer(deadlineMs, () => {
        const message = `${this.#working} handlers or loops of '${this.topic}' were still at work after ${deadlineMs} ms; what they have is not acknowledged, and comes again`;
        settle(errorOf('timeout', { message, outcome: 'unknown' }));
      });
      this.#drained = () => {
        if (this.#working === 0 || this.#end !== undefined) settle();
      };
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted === true) aborted();
      else this.#drained();
    });
  }

  get #working(): number {
    return this.#handlers.size + this.#records.working + this.#batches.working;
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    const flushed = Promise.allSettled(this.#subscriptions.map((subscription) => subscription.flushed()));
    await flushed;
    this.#stop(failure('closed', { message: `the consumer of '${this.topic}' was closed` }));
  }

  async #open(): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      const { owner, count } = await this.#session();
      if (this.#end !== undefined) return;
      const partitions = this.#options.partitions ?? Array.from({ length: count }, (_, i) => i);
      const wrong = partitions.find((each) => !(Number.isInteger(each) && each >= 0 && each < count));
      if (wrong !== undefined) {
        const message = `'${this.topic}' has partitions 0 to ${count - 1}, not ${wrong}`;
        throw errorOf('invalid_partition', { message });
      }
      const host = this.#hostFor(owner);
      this.#subscriptions = [...new Set(partitions)].map((each) => new Subscription(host, each));
      for (const subscription of this.#subscriptions) subscription.pump();
    } catch (error) {
      if (!(error instanceof CallboardError)) throw error;
      const { code, detail, outcome } = error;
      this.#stop(failure(code, { message: detail, outcome }), error.cause);
      throw error;
    }
  }

  /** Who speaks for the consumer, and how many partitions there are. */
  async #session(): Promise<{ readonly owner: SessionOf | undefined; readonly count: number }> {
    const { topic, id } = this;
    const { signal } = this.#opening;
    if (id !== undefined) {
      const call = { kind: 'open-consumer', topic, consumer: id, opener: this.#opener } as const;
      const { session, partitions } = await request(this.#core, call, 'consumer-opened', { signal });
      return { owner: { consumer: id, session }, count: partitions };
    }
    const call = { kind: 'metadata', topics: [topic] } as const;
    const { topics } = await request(this.#core, call, 'metadata-reply', { signal });
    this.#core.topology.learn(topics);
    const [places] = topics;
    if (places === undefined || places.error !== undefined) {
      const message = `topic '${topic}' cannot be read; create it first, or look for a typing mistake in its name`;
      throw errorOf(places?.error ?? 'topic_not_found', { message });
    }
    return { owner: undefined, count: places.partitions.length };
  }

  #hostFor(owner: SessionOf | undefined): SubscriptionHost<T> {
    const { from, credit, codec } = this.#options;
    return {
      core: this.#core,
      topic: this.topic,
      owner,
      start: positionOf(from ?? (owner === undefined ? 'latest' : 'earliest')),
      creditRecords: credit?.records ?? clientLimits.creditRecords,
      creditBytes: credit?.bytes ?? clientLimits.creditBytes,
      decode: codec === undefined ? undefined : (bytes) => codec.decode(bytes),
      arrived: (feed) => this.#arrived(feed),
      failed: (problem) => this.#failed(problem),
    };
  }

  #changed(): void {
    if (this.#core.end !== undefined) this.#stop(this.#core.end);
    else for (const subscription of this.#subscriptions) subscription.pump();
  }

  #arrived(feed: Feed<T>): void {
    this.#ready.add(feed);
    this.#records.pump();
    this.#batches.pump();
    for (const handlers of this.#handlers) handlers.pump();
  }

  /** The next record: of the chunk that is begun, else of the next partition that holds something. */
  #take(): IncomingRecord<T> | undefined {
    for (const feed of this.#ready) {
      if (feed.busy) continue;
      const record: ReceivedRecord<T> | undefined = feed.take();
      if (!feed.inChunk) this.#rotate(feed);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  #takeBatch(): IncomingBatch<T> | undefined {
    for (const feed of this.#ready) {
      if (feed.busy) continue;
      const batch = feed.takeBatch();
      this.#rotate(feed);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  #rotate(feed: Feed<T>): void {
    this.#ready.delete(feed);
    if (!feed.empty) this.#ready.add(feed);
  }

  /** A run ended with records undone: whoever comes next begins at the cursor, as a new object would. */
  #rewind(left: ReadonlyMap<Feed<T>, number | undefined>): void {
    for (const subscription of this.#subscriptions) {
      const { feed } = subscription;
      if (!left.has(feed) || feed.busy) continue;
      this.#ready.delete(feed);
      subscription.rewind(left.get(feed));
      if (!feed.empty) this.#ready.add(feed);
    }
  }

  #failed(problem: Failure): void {
    if (problem.code === 'fenced' && this.id !== undefined) {
      this.#core.status({ kind: 'fenced', topic: this.topic, consumer: this.id });
    }
    this.#stop(problem);
  }

  readonly #aborted = (): void => {
    const signal = this.#options.signal as AbortSignal;
    this.#stop(abortedFailure('not_applied'), signal.reason);
  };

  #endError(): { readonly reason: unknown } | undefined {
    const end = this.#end;
    if (end === undefined || end.code === 'closed') return undefined;
    return { reason: new CallboardError(end, this.#cause === undefined ? {} : { cause: this.#cause }) };
  }

  #stop(problem: Failure, cause?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = problem;
    this.#cause = cause;
    this.#unwatch();
    this.#opening.abort();
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    for (const subscription of this.#subscriptions) subscription.end(this.#end);
    this.#ready.clear();
    const error = this.#endError();
    this.#records.end(error);
    this.#batches.end(error);
    for (const handlers of [...this.#handlers]) handlers.end(error);
    this.#drained?.();
    this.#ended(this);
  }
}

/** Of a position that was checked: times are numbers. */
function positionOf(from: From): Position {
  if (from === 'earliest' || from === 'latest') return { at: from, value: 0 };
  return 'offset' in from ? { at: 'offset', value: from.offset } : { at: 'time', value: Number(from.time) };
}
