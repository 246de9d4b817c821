/** Client: what `connect` gives. Calls of the cluster, and the producers and consumers that share its connections. */
import type {
  CallOptions,
  Client,
  Consumer,
  Consumers,
  ConnectOptions,
  CreateTopicOptions,
  Producer,
  ProducerOptions,
  TopicInfo,
  Topics,
  Value,
} from './api.ts';
import { checked, type Table } from './checks/options.ts';
import { callTable, checkedTopic, connectTable, consumerTable, producerTable } from './checks/tables.ts';
import { clientUrls } from './core/address.ts';
import { Core } from './core/core.ts';
import type { Platform } from './core/platform.ts';
import { abortedError, CallboardError, errorOf, failureOf } from './errors.ts';
import type { Made } from './made.ts';
import { failure, type Failure } from './protocol/index.ts';
import { ConsumerCalls } from './consumers.ts';
import { CallboardConsumer, type ConsumerSettings } from './consumer/consumer.ts';
import { CallboardProducer } from './producer/producer.ts';

import { TopicCalls } from './topics.ts';

export class CallboardClient implements Client {
  readonly #core: Core;
  readonly #parts = new Set<{ close(): Promise<void> }>();
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = (): void => void this.close();
  readonly consumers: Consumers;
  readonly #topicCalls: TopicCalls;
  #topics: Topics | undefined;
  #closing: Promise<void> | undefined;

  constructor(core: Core, signal: AbortSignal | undefined) {
    this.#core = core;
    this.consumers = new ConsumerCalls(core);
    this.#topicCalls = new TopicCalls(core);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted);
  }

  get topics(): Topics {
    this.#topics ??= this.#topicCalls.facade();
    return this.#topics;
  }

  async createTopic(topic: string, options?: CreateTopicOptions): Promise<void> {
    await this.#topicCalls.create('createTopic', topic, options);
  }

  async topic(name: string, options?: CallOptions): Promise<TopicInfo | undefined> {
    return await this.#topicCalls.info(name, options);
  }

  producer<T = Value>(topic: string, options?: ProducerOptions<T>): Producer<T> {
    const made = this.#made<ProducerOptions<T>>('producer', topic, options, producerTable);
    const producer = new CallboardProducer(this.#core, made, (ended) => this.#parts.delete(ended));
    if (made.refusal === undefined) this.#parts.add(producer);
    return producer;
  }

  consumer<T>(topic: string, options?: ConsumerSettings<T>): Consumer<T> {
    const made = this.#made<ConsumerSettings<T>>('consumer', topic, options, consumerTable);
    const consumer = new CallboardConsumer(this.#core, made, (ended) => this.#parts.delete(ended));
    if (made.refusal === undefined) this.#parts.add(consumer);
    return consumer;
  }

  async drain(given?: CallOptions): Promise<void> {
    const options = checked<CallOptions>('drain', given, callTable);
    const consumers = [...this.#parts].filter((part) => part instanceof CallboardConsumer);
    const ends = await Promise.allSettled(consumers.map((consumer) => consumer.drain(options)));
    await this.close();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#aborted);
    await Promise.allSettled([...this.#parts].map((part) => part.close()));
    this.#core.close();
  }

  /** Nothing is thrown by a call that returns no promise: the promises of what it returns tell. */
  #made<O extends object>(call: string, topic: unknown, given: unknown, table: Table): Made<O> {
    try {
      const name = checkedTopic(call, topic);
      const options = checked<O>(call, given, table);
      return { topic: name, options, refusal: this.#closing === undefined ? this.#core.end : closedFailure };
    } catch (error) {
      return { topic: typeof topic === 'string' ? topic : '', options: {} as O, refusal: failureOf(error) };
    }
  }
}

const closedFailure: Failure = failure('closed', { message: 'the client was closed' });

/** Resolves when a node has answered the hello; rejects when every address refuses, or none answers in time. */
export async function connectOn(
  platform: Platform,
  addresses: string | readonly string[],
  given?: ConnectOptions,
): Promise<Client> {
  const options = checked<ConnectOptions>('connect', given, connectTable);
  const { signal } = options;
  if (signal?.aborted === true) throw abortedError(signal, 'not_applied');
  const core = new Core(platform, clientUrls(addresses), options);
  try {
    await homeFound(core, signal);
  } catch (error) {
    core.close();
    throw error;
  }
  return new CallboardClient(core, signal);
}

function homeFound(core: Core, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: CallboardError): void => {
      deadline.cancel();
      unwatch();
      signal?.removeEventListener('abort', aborted);
      if (error === undefined) resolve();
      else reject(error);
    };
    const deadline = core.platform.setTimer(core.deadlineMs, () => {
      const { message: why } = core.links.lastProblem;
      const message = `no node took this client within ${core.deadlineMs} ms (${why}): is one running there, and is the address right?`;
      settle(errorOf('unavailable', { message }));
    });
    const unwatch = core.watch(() => {
      if (core.end !== undefined) settle(new CallboardError(core.end));
      else if (core.links.home !== undefined) settle();
    });
    const aborted = (): void => settle(abortedError(signal as AbortSignal, 'not_applied'));
    signal?.addEventListener('abort', aborted);
  });
}
