/** redis-benchmark with pipelining. It knows no WAIT at the end of a pipeline: nothing waits for a replica here. */
import type { NativeFigure, NativeLoad, Running } from '../../systems/system.ts';
import { findProgram, outputAsync } from '../lib/servers.ts';

const program = 'redis-benchmark';
const pipeline = 400;

export async function redisNative(
  running: Running,
  { records, recordBytes, partitions }: NativeLoad,
): Promise<readonly NativeFigure[]> {
  const binary = findProgram(program);
  if (binary === undefined) throw new Error(`no ${program}: run bench/peers/redis/get.sh`);
  const output = await outputAsync([
    binary,
    ...['-p', String(running.address['port']), '-n', String(records), '--csv'],
    // One connection and one stream for each partition.
    ...['-c', String(partitions), '-P', String(pipeline), '-r', String(partitions)],
    ...['XADD', 'bench-native:__rand_int__', '*', 'v', 'x'.repeat(recordBytes)],
  ]);
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
  const cells =
    output
      .trimEnd()
      .split('\n')
      .at(-1)
      ?.split('","')
      .map((cell) => cell.replaceAll('"', '')) ?? [];
  const [rate, p50, p99, max] = [1, 4, 6, 7].map((index) => Number(cells[index]));
  if (rate === undefined || !(rate > 0)) throw new Error(`redis-benchmark said '${output.slice(-500)}'`);
  return [
    {
      tool: `${program} without WAIT`,
      what: 'produce',
      records,
      recordsPerSecond: rate,
      latencyMs: { p50: p50 ?? 0, p99: p99 ?? 0, p999: max ?? 0, max: max ?? 0 },
    },
  ];
}
