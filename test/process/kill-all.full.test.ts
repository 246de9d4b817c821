// weight: heavy
// timeout: 300 s
/** All nodes killed at once, under load: whatever was acknowledged is there once, where it was said to be. */
import { suite } from 'uvu';
import { withLastWords } from '../lib/cluster.ts';
import { Ledger } from '../lib/ledger.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('all nodes killed at once');
const KILLS = 10;
const PARTITIONS = 4;

const sharedCluster = onSharedCluster(test);

test(`loses nothing and repeats nothing, kills in a row: ${KILLS}`, async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    await cluster.api(0).createTopic('killed', PARTITIONS);
    const ledger = new Ledger('killed', PARTITIONS);
    const writers = startWriters(cluster.apis, ledger);
    for (let round = 0; round < KILLS; round += 1) {
      await untilAllAcknowledge(ledger, writers, 25);
      await cluster.killAll('SIGKILL');
      cluster.startAll();
      await cluster.ready();
    }
    await untilAllAcknowledge(ledger, writers, 20);
    await Promise.all(writers.map((writer) => writer.stop()));
    await ledger.verify(cluster.apis);
  });
});

test.run();
