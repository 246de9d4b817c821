/**
 * Kafka through @platformatic/kafka, which has no linger: what its user sends in one call is one request. Whatever waits while
 * a request of its partition is out is therefore put into one call here, as a linger would.
 */
import { Admin, Consumer, Producer, MessagesStreamModes } from '@platformatic/kafka';
import type { Address, Driver, DriverProducer } from '../../load/driver.ts';
import { Linger } from '../lib/linger.ts';

const acksAll = -1;
const requestMs = 30_000;
/** Of one fetch: all partitions together. */
const fetchBytes = 10 << 20;
const fetchBytesPerPartition = 2 << 20;
const fetchWaitMs = 100;
const bufferedRecords = 10_000;

export async function open(address: Address): Promise<Driver> {
  const bootstrapBrokers = [...(address['brokers'] as readonly string[])];
  const base = { clientId: 'bench', bootstrapBrokers, requestTimeout: requestMs };
  const admin = new Admin(base);
  return {
    ordered: true,
    createTopic: async (topic, partitions) => {
      await admin.createTopics({ topics: [topic], partitions, replicas: 3 });
      await admin.metadata({ topics: [topic], forceUpdate: true });
    },
    producer: async (topic, partitions) => producerOf(new Producer(base), topic, partitions),
    consume: async (topic, _partitions, from, sink) => {
      const groupId = `${topic}-${process.pid}-${Math.random().toString(36).slice(2)}`;
      const consumer = new Consumer({ ...base, groupId });
      const stream = await consumer.consume({
        topics: [topic],
        mode: from === 'earliest' ? MessagesStreamModes.EARLIEST : MessagesStreamModes.LATEST,
        autocommit: false,
        maxBytes: fetchBytes,
        maxBytesPerPartition: fetchBytesPerPartition,
        maxWaitTime: fetchWaitMs,
        highWaterMark: bufferedRecords,
      });
      stream.on('data', ({ value }) => sink(value));
      return {
        close: async () => {
          await consumer.close(true);
        },
      };
    },
    close: () => admin.close(),
  };
}

function producerOf(producer: Producer, topic: string, partitions: number): DriverProducer {
  const write = async (partition: number, values: readonly Uint8Array[]): Promise<void> => {
    const messages = values.map(({ buffer, byteOffset, byteLength }) => ({
      topic,
      partition,
      value: Buffer.from(buffer, byteOffset, byteLength),
    }));
    await producer.send({ acks: acksAll, messages });
  };
  const lingers = Array.from(
    { length: partitions },
    (_, partition) => new Linger((values) => write(partition, values)),
  );
  const send = (partition: number, values: readonly Uint8Array[]): Promise<void> => {
    const linger = lingers[partition];
    if (linger === undefined) throw new RangeError(`no partition ${partition}`);
    return linger.add(values);
  };
  return {
    send: (partition, value) => send(partition, [value]),
    sendMany: send,
    close: () => producer.close(),
  };
}
