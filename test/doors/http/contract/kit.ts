/** What the cases of the contract share: calls that go round the nodes, and expectations to the letter. */
import { randomBytes } from 'node:crypto';
import * as assert from 'uvu/assert';
import { raw, send } from '../client.ts';
import type { Answer, Sending } from '../client.ts';

export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface ContractOptions {
  /** All brokers of the cluster. Without them the cases that deactivate every broker are left out. */
  readonly brokers?: readonly string[];
  /** A proxy in front refuses by itself what is no path at all. */
  readonly proxied?: boolean;
}

export const invalidJson = 'Please send valid JSON data with request.';

export class Client {
  readonly adminToken: string;
  readonly #base: () => string[];
  #turn = 0;

  constructor(base: () => string[], adminToken: string) {
    this.#base = base;
    this.adminToken = adminToken;
  }

  get bases(): readonly string[] {
    return this.#base();
  }

  /** The next node in turn. */
  next(): string {
    this.#turn += 1;
    return this.node(this.#turn);
  }

  node(index: number): string {
    const bases = this.#base();
    const base = bases[index % bases.length];
    if (base === undefined) throw new Error('there are no nodes to call');
    return base;
  }

  call(method: string, path: string, body?: Sending['body'], headers?: Sending['headers']): Promise<Answer> {
    return this.at(this.next(), method, path, body, headers);
  }

  at(
    base: string,
    method: string,
    path: string,
    body?: Sending['body'],
    headers?: Sending['headers'],
  ): Promise<Answer> {
    return send(base, {
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers }),
    });
  }

  raw(...parts: readonly (string | Buffer)[]): Promise<string> {
    return raw(this.next(), ...parts);
  }

  /** A fresh topic with a producer and a consumer, each made at another node. */
  async topic(partitions = 2): Promise<Made> {
    const topic = freshName();
    success(await this.call('POST', '/topics', { name: topic, number_of_partitions: partitions }));
    return { topic, producer: await this.producer(topic), consumer: await this.consumer(topic) };
  }

  async producer(topic: string): Promise<string> {
    const { body } = success(await this.call('POST', '/producer/register', { topic }));
    return String(body['producer_id']);
  }

  async consumer(topic: string): Promise<string> {
    const { body } = success(await this.call('POST', '/consumer/register', { topic }));
    return String(body['consumer_id']);
  }

  produce(made: Made, message: string, more: object = {}, base: string = this.next()): Promise<Answer> {
    const fields = { topic: made.topic, producer_id: made.producer, message, ...more };
    return this.at(base, 'POST', '/producer/produce', fields);
  }

  consume(made: Made, more: object = {}, base: string = this.next()): Promise<Answer> {
    const fields = { topic: made.topic, consumer_id: made.consumer, ...more };
    return this.at(base, 'GET', '/consumer/consume', fields);
  }

  size(made: Made, more: object = {}): Promise<Answer> {
    return this.call('GET', '/size', { topic: made.topic, consumer_id: made.consumer, ...more });
  }

  admin(action: string, broker: string, token: string = this.adminToken): Promise<Answer> {
    return this.call('POST', `/admin/broker/${action}`, { broker_host: broker, token });
  }
}

export interface Made {
  readonly topic: string;
  readonly producer: string;
  readonly consumer: string;
}

export function freshName(): string {
  return `contract-${randomBytes(6).toString('hex')}`;
}

export function success(answer: Answer): Answer {
  assert.is(answer.status, 200, answer.text);
  assert.is(answer.body['status'], 'success', answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  return answer;
}

export function failure(answer: Answer, message: string, code?: string): Answer {
  assert.is(answer.status, 400, answer.text);
  assert.is(answer.body['status'], 'failure', answer.text);
  assert.is(answer.body['message'], message, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  assert.type(answer.body['code'], 'string', answer.text);
  assert.ok(['not_applied', 'unknown', 'applied'].includes(String(answer.body['outcome'])), answer.text);
  if (code !== undefined) assert.is(answer.body['code'], code, answer.text);
  return answer;
}

/** A failure whose text is the house's own: only its code is fixed. */
export function failureOf(answer: Answer, code: string, status = 400): Answer {
  assert.is(answer.status, status, answer.text);
  assert.is(answer.body['status'], 'failure', answer.text);
  assert.is(answer.body['code'], code, answer.text);
  assert.ok(String(answer.body['message']).length > 20, answer.text);
  return answer;
}
