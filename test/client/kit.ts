/** What tests of the client share. */
import { CallboardError, connect, type Client, type ConnectOptions } from '@callboard/client';
import { chunkHeaderBytes, decodeRecords } from '@callboard/client/protocol';
import { withFakes, type FakeCluster } from './fake-cluster.ts';

const decoder = new TextDecoder();

/** The values that a partition of the fake cluster holds, in order. */
export function valuesOf(cluster: FakeCluster, topic: string, partition: number): string[] {
  return cluster
    .partition(topic, partition)
    .chunks.flatMap(({ bytes, count }) =>
      decodeRecords(bytes.subarray(chunkHeaderBytes), count).map(({ value }) => decoder.decode(value)),
    );
}

/** Runs a test with a client of a fake cluster; both are gone afterwards. */
export async function withClient(
  nodes: number,
  run: (client: Client, cluster: FakeCluster) => Promise<void>,
  options: ConnectOptions = {},
): Promise<void> {
  await withFakes(nodes, async (cluster) => {
    await using client = await connect(cluster.urls, options);
    await run(client, cluster);
  });
}

/** The error that a promise was rejected with. */
export async function rejected(promise: Promise<unknown>): Promise<CallboardError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CallboardError) return error;
    throw error;
  }
  throw new Error('the promise was not rejected');
}

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

/** Stores `count` numbered records in one partition, in chunks of about `each`. */
export async function fill(
  client: Client,
  topic: string,
  partition: number,
  count: number,
  each = 10,
): Promise<void> {
  await using producer = client.producer(topic);
  const values = numbers(count);
  for (let at = 0; at < count; at += each) {
    await producer.sendBatch(values.slice(at, at + each).map((value) => ({ value, partition })));
  }
}
