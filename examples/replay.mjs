// An event log: the same records give the state of any moment.
//
//   node examples/replay.mjs [URL]
import { connect } from '@callboard/client';

const [url = 'http://localhost:8080'] = process.argv.slice(2);
const topic = `account-${Date.now()}`;
const client = await connect(url);
await client.createTopic(topic, { partitions: 1 });

// Three hours of bookings, with the times at which they happened.
const start = Date.UTC(2026, 0, 1, 9);
const producer = client.producer(topic);
await producer.sendBatch(
  Array.from({ length: 180 }, (_, minute) => ({
    key: 'account-1',
    value: { minute, amount: minute % 10 === 0 ? -5 : 1 },
    timestamp: start + minute * 60_000,
  })),
);

/** Sums up what happened from one moment until another; `from` is found by time, the log is not read from its beginning. */
async function sum(from, until) {
  const consumer = client.consumer(topic, { from: { time: from } });
  let total = 0;
  let records = 0;
  for await (const record of consumer) {
    if (record.timestamp.getTime() < until) {
      total += record.json().amount;
      records += 1;
    }
    // The last record of the log is known: nothing more comes in this example.
    if (record.timestamp.getTime() >= until || record.offset === 179) break;
  }
  return `${total} in ${records} records`;
}

const hour = 60 * 60_000;
console.log(`first hour: ${await sum(start, start + hour)}`);
console.log(`last hour: ${await sum(start + 2 * hour, start + 3 * hour)}`);
console.log(`all of it: ${await sum(start, start + 3 * hour)}`);
await client.close();
