/**
 * Queues of a type through rabbitmq-client (AMQP 0.9.1) with publisher confirms, one queue per partition. Reading takes records
 * away from a quorum queue, not from a stream.
 */
import { Connection, ConsumerStatus } from 'rabbitmq-client';
import type { Address, Driver, DriverProducer } from '../../load/driver.ts';

const prefetch = 1_000;
type QueueType = 'quorum' | 'stream';

/** `queueType`: 'quorum' or 'stream'. */
export async function openQueues(address: Address, queueType: QueueType): Promise<Driver> {
  const ports = address['amqp'] as readonly number[];
  const hosts = ports.map((port) => `127.0.0.1:${port}`);
  const connection = new Connection({ hosts, username: 'guest', password: 'guest' });
  await new Promise<void>((resolve, reject) => {
    connection.once('connection', resolve);
    connection.once('error', reject);
  });
  return {
    ordered: true,
    createTopic: async (topic, partitions) => {
      for (let partition = 0; partition < partitions; partition += 1) {
        const queue = queueOf(topic, partition);
        const size = queueType === 'quorum' ? 'x-quorum-initial-group-size' : 'x-initial-cluster-size';
        const args = { 'x-queue-type': queueType, [size]: 3 };
        await connection.queueDeclare({ queue, durable: true, arguments: args });
      }
    },
    producer: async (topic): Promise<DriverProducer> => {
      const publisher = connection.createPublisher({ confirm: true, maxAttempts: 1 });
      const send = (partition: number, value: Uint8Array): Promise<void> =>
        publisher.send(
          { routingKey: queueOf(topic, partition), durable: true },
          Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        );
      return {
        send,
        sendMany: async (partition, values) => {
          await Promise.all(values.map((value) => send(partition, value)));
        },
        close: () => publisher.close(),
      };
    },
    consume: async (topic, partitions, from, sink) => {
      const each = Array.from({ length: partitions }, async (_, partition) => {
        const consumer = connection.createConsumer(
          {
            queue: queueOf(topic, partition),
            queueOptions: { passive: true },
            qos: { prefetchCount: prefetch },
            ...(queueType === 'stream'
              ? { arguments: { 'x-stream-offset': from === 'earliest' ? 'first' : 'next' } }
              : {}),
          },
          ({ body }) => {
            sink(body as Uint8Array);
            return ConsumerStatus.ACK;
          },
        );
        await new Promise<void>((resolve) => consumer.once('ready', resolve));
        return consumer;
      });
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

function queueOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
