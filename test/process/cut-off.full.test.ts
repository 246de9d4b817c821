// weight: heavy
// timeout: 300 s
/** One node of three cut off from the others, both ways and one way: writes go on, and nothing acknowledged is lost. */
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { Cluster, withCluster } from '../lib/cluster.ts';
import { Ledger } from '../lib/ledger.ts';
import { Network, canIsolate, isIsolated, runIsolated } from '../lib/namespaces.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('a minority cut off');
const PARTITIONS = 3;
const NODES = [0, 1, 2];

interface Fault {
  readonly topic: string;
  readonly begin: () => void;
  readonly end: () => void;
}

async function underFault(cluster: Cluster, { topic, begin, end }: Fault): Promise<void> {
  await cluster.api(0).createTopic(topic, PARTITIONS);
  const ledger = new Ledger(topic, PARTITIONS);
  const writers = startWriters(cluster.apis, ledger);
  await untilAllAcknowledge(ledger, writers, 5);
  begin();
  await untilAllAcknowledge(ledger, writers, 20);
  end();
  await cluster.ready();
  await untilAllAcknowledge(ledger, writers, 5);
  await Promise.all(writers.map((writer) => writer.stop()));
  await ledger.verify(cluster.apis);
}

async function withNetwork(run: (cluster: Cluster, network: Network) => Promise<void>): Promise<void> {
  const network = new Network();
  const endpoints = network.endpoints(NODES.length);
  const cluster = await Cluster.prepare({ endpoints, prefix: (node) => network.prefix(node) });
  try {
    cluster.startAll();
    for (const node of NODES) await network.attach(node, cluster.node(node).child.pid);
    await cluster.ready();
    await run(cluster, network);
  } finally {
    await cluster.destroy();
  }
}

if (isIsolated()) {
  test('a node each: without any connection, unable to hear, unable to speak', async () => {
    await withNetwork(async (cluster, network) => {
      await underFault(cluster, { topic: 'cut', begin: () => network.cut(0), end: () => network.heal(0) });
      // The clients still reach it, and it must not tell them what it can no longer know.
      await underFault(cluster, {
        topic: 'deaf',
        begin: () => [0, 2].forEach((other) => network.cutOneWay(other, 1)),
        end: () => [0, 2].forEach((other) => network.healOneWay(other, 1)),
      });
      await underFault(cluster, {
        topic: 'mute',
        begin: () => [0, 1].forEach((other) => network.cutOneWay(2, other)),
        end: () => [0, 1].forEach((other) => network.healOneWay(2, other)),
      });
    });
  });
} else if (canIsolate()) {
  test('a node each, in a network of their own', async () => {
    await runIsolated(fileURLToPath(import.meta.url));
  });
} else {
  process.stdout.write(
    '!!!!! no network namespaces here (root is needed): the cut is played by a pause instead\n',
  );
  test('a node, as far as a pause can play it', async () => {
    await withCluster({}, async (cluster) => {
      const node = cluster.node(0);
      const fault = {
        topic: 'paused',
        begin: () => node.signal('SIGSTOP'),
        end: () => node.signal('SIGCONT'),
      };
      await underFault(cluster, fault);
    });
  });
}

test.run();
