/** A process that consumes and, at one record, does nothing else for a long while: its event loop is blocked. */
import { connect, type ClientStatus } from '@callboard/client';

export interface StallOrder {
  readonly urls: readonly string[];
  readonly topic: string;
  readonly id: string;
  readonly total: number;
  readonly stallAt: number;
  readonly stallMs: number;
}

export interface StallNews {
  readonly seen: readonly { readonly partition: number; readonly offset: number }[];
  readonly statuses: readonly ClientStatus[];
  readonly stalledMs: number;
}

const { urls, topic, id, total, stallAt, stallMs } = JSON.parse(process.argv[2] ?? '') as StallOrder;
const statuses: ClientStatus[] = [];
const client = await connect(urls, { onStatus: (status) => statuses.push(status) });
const consumer = client.consumer(topic, { id, credit: { records: 500 } });
const seen: { partition: number; offset: number }[] = [];
let stalledMs = 0;
for await (const record of consumer) {
  seen.push({ partition: record.partition, offset: record.offset });
  void record.ack();
  if (seen.length === stallAt) {
    const start = performance.now();
    while (stalledMs < stallMs) stalledMs = performance.now() - start;
  }
  if (seen.length === total) break;
}
await consumer.close();
const news: StallNews = { seen, statuses: [...statuses], stalledMs };
await client.close();
process.send?.(news);
process.disconnect();
