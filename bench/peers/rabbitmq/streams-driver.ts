/**
 * Streams through rabbitmq-stream-js-client, in their own protocol. Each stream has a connection of its own, because the client
 * tells a confirmation to all publishers of a connection. Not by sub-entry batches, which are confirmed as one: what was sent in them
 * could not be read back at more than some thousand records/s by this client.
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
          const client = await newClient();
          const stream = streamOf(topic, partition);
          return new Lane(await client.declarePublisher({ stream, maxChunkLength: recordsPerFrame }));
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

function producerOf(lanes: readonly Lane[]): DriverProducer {
  const of = (partition: number): Lane => {
    const lane = lanes[partition];
    if (lane === undefined) throw new RangeError(`no partition ${partition}`);
    return lane;
  };
  return {
    send: (partition, value) => of(partition).send(value),
    sendMany: async (partition, values) => {
      const lane = of(partition);
      await Promise.all(values.map((value) => lane.send(value)));
    },
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
class Lane {
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
