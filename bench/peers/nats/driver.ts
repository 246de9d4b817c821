/**
 * JetStream through @nats-io/jetstream. A send is acknowledged by the stream's leader when a majority has it; many records go
 * as an atomic batch, which has one acknowledgement for all.
 */
import {
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
  type JetStreamClient,
} from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Address, Driver, DriverConsumer, DriverProducer, Sink } from '../../load/driver.ts';

const publishMs = 30_000;
/** The server's own limit. */
const recordsPerBatch = 1_000;

export async function open(address: Address): Promise<Driver> {
  // The client makes an error, with its trace, for each request that is answered: without traces it is four times as fast.
  Error.stackTraceLimit = 0;
  const connection: NatsConnection = await connect({
    servers: [...(address['servers'] as readonly string[])],
    noAsyncTraces: true,
  });
  const manager = await jetstreamManager(connection, { timeout: publishMs });
  const client = jetstream(connection, { timeout: publishMs });
  return {
    ordered: true,
    createTopic: async (name, partitions) => {
      for (let partition = 0; partition < partitions; partition += 1) {
        const stream = streamOf(name, partition);
        await manager.streams.add({
          name: stream,
          subjects: [stream],
          num_replicas: 3,
          storage: StorageType.File,
          allow_atomic: true,
        });
      }
    },
    producer: async (topic) => producerOf(client, topic),
    consume: async (topic, partitions, from, sink) => {
      const each = Array.from({ length: partitions }, (_, p) =>
        consumeOne(client, streamOf(topic, p), from, sink),
      );
      const consumers = await Promise.all(each);
      return {
        close: async () => {
          await Promise.all(consumers.map((consumer) => consumer.close()));
        },
      };
    },
    close: () => connection.close(),
  };
}

function streamOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

function producerOf(client: JetStreamClient, topic: string): DriverProducer {
  const publish = async (partition: number, value: Uint8Array): Promise<void> => {
    await client.publish(streamOf(topic, partition), value, { timeout: publishMs });
  };
  return {
    send: publish,
    sendMany: async (partition, values) => {
      for (let from = 0; from < values.length; from += recordsPerBatch) {
        await publishBatch(client, streamOf(topic, partition), values.slice(from, from + recordsPerBatch));
      }
    },
    close: async () => undefined,
  };
}

async function publishBatch(
  client: JetStreamClient,
  subject: string,
  values: readonly Uint8Array[],
): Promise<void> {
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined || values.length === 1) {
    if (first !== undefined) await client.publish(subject, first, { timeout: publishMs });
    return;
  }
  const batch = await client.startBatch(subject, first, { timeout: publishMs });
  for (const value of values.slice(1, -1)) batch.add(subject, value);
  const { count } = await batch.commit(subject, last, { timeout: publishMs });
  if (count !== values.length) throw new Error(`a batch of ${values.length} was stored as ${count}`);
}

/** An ordered consumer: no acknowledgements, gaps noticed and repaired by the client. */
async function consumeOne(
  client: JetStreamClient,
  stream: string,
  from: 'earliest' | 'latest',
  sink: Sink,
): Promise<DriverConsumer> {
  const deliver_policy = from === 'earliest' ? DeliverPolicy.All : DeliverPolicy.New;
  const consumer = await client.consumers.get(stream, { deliver_policy });
  const messages = await consumer.consume({ max_messages: 5_000, callback: (message) => sink(message.data) });
  return {
    close: async () => {
      await messages.close();
    },
  };
}
