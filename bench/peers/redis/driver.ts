/**
 * Redis Streams through ioredis. WAIT holds up its whole connection, so each partition has one of its own, and what is sent
 * while a WAIT is out travels together in the next pipeline: the best that a client can do with it.
 */
import { Redis } from 'ioredis';
import type { Address, Driver, DriverProducer, Sink } from '../../load/driver.ts';
import { Linger } from '../lib/linger.ts';

const waitMs = 10_000;
const readCount = 2_000;
const blockMs = 200;
const field = 'v';

export async function open(address: Address): Promise<Driver> {
  const port = address['port'] as number;
  const connections: Redis[] = [];
  const connection = (): Redis => {
    const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0 });
    connections.push(redis);
    return redis;
  };
  return {
    ordered: true,
    createTopic: async () => undefined,
    producer: async (topic, partitions): Promise<DriverProducer> => {
      const lanes = Array.from({ length: partitions }, (_, p) => {
        const redis = connection();
        return new Linger((values) => write(redis, keyOf(topic, p), values));
      });
      return {
        send: (partition, value) => laneOf(lanes, partition).add([value]),
        sendMany: (partition, values) => laneOf(lanes, partition).add(values),
        close: async () => undefined,
      };
    },
    consume: async (topic, partitions, from, sink) => {
      let reading = true;
      const loops = Array.from({ length: partitions }, (_, p) =>
        read(connection(), keyOf(topic, p), from === 'earliest' ? '0' : '$', sink, () => reading),
      );
      return {
        close: async () => {
          reading = false;
          await Promise.all(loops);
        },
      };
    },
    close: async () => {
      for (const redis of connections) redis.disconnect();
    },
  };
}

function keyOf(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}

function laneOf(lanes: readonly Linger[], partition: number): Linger {
  const lane = lanes[partition];
  if (lane === undefined) throw new RangeError(`no partition ${partition}`);
  return lane;
}

async function write(redis: Redis, key: string, values: readonly Uint8Array[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { buffer, byteOffset, length } of values)
    pipeline.xadd(key, '*', field, Buffer.from(buffer, byteOffset, length));
  pipeline.wait(1, waitMs);
  const answers = (await pipeline.exec()) ?? [];
  const failed = answers.find(([error]) => error !== null);
  if (failed !== undefined) throw failed[0];
  const replicas = answers.at(-1)?.[1];
  if (typeof replicas !== 'number' || replicas < 1)
    throw new Error(`WAIT 1 was answered with ${String(replicas)}`);
}

type Entries = readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[]])[]])[];

async function read(
  redis: Redis,
  key: string,
  from: string,
  sink: Sink,
  reading: () => boolean,
): Promise<void> {
  let after = from;
  while (reading()) {
    const answer = (await redis.xreadBuffer(
      'COUNT',
      readCount,
      'BLOCK',
      blockMs,
      'STREAMS',
      key,
      after,
    )) as Entries | null;
    for (const [id, fields] of answer?.[0]?.[1] ?? []) {
      after = id.toString('latin1');
      const value = fields[1];
      if (value !== undefined) sink(value);
    }
  }
}
