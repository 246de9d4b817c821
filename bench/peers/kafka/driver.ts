/**
 * Kafka through kafkajs, which has no linger: what its user sends in one call is one request. Sends of single records that
 * wait while a request of their partition is out are therefore put into one call here, as a linger would.
 */
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type { Address, Driver, DriverProducer } from '../../load/driver.ts';
import { Linger } from '../lib/linger.ts';

const requestMs = 30_000;

export async function open(address: Address): Promise<Driver> {
  const brokers = [...(address['brokers'] as readonly string[])];
  const kafka = new Kafka({
    clientId: 'bench',
    brokers,
    requestTimeout: requestMs,
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  return {
    ordered: true,
    createTopic: async (topic, partitions) => {
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: partitions, replicationFactor: 3 }],
      });
    },
    producer: async (topic, partitions) => {
      const producer = kafka.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      return producerOf(producer, topic, partitions);
    },
    consume: async (topic, _partitions, from, sink) => {
      const groupId = `${topic}-${process.pid}-${Math.random().toString(36).slice(2)}`;
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, minBytes: 1 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: from === 'earliest' });
      const joined = new Promise<void>((resolve) => {
        consumer.on(consumer.events.GROUP_JOIN, () => resolve());
      });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 6,
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          for (const { value } of batch.messages) if (value !== null) sink(value);
        },
      });
      await joined;
      return { close: () => consumer.disconnect() };
    },
    close: () => admin.disconnect(),
  };
}

function producerOf(producer: Producer, topic: string, partitions: number): DriverProducer {
  const write = async (partition: number, values: readonly Uint8Array[]): Promise<void> => {
    const messages = values.map((value) => ({
      partition,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    }));
    await producer.send({ topic, acks: -1, timeout: requestMs, messages });
  };
  const lingers = Array.from(
    { length: partitions },
    (_, partition) => new Linger((values) => write(partition, values)),
  );
  return {
    send: (partition, value) => {
      const linger = lingers[partition];
      if (linger === undefined) throw new RangeError(`no partition ${partition}`);
      return linger.add([value]);
    },
    sendMany: write,
    close: () => producer.disconnect(),
  };
}
