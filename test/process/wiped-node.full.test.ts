// weight: heavy
// timeout: 240 s
/**
 * A node that comes back with an empty disk under its old name has forgotten its votes and acks (B58): it must not count as the
 * one that gave them, or two nodes of three could agree on what the third contradicts.
 */
import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withLastWords } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('a node with an empty disk');
const PARTITIONS = 3;

const sharedCluster = onSharedCluster(test);

test('is no voter: the others go on without it, and none of them alone with it', async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    const topic = 'wiped';
    const [first, second, wiped] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    const sound = [first.api, second.api];
    await first.api.createTopic(topic, PARTITIONS);
    const ledger = new Ledger(topic, PARTITIONS);
    const writers = startWriters(sound, ledger);
    await untilAllAcknowledge(ledger, writers, 5);

    await wiped.kill('SIGKILL');
    rmSync(wiped.directory, { recursive: true });
    wiped.start();
    await untilAllAcknowledge(ledger, writers, 10);
    await Promise.all(writers.map((writer) => writer.stop()));
    const producer = await first.api.registerProducer(topic);

    await second.kill('SIGKILL');
    await eventually('the wiped node serves its status', async () => {
      return (await wiped.api.call('GET', '/status')).status === 200;
    });
    const attempts = Array.from({ length: 2 * PARTITIONS }, (_, at) => {
      const value = `alone-${at}`;
      ledger.sent(value);
      const api = at < PARTITIONS ? first.api : wiped.api;
      return api.tryProduce({ topic, producer, message: value, partition: at % PARTITIONS });
    });
    for (const answer of await Promise.all(attempts)) {
      assert.is.not(answer.status, 200, `acknowledged by one copy: ${JSON.stringify(answer.body)}`);
    }

    second.start();
    await second.ready();
    await ledger.verify(sound);
  });
});

test.run();
