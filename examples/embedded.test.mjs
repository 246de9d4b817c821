// A test with a broker inside its own process: no set-up, no port to choose, nothing left behind.
//
//   npx uvu examples embedded.test.mjs
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { startBroker } from 'callboard';

let broker;
let client;
test.before(async () => {
  broker = await startBroker();
  client = await connect(broker.url);
});
test.after(async () => {
  await client?.close();
  await broker?.close();
});

test('what is sent is received, in order', async () => {
  await client.createTopic('letters', { partitions: 1 });
  await client.producer('letters').sendBatch(['a', 'b', 'c'].map((value) => ({ value })));

  const received = [];
  for await (const record of client.consumer('letters', { from: 'earliest' })) {
    received.push(record.text());
    if (received.length === 3) break;
  }
  assert.equal(received, ['a', 'b', 'c']);
});

test.run();
