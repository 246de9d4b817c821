/** Kafka's ProducerPerformance (kafka-producer-perf-test). */
import type { NativeFigure, Running } from '../../systems/system.ts';
import { outputAsync } from '../lib/servers.ts';
import { kafkaCommand } from './command.ts';

const topic = 'bench-native';
const partitions = 6;
const props = ['acks=all', 'linger.ms=5', 'batch.size=65536'];

export async function kafkaNative(
  running: Running,
  records: number,
  recordBytes: number,
): Promise<NativeFigure> {
  const servers = (running.address['brokers'] as readonly string[]).join(',');
  await outputAsync(
    kafkaCommand(
      'org.apache.kafka.tools.TopicCommand',
      ...['--bootstrap-server', servers, '--create', '--if-not-exists', '--topic', topic],
      ...['--partitions', String(partitions), '--replication-factor', '3'],
    ),
  );
  const output = await outputAsync(
    kafkaCommand(
      'org.apache.kafka.tools.ProducerPerformance',
      ...['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)],
      ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${servers}`, ...props],
    ),
  );
  const last =
    output
      .trimEnd()
      .split('\n')
      .findLast((line) => line.includes('99.9th')) ?? '';
  const figure = (pattern: RegExp): number => {
    const text = pattern.exec(last)?.[1];
    if (text === undefined) throw new Error(`ProducerPerformance said '${output.slice(-500)}'`);
    return Number(text);
  };
  return {
    tool: 'kafka-producer-perf-test',
    records: figure(/^(\d+) records sent/),
    recordsPerSecond: figure(/([\d.]+) records\/sec/),
    latencyMs: {
      p50: figure(/([\d.]+) ms 50th/),
      p99: figure(/([\d.]+) ms 99th/),
      p999: figure(/([\d.]+) ms 99\.9th/),
      max: figure(/([\d.]+) ms max latency/),
    },
  };
}
