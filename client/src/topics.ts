/** What `client.topics` does. */
import type {
  CallOptions,
  CreateTopicOptions,
  DeleteTopicOptions,
  TopicDescription,
  TopicInfo,
  Topics,
  TopicSummary,
} from './api.ts';
import { checked } from './checks/options.ts';
import { callTable, checkedTopic, createTopicTable, deleteTopicTable } from './checks/tables.ts';
import type { Answer, Call } from './core/connection.ts';
import type { Core } from './core/core.ts';
import { request, requestAsOperator, requestLeader } from './core/request.ts';
import { CallboardError, errorOf } from './errors.ts';
import type { PartitionPlace, TopicPlaces } from './protocol/index.ts';

export class TopicCalls {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A function with these calls as its properties. */
  facade(): Topics {
    return Object.assign((options?: CallOptions) => this.names(options), {
      create: (topic: string, options?: CreateTopicOptions) => this.create('topics.create', topic, options),
      describe: (topic: string, options?: CallOptions) => this.describe(topic, options),
      list: (options?: CallOptions) => this.list(options),
      delete: (topic: string, options?: DeleteTopicOptions) => this.delete(topic, options),
    });
  }

  async create(call: string, name: string, given: CreateTopicOptions | undefined): Promise<void> {
    const topic = checkedTopic(call, name);
    const options = checked<CreateTopicOptions>(call, given, createTopicTable);
    const { partitions = 2, storage, ifNotExists = false } = options;
    const frame: Call = {
      kind: 'create-topic',
      topic,
      partitions,
      ...(storage === undefined ? {} : { storage }),
    };
    await unless(ifNotExists, 'topic_exists', request(this.#core, frame, 'topic-created', options));
    // Whoever asked before may have been told that there is no such topic.
    this.#core.topology.drop(topic);
  }

  async names(given: CallOptions | undefined): Promise<readonly string[]> {
    const options = checked<CallOptions>('topics', given, callTable);
    return (await this.#places([], options, false)).map(({ name }) => name);
  }

  async list(given: CallOptions | undefined): Promise<readonly TopicSummary[]> {
    const options = checked<CallOptions>('topics.list', given, callTable);
    return (await this.#places([], options, true)).map(({ name, error, partitions }) => {
      return { name, state: error === undefined ? 'ready' : 'deleting', partitions: partitions.length };
    });
  }

  async describe(topic: string, given: CallOptions | undefined): Promise<TopicDescription | undefined> {
    const name = checkedTopic('topics.describe', topic);
    const options = checked<CallOptions>('topics.describe', given, callTable);
    const [places] = await this.#places([name], options, true);
    if (places?.error === 'topic_deleting') return { name, state: 'deleting', partitions: [] };
    const info = await this.#info(places, name, options);
    return info === undefined ? undefined : { ...info, state: 'ready' };
  }

  async info(topic: string, given: CallOptions | undefined): Promise<TopicInfo | undefined> {
    const name = checkedTopic('topic', topic);
    const options = checked<CallOptions>('topic', given, callTable);
    const [places] = await this.#places([name], options, false);
    return await this.#info(places, name, options);
  }

  async delete(name: string, given: DeleteTopicOptions | undefined): Promise<void> {
    const topic = checkedTopic('topics.delete', name);
    const options = checked<DeleteTopicOptions>('topics.delete', given, deleteTopicTable);
    const { ifExists = false, force = false } = options;
    const frame: Call = { kind: 'remove-topic', topic, ...(force ? { force } : {}) };
    await unless(ifExists, 'topic_not_found', requestAsOperator(this.#core, frame, 'done', options));
    this.#core.topology.drop(topic);
  }

  async #info(
    places: TopicPlaces | undefined,
    name: string,
    options: CallOptions,
  ): Promise<TopicInfo | undefined> {
    if (places === undefined || places.error === 'topic_not_found') return undefined;
    if (places.error !== undefined) {
      throw errorOf(places.error, { message: `topic '${name}' could not be looked up` });
    }
    const info = async ({ leader }: PartitionPlace, partition: number) => {
      const position = { at: 'latest', value: 0 } as const;
      const call = { kind: 'locate', topic: name, partition, position } as const;
      const { end } = await requestLeader(this.#core, call, 'located', options);
      return { partition, leader, end };
    };
    return { name, partitions: await Promise.all(places.partitions.map(info)) };
  }

  async #places(
    topics: readonly string[],
    options: CallOptions,
    deleting: boolean,
  ): Promise<readonly TopicPlaces[]> {
    const found: TopicPlaces[] = [];
    let from: number | undefined = 0;
    while (from !== undefined) {
      const call: Call = { kind: 'metadata', topics, from, ...(deleting ? { deleting } : {}) };
      const reply: Answer<'metadata-reply'> = await request(this.#core, call, 'metadata-reply', options);
      // One that is being deleted is none to those who use it.
      this.#core.topology.learn(reply.topics.filter(({ error }) => error !== 'topic_deleting'));
      found.push(...reply.topics);
      from = reply.next;
    }
    return found;
  }
}

/** A refusal with this code is as good as an answer, if `harmless`. */
async function unless(harmless: boolean, code: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(harmless && error instanceof CallboardError && error.code === code)) throw error;
  }
}
