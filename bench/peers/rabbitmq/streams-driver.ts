/**
 * Streams through rabbitmq-stream-js-client, in their own protocol. Each stream has a connection of its own, because the client
 * tells a confirmation to all publishers of a connection. Many records go as one sub-entry batch, which is confirmed as one.
 */
import { connect, Offset, type Client, type Publisher } from 'rabbitmq-stream-js-client';
import { creditsOnChunkCompleted } from 'rabbitmq-stream-js-client/dist/consumer_credit_policy.js';
import type { Address, Driver, DriverConsumer, DriverProducer, Sink } from '../../load/driver.ts';

const recordsPerFrame = 1_000;
/** Chunks that the server may send ahead. The client hands out the records of several chunks in turns: one keeps their order. */
const credits = 1;

export async function open(address: Address): Promise<Driver> {
  const [port] = address['stream'] as readonly number[];
  if (port === undefined) throw new Error('RabbitMQ has no stream port');
  const clients: Client[] = [];
  const newClient = async (): Promise<Client> => {
    const login = { username: 'guest', password: 'guest', vhost: '/' };
    const client = await connect({ hostname: '127.0.0.1', port, ...login });
    clients.push(client);
    return client;
  };
  const admin = await newClient();
  return {
    ordered: true,
    createTopic: async (topic, partitions) => {
      for (let partition = 0; partition < partitions; partition += 1) {
        const settings = { 'initial-cluster-size': 3, 'queue-leader-locator': 'least-leaders' } as const;
        await admin.createStream({ stream: streamOf(topic, partition), arguments: settings });
      }
    },
    producer: async (topic, partitions) => {
      const lanes = await Promise.all(
        Array.from({ length: partitions }, async (_, partition) => {
          const stream = streamOf(topic, partition);
          const declare = async (): Promise<Publisher> =>
            (await newClient()).declarePublisher({ stream, maxChunkLength: recordsPerFrame });
          return { singles: new Singles(await declare()), batches: new Batches(await declare()) };
        }),
      );
      return producerOf(lanes);
    },
    consume: async (topic, partitions, from, sink) => {
      const each = Array.from({ length: partitions }, async (_, partition) =>
        consumeOne(await newClient(), streamOf(topic, partition), from, sink),
      );
      const consumers = await Promise.all(each);
      return {
        close: async () => {
          await Promise.all(consumers.map((consumer) => consumer.close()));
        },
      };
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function streamOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

interface Lane {
  readonly singles: Singles;
  readonly batches: Batches;
}

function producerOf(lanes: readonly Lane[]): DriverProducer {
  const of = (partition: number): Lane => {
    const lane = lanes[partition];
    if (lane === undefined) throw new RangeError(`no partition ${partition}`);
    return lane;
  };
  return {
    send: (partition, value) => of(partition).singles.send(value),
    sendMany: (partition, values) => of(partition).batches.send(values),
    close: async () => undefined,
  };
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

function settle(waiting: Waiting | undefined, error: number | null): void {
  if (error === null) waiting?.resolve();
  else waiting?.reject(new Error(`the stream refused a record with code ${error}`));
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Records that the client gathers into frames; each has a publishing id and a confirmation. */
class Singles {
  readonly #publisher: Publisher;
  readonly #waiting = new Map<bigint, Waiting>();
  #next = 0n;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
    publisher.on('publish_confirm', (error, ids) => {
      for (const id of ids) {
        settle(this.#waiting.get(id), error);
        this.#waiting.delete(id);
      }
    });
  }

  send(value: Uint8Array): Promise<void> {
    this.#next += 1n;
    const id = this.#next;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#publisher.basicSend(id, bufferOf(value)).catch(reject);
    });
  }
}

/** The client gives all sub-entry batches of a publisher the same id; they are confirmed in the order in which they were sent. */
class Batches {
  readonly #publisher: Publisher;
  readonly #waiting: Waiting[] = [];

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
    publisher.on('publish_confirm', (error, ids) => {
      for (let left = ids.length; left > 0; left -= 1) settle(this.#waiting.shift(), error);
    });
  }

  send(values: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#publisher.sendSubEntries(values.map((value) => ({ content: bufferOf(value) }))).catch(reject);
    });
  }
}

async function consumeOne(
  client: Client,
  stream: string,
  from: 'earliest' | 'latest',
  sink: Sink,
): Promise<DriverConsumer> {
  const offset = from === 'earliest' ? Offset.first() : Offset.next();
  const creditPolicy = creditsOnChunkCompleted(credits, 1);
  const consumer = await client.declareConsumer({ stream, offset, creditPolicy }, ({ content }) =>
    sink(content),
  );
  return { close: () => consumer.close() };
}
