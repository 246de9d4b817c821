// weight: heavy
// timeout: 300 s
/** One node of three killed or paused: writes go on, and everything acknowledged is there once. */
import { suite } from 'uvu';
import { withLastWords, type Cluster } from '../lib/cluster.ts';
import { full, inFullRuns } from '../lib/effort.ts';
import { Ledger } from '../lib/ledger.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';
import type { Writer } from '../lib/writer.ts';

const test = suite('faults of one node');
/** More partitions than nodes: each node leads some of them, so each fault hits a leader. */
const PARTITIONS = 6;

const sharedCluster = onSharedCluster(test);

async function underLoad(
  topic: string,
  act: (cluster: Cluster, ledger: Ledger, writers: readonly Writer[]) => Promise<void>,
): Promise<void> {
  await withLastWords(sharedCluster(), async (cluster) => {
    await cluster.api(0).createTopic(topic, PARTITIONS);
    const ledger = new Ledger(topic, PARTITIONS);
    const writers = startWriters(cluster.apis, ledger);
    await untilAllAcknowledge(ledger, writers, 10);
    await act(cluster, ledger, writers);
    await untilAllAcknowledge(ledger, writers, 10);
    await Promise.all(writers.map((writer) => writer.stop()));
    await ledger.verify(cluster.apis);
  });
}

test(full ? 'each node in turn is killed and comes back' : 'a node is killed and comes back', async () => {
  await underLoad('one-killed', async (cluster, ledger, writers) => {
    for (const node of full ? cluster.nodes : cluster.nodes.slice(0, 1)) {
      await node.kill('SIGKILL');
      await untilAllAcknowledge(ledger, writers, 20);
      node.start();
      await node.ready();
    }
  });
});

inFullRuns(test)('a node is paused for longer than an election takes', async () => {
  await underLoad('one-paused', async (cluster, ledger, writers) => {
    const node = cluster.node(1);
    node.signal('SIGSTOP');
    // The partitions that it led acknowledge again: so there was an election while it slept.
    await untilAllAcknowledge(ledger, writers, 20);
    node.signal('SIGCONT');
    await node.ready();
  });
});

test.run();
