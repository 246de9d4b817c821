/** What `client.consumers` does. */
import type { CallOptions, ConsumerDescription, Consumers, ConsumerSummary } from './api.ts';
import { checked, checkedValue } from './checks/options.ts';
import { consumerId } from './checks/rules.ts';
import { callTable, checkedTopic } from './checks/tables.ts';
import type { Answer } from './core/connection.ts';
import type { Core } from './core/core.ts';
import { request } from './core/request.ts';
import { CallboardError } from './errors.ts';

export class ConsumerCalls implements Consumers {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  async list(name: string, given?: CallOptions): Promise<readonly ConsumerSummary[]> {
    const topic = checkedTopic('consumers.list', name);
    const options = checked<CallOptions>('consumers.list', given, callTable);
    const found: ConsumerSummary[] = [];
    for (let after = '', more = true; more; after = found.at(-1)?.id ?? '') {
      const call = { kind: 'list-consumers', topic, after } as const;
      const reply: Answer<'consumer-list'> = await request(this.#core, call, 'consumer-list', options);
      found.push(...reply.consumers);
      more = reply.more === true && reply.consumers.length > 0;
    }
    return found;
  }

  async describe(name: string, given: string, more?: CallOptions): Promise<ConsumerDescription | undefined> {
    const topic = checkedTopic('consumers.describe', name);
    const id = checkedValue('consumers.describe: id', given, consumerId) as string;
    const options = checked<CallOptions>('consumers.describe', more, callTable);
    const call = { kind: 'describe-consumer', topic, consumer: id } as const;
    try {
      const { over, lags } = await request(this.#core, call, 'consumer-detail', options);
      return { topic, id, over, lag: lags };
    } catch (error) {
      if (error instanceof CallboardError && error.code === 'consumer_not_registered') return undefined;
      throw error;
    }
  }
}
