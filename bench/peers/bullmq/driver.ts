/** BullMQ through its own library. A job carries its record as base64 in JSON, as jobs do; working on one takes it away. */
import { Queue, Worker } from 'bullmq';
import type { Address, Driver, DriverProducer } from '../../load/driver.ts';

const concurrency = 200;
const settings = { removeOnComplete: true, removeOnFail: true };

interface Payload {
  readonly data: string;
}

export async function open(address: Address): Promise<Driver> {
  const connection = { host: '127.0.0.1', port: address['port'] as number };
  const queues: Queue<Payload>[] = [];
  return {
    // With more than one job at a time there is no order.
    ordered: false,
    createTopic: async () => undefined,
    producer: async (topic, partitions): Promise<DriverProducer> => {
      const own = Array.from(
        { length: partitions },
        (_, partition) =>
          new Queue<Payload>(queueOf(topic, partition), { connection, defaultJobOptions: settings }),
      );
      queues.push(...own);
      const of = (partition: number): Queue<Payload> => {
        const queue = own[partition];
        if (queue === undefined) throw new RangeError(`no partition ${partition}`);
        return queue;
      };
      return {
        send: async (partition, value) => {
          await of(partition).add('record', payload(value));
        },
        sendMany: async (partition, values) => {
          await of(partition).addBulk(values.map((value) => ({ name: 'record', data: payload(value) })));
        },
        close: async () => undefined,
      };
    },
    consume: async (topic, partitions, _from, sink) => {
      const workers = Array.from(
        { length: partitions },
        (_, partition) =>
          new Worker<Payload>(
            queueOf(topic, partition),
            async ({ data }) => sink(Buffer.from(data.data, 'base64')),
            { connection, concurrency },
          ),
      );
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      return {
        close: async () => {
          await Promise.all(workers.map((worker) => worker.close()));
        },
      };
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

function queueOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

function payload(value: Uint8Array): Payload {
  return { data: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}
