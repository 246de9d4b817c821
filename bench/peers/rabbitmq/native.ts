/** RabbitMQ's PerfTest, over AMQP: for quorum queues and for streams, which it cannot reach by their own protocol. */
import { existsSync } from 'node:fs';
import type { NativeFigure, NativeLoad, Running } from '../../systems/system.ts';
import { fetched, outputAsync } from '../lib/servers.ts';

const jars = `${fetched}rabbitmq`;
const heap = '-Xmx768m';
/** Per producer; published without waiting for each. */
const unconfirmed = 5_000;

export async function rabbitNative(
  running: Running,
  { recordBytes, partitions, seconds }: NativeLoad,
  queueType: 'quorum' | 'stream',
): Promise<readonly NativeFigure[]> {
  if (!existsSync(jars)) throw new Error('no PerfTest: run bench/peers/rabbitmq/get.sh');
  const uris = (running.address['amqp'] as readonly number[]).map((port) => `amqp://127.0.0.1:${port}`);
  const output = await outputAsync([
    ...(['java', heap, '-cp', `${jars}/*`, 'com.rabbitmq.perf.PerfTest'] as const),
    ...['--uris', uris.join(','), `--${queueType}-queue`, '--auto-delete', 'false'],
    ...['--queue-pattern', `native-${queueType}-%d`, '--queue-pattern-from', '1'],
    ...['--queue-pattern-to', String(partitions), '--producers', String(partitions), '--consumers', '0'],
    ...['--confirm', String(unconfirmed), '--size', String(recordBytes), '--time', String(seconds)],
    ...['--flag', 'persistent'],
  ]);
  const rate = Number(/sending rate avg: (\d+)/.exec(output)?.[1]);
  if (!(rate > 0)) throw new Error(`PerfTest said '${output.slice(-500)}'`);
  return [
    {
      tool: 'rabbitmq-perf-test',
      what: 'produce',
      records: rate * seconds,
      recordsPerSecond: rate,
      latencyMs: { p50: 0, p99: 0, p999: 0, max: 0 },
    },
  ];
}
