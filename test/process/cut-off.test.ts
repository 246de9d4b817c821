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
const PARTITIONS = 6;
const NODES = [0, 1, 2];

interface Fault {
  begin(node: number): void;
  end(node: number): void;
}

async function inTurn(cluster: Cluster, topic: string, fault: Fault): Promise<void> {
  await cluster.api(0).createTopic(topic, PARTITIONS);
  const ledger = new Ledger(topic, PARTITIONS);
  const writers = startWriters(cluster.apis, ledger);
  await untilAllAcknowledge(ledger, writers, 5);
  for (const node of NODES) {
    fault.begin(node);
    await untilAllAcknowledge(ledger, writers, 20);
    fault.end(node);
    await cluster.ready();
    await untilAllAcknowledge(ledger, writers, 5);
  }
  await Promise.all(writers.map((writer) => writer.stop()));
  await ledger.verify(cluster.apis);
}

function others(node: number): readonly number[] {
  return NODES.filter((other) => other !== node);
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
  test('each node in turn, both ways and then one way', async () => {
    await withNetwork(async (cluster, network) => {
      await inTurn(cluster, 'cut', {
        begin: (node) => network.cut(node),
        end: (node) => network.heal(node),
      });
      await inTurn(cluster, 'deaf', {
        begin: (node) => others(node).forEach((other) => network.cutOneWay(other, node)),
        end: (node) => others(node).forEach((other) => network.healOneWay(other, node)),
      });
      await inTurn(cluster, 'mute', {
        begin: (node) => others(node).forEach((other) => network.cutOneWay(node, other)),
        end: (node) => others(node).forEach((other) => network.healOneWay(node, other)),
      });
    });
  });
} else if (canIsolate()) {
  test('each node in turn, in a network of its own', async () => {
    await runIsolated(fileURLToPath(import.meta.url));
  });
} else {
  process.stdout.write(
    '!!!!! no network namespaces here (root is needed): the cut is played by a pause instead\n',
  );
  test('each node in turn, as far as a pause can play it', async () => {
    await withCluster({}, async (cluster) => {
      await inTurn(cluster, 'paused', {
        begin: (node) => cluster.node(node).signal('SIGSTOP'),
        end: (node) => cluster.node(node).signal('SIGCONT'),
      });
    });
  });
}

test.run();
