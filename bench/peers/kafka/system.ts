/** Apache Kafka 4 in KRaft mode: three processes, each broker and controller, replication factor 3, two in sync at least. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimPorts } from '../../../test/lib/ports.ts';
import type { Running, StartOptions, System } from '../../systems/system.ts';
import { findProgram, outputOf, Servers } from '../lib/servers.ts';
import { jars, kafkaCommand } from './command.ts';
import { kafkaNative } from './native.ts';

const nodes = 3;
const clusterId = '4L6g3nShT-eMCtK--X86sw';

export const kafka: System = {
  name: 'kafka',
  modes: [
    {
      name: 'acks-all',
      durability: 'R3, acks=all: in memory of the in-sync replicas, no fsync before the answer',
    },
    {
      name: 'flush',
      durability: 'R3, acks=all with flush.messages=1: fsync by each in-sync replica before the answer',
    },
  ],
  driver: new URL('./driver.js', import.meta.url).href,
  missing: () => {
    if (findProgram('java') === undefined) return 'no java: Kafka 4 needs Java 17 or newer';
    return existsSync(jars) ? undefined : 'no Kafka: run bench/peers/kafka/get.sh';
  },
  start,
  native: kafkaNative,
};

async function start({ directory, mode }: StartOptions): Promise<Running> {
  const first = await claimPorts(nodes * 2);
  const client = (node: number): number => first + node * 2;
  const control = (node: number): number => first + node * 2 + 1;
  const all = Array.from({ length: nodes }, (_, node) => node);
  const voters = all.map((node) => `${node + 1}@127.0.0.1:${control(node)}`).join(',');
  const servers = new Servers();
  try {
    for (const node of all) {
      const data = join(directory, `kafka-${node}`);
      mkdirSync(data);
      const file = join(directory, `kafka-${node}.properties`);
      writeFileSync(
        file,
        `process.roles=broker,controller
node.id=${node + 1}
controller.quorum.voters=${voters}
listeners=PLAINTEXT://127.0.0.1:${client(node)},CONTROLLER://127.0.0.1:${control(node)}
advertised.listeners=PLAINTEXT://127.0.0.1:${client(node)}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${data}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=6
group.initial.rebalance.delay.ms=0
${mode === 'flush' ? 'log.flush.interval.messages=1\n' : ''}`,
      );
      const [java, ...format] = kafkaCommand(
        'kafka.tools.StorageTool',
        'format',
        '-t',
        clusterId,
        '-c',
        file,
      );
      outputOf(java, format);
      servers.start(kafkaCommand('kafka.Kafka', file));
    }
    const [java, ...list] = kafkaCommand(
      'org.apache.kafka.tools.BrokerApiVersionsCommand',
      '--bootstrap-server',
      `127.0.0.1:${client(0)}`,
    );
    await servers.until('the three brokers of Kafka are registered', () => {
      const brokers = outputOf(java, list).match(/id: \d+ rack/g) ?? [];
      return brokers.length === nodes;
    });
  } catch (error) {
    await servers.stop();
    throw error;
  }
  return {
    version: versionOf(),
    address: { brokers: all.map((node) => `127.0.0.1:${client(node)}`) },
    pids: () => servers.pids,
    stop: () => servers.stop(),
  };
}

function versionOf(): string {
  const jar = readdirSync(jars).find((name) => name.startsWith('kafka_2.13-'));
  return /-([\d.]+)\.jar$/.exec(jar ?? '')?.[1] ?? 'unknown';
}
