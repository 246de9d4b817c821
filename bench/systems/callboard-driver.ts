/** Callboard by its client library. */
import { connect, type Client } from '@callboard/client';
import type { Address, Driver, DriverProducer, Sink } from '../load/driver.ts';

export async function open(address: Address): Promise<Driver> {
  const client: Client = await connect(address['urls'] as readonly string[]);
  const storage = address['storage'] === 'memory' ? 'memory' : 'disk';
  return {
    ordered: true,
    createTopic: (name, partitions) => client.createTopic(name, { partitions, storage, ifNotExists: true }),
    producer: async (topic): Promise<DriverProducer> => {
      const producer = client.producer(topic);
      return {
        send: async (partition, value) => {
          await producer.send({ partition, value });
        },
        sendMany: async (partition, values) => {
          await producer.sendBatch(values.map((value) => ({ partition, value })));
        },
        close: () => producer.close(),
      };
    },
    consume: async (topic, _partitions, from, sink) => {
      const consumer = client.consumer(topic, { from });
      const reading = read(consumer.batches(), sink);
      return {
        close: async () => {
          await consumer.close();
          await reading;
        },
      };
    },
    close: () => client.close(),
  };
}

async function read(
  batches: AsyncIterable<{ readonly records: readonly { readonly value: Uint8Array }[] }>,
  sink: Sink,
): Promise<void> {
  for await (const batch of batches) for (const record of batch.records) sink(record.value);
}
