/** How long a producer waits when the leader of its partition is killed: from kill -9 to the next acknowledged record. */
import { connect, type Producer } from '@callboard/client';
import type { Api } from '../../test/lib/api.ts';
import { Cluster } from '../../test/lib/cluster.ts';
import { eventually } from '../../test/lib/eventually.ts';
import { Latencies } from '../load/histogram.ts';
import { ownResult, rounded } from './own.ts';
import type { OwnScenario } from './scenario.ts';

const rounds = 30;
const quickRounds = 5;
const topic = 'bench-failover';
const settleMs = 30_000;

export const failover: OwnScenario = {
  name: 'failover',
  what: 'kill -9 of the leader under load: time to the next acknowledged record, 30 times',
  of: 'callboard',
  run: async (options) => {
    const cluster = await Cluster.start();
    const client = await connect(cluster.urls);
    try {
      await client.createTopic(topic, { partitions: 1 });
      const waits = new Latencies();
      const count = options.quick ? quickRounds : rounds;
      const producer = client.producer(topic);
      for (let round = 0; round < count; round += 1) waits.record(await killLeader(cluster, producer));
      await producer.close();
      return [ownResult('failover', { records: count, latencyMs: waits.summary(), more: waits.curve() })];
    } finally {
      await client.close();
      await cluster.destroy();
    }
  },
};

async function killLeader(cluster: Cluster, producer: Producer): Promise<number> {
  const leader = await settled(cluster, producer);
  const node = cluster.nodes.find(({ name }) => name === leader);
  if (node === undefined) throw new Error(`'${leader}' is no node of this cluster`);
  node.signal('SIGKILL');
  const killedAt = performance.now();
  await producer.send({ partition: 0, value: 'x' });
  const waited = performance.now() - killedAt;
  await node.kill();
  node.start();
  await node.ready();
  return rounded(waited);
}

/** The leader's name, once all three replicas have what it has: a fair start for the next round. */
async function settled(cluster: Cluster, producer: Producer): Promise<string> {
  await producer.send({ partition: 0, value: 'x' });
  let leader = '';
  await eventually(
    'all replicas have caught up',
    async () => {
      const replicas = await Promise.all(cluster.apis.map(onlyReplica));
      leader = replicas[0]?.leader ?? '';
      return (
        leader !== '' && replicas.every((one) => one?.leader === leader && one.commit === replicas[0]?.commit)
      );
    },
    settleMs,
  );
  return leader;
}

interface ReplicaStatus {
  readonly leader?: string;
  readonly commit: number;
}

async function onlyReplica(api: Api): Promise<ReplicaStatus | undefined> {
  const { partitions } = await api.expect('GET', '/status');
  return (partitions as readonly ReplicaStatus[])[0];
}
