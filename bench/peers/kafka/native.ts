/** Kafka's ProducerPerformance and ConsumerPerformance (kafka-producer-perf-test, kafka-consumer-perf-test). */
import type { NativeFigure, NativeLoad, Running } from '../../systems/system.ts';
import { outputAsync } from '../lib/servers.ts';
import { kafkaCommand } from './command.ts';

const topic = 'bench-native';
const props = ['acks=all', 'linger.ms=5', 'batch.size=131072', 'buffer.memory=134217728'];

export async function kafkaNative(running: Running, load: NativeLoad): Promise<readonly NativeFigure[]> {
  const servers = (running.address['brokers'] as readonly string[]).join(',');
  await outputAsync(
    kafkaCommand(
      'org.apache.kafka.tools.TopicCommand',
      ...['--bootstrap-server', servers, '--create', '--if-not-exists', '--topic', topic],
      ...['--partitions', String(load.partitions), '--replication-factor', '3'],
    ),
  );
  return [await produce(servers, load), await consume(servers, load)];
}

async function produce(servers: string, { records, recordBytes }: NativeLoad): Promise<NativeFigure> {
  const output = await outputAsync(
    kafkaCommand(
      'org.apache.kafka.tools.ProducerPerformance',
      ...['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)],
      ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${servers}`, ...props],
    ),
  );
  const last = output.split('\n').findLast((line) => line.includes('99.9th')) ?? '';
  const figure = (pattern: RegExp): number => {
    const text = pattern.exec(last)?.[1];
    if (text === undefined) throw new Error(`ProducerPerformance said '${output.slice(-500)}'`);
    return Number(text);
  };
  return {
    tool: 'kafka-producer-perf-test',
    what: 'produce',
    records: figure(/^(\d+) records sent/),
    recordsPerSecond: figure(/([\d.]+) records\/sec/),
    latencyMs: {
      p50: figure(/(\d+) ms 50th/),
      p99: figure(/(\d+) ms 99th/),
      p999: figure(/(\d+) ms 99\.9th/),
      max: figure(/([\d.]+) ms max latency/),
    },
  };
}

/** Reads what `produce` has written. */
async function consume(servers: string, { records }: NativeLoad): Promise<NativeFigure> {
  const output = await outputAsync(
    kafkaCommand(
      'org.apache.kafka.tools.ConsumerPerformance',
      ...['--bootstrap-server', servers, '--topic', topic, '--messages', String(records)],
    ),
  );
  const lines = output.trimEnd().split('\n');
  const names = lines.findLast((line) => line.startsWith('start.time'))?.split(', ') ?? [];
  const cells = lines.at(-1)?.split(', ') ?? [];
  const [count, rate] = ['data.consumed.in.nMsg', 'fetch.nMsg.sec'].map((name) =>
    Number(cells[names.indexOf(name)]),
  );
  if (count === undefined || rate === undefined || !(count > 0) || !(rate > 0)) {
    throw new Error(`ConsumerPerformance said '${output.slice(-500)}'`);
  }
  return {
    tool: 'kafka-consumer-perf-test',
    what: 'consume',
    records: count,
    recordsPerSecond: rate,
    latencyMs: { p50: 0, p99: 0, p999: 0, max: 0 },
  };
}
