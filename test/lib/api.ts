/** The HTTP contract as a client sees it: keep-alive, JSON bodies on GET too, and every lost answer told as such. */
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';

export interface Answer {
  /** 0 if no answer came: the connection was refused or broke, or the call took too long. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Produced {
  readonly partition: number;
  readonly offset: number;
}

export interface ProduceFields {
  readonly topic: string;
  readonly producer: string;
  readonly message: string;
  readonly partition?: number;
  readonly sequence?: number;
}

export interface ConsumeFields {
  readonly topic: string;
  readonly consumer: string;
  readonly partition?: number;
}

/** `failed` with `outcome: 'unknown'` may have taken a record: then it is given again (S11). */
export type Consumed =
  | { readonly kind: 'record'; readonly message: string; readonly partition: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly outcome: string; readonly answer: Answer };

/** A node answers within 5 s; this is for one that has stopped answering at all. */
const CALL_MS = 7_000;
const CONNECT_MS = 3_000;
const NOTHING_TO_READ: readonly unknown[] = [
  'No messages to read from this partition',
  'No new messages to read on any partition',
];

export function describeAnswer({ status, body }: Answer): string {
  return status === 0 ? `no answer (${String(body['message'])})` : `${status} ${JSON.stringify(body)}`;
}

export class Api {
  readonly base: string;
  readonly #pool: Pool;

  constructor(base: string, connections: number = 64) {
    this.base = base;
    const connect = { timeout: CONNECT_MS };
    this.#pool = new Pool(base, { connections, connect, headersTimeout: CALL_MS, bodyTimeout: CALL_MS });
  }

  async call(method: Dispatcher.HttpMethod, path: string, body?: object): Promise<Answer> {
    try {
      const response = await this.#pool.request({
        method,
        path,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.body.text();
      return { status: response.statusCode, body: parseBody(text) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return {
        status: 0,
        body: { message, code: 'no_answer', outcome: wasSent(error) ? 'unknown' : 'not_applied' },
      };
    }
  }

  /** The body of a call that must succeed. */
  async expect(method: Dispatcher.HttpMethod, path: string, body?: object): Promise<Answer['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status === 200) return answer.body;
    throw new Error(`${method} ${this.base}${path} ${JSON.stringify(body)}: ${describeAnswer(answer)}`);
  }

  async isReady(): Promise<boolean> {
    return (await this.call('GET', '/readyz')).status === 200;
  }

  async topics(): Promise<readonly unknown[]> {
    const { topics } = await this.expect('GET', '/topics');
    return Array.isArray(topics) ? topics : [];
  }

  async createTopic(name: string, partitions: number): Promise<void> {
    await this.expect('POST', '/topics', { name, number_of_partitions: partitions });
  }

  async registerProducer(topic: string): Promise<string> {
    return String((await this.expect('POST', '/producer/register', { topic }))['producer_id']);
  }

  async registerConsumer(topic: string): Promise<string> {
    return String((await this.expect('POST', '/consumer/register', { topic }))['consumer_id']);
  }

  tryProduce({ topic, producer, message, partition, sequence }: ProduceFields): Promise<Answer> {
    const body = { topic, producer_id: producer, message, partition_index: partition, sequence };
    return this.call('POST', '/producer/produce', body);
  }

  async produce(fields: ProduceFields): Promise<Produced> {
    const answer = await this.tryProduce(fields);
    if (answer.status !== 200) {
      throw new Error(`produce ${JSON.stringify(fields)}: ${describeAnswer(answer)}`);
    }
    return producedOf(answer);
  }

  async consume({ topic, consumer, partition }: ConsumeFields): Promise<Consumed> {
    const body = { topic, consumer_id: consumer, partition_index: partition };
    const answer = await this.call('GET', '/consumer/consume', body);
    if (answer.status === 200) {
      const { message, partition_read: read } = answer.body;
      return { kind: 'record', message: String(message), partition: Number(read) };
    }
    if (NOTHING_TO_READ.includes(answer.body['message'])) return { kind: 'empty' };
    const { outcome } = answer.body;
    return { kind: 'failed', outcome: typeof outcome === 'string' ? outcome : 'unknown', answer };
  }

  /** Unread records per partition. */
  async sizes({ topic, consumer, partition }: ConsumeFields): Promise<ReadonlyMap<number, number>> {
    const body = { topic, consumer_id: consumer, partition_index: partition };
    const { sizes } = await this.expect('GET', '/size', body);
    const entries = Array.isArray(sizes) ? (sizes as readonly Record<string, unknown>[]) : [];
    return new Map(entries.map((entry) => [Number(entry['partition_number']), Number(entry['size'])]));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** A call that never found a connection did nothing. */
function wasSent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code !== 'ECONNREFUSED' && code !== 'UND_ERR_CONNECT_TIMEOUT';
}

export function producedOf({ body }: Answer): Produced {
  return { partition: Number(body['partition']), offset: Number(body['offset']) };
}

function parseBody(text: string): Answer['body'] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Answer['body'];
  } catch {
    // Not JSON: told with the text itself.
  }
  return { text };
}
