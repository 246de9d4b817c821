/** redis-benchmark with pipelining. It knows no WAIT at the end of a pipeline: nothing waits for a replica here. */
import type { NativeFigure, Running } from '../../systems/system.ts';
import { outputAsync } from '../lib/servers.ts';

const connections = 6;
const pipeline = 100;

export async function redisNative(
  running: Running,
  records: number,
  recordBytes: number,
): Promise<NativeFigure> {
  const output = await outputAsync([
    'redis-benchmark',
    ...[
      '-p',
      String(running.address['port']),
      '-n',
      String(records),
      '-c',
      String(connections),
      '-P',
      String(pipeline),
      '--csv',
    ],
    ...['XADD', 'bench-native', '*', 'v', 'x'.repeat(recordBytes)],
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
  return {
    tool: 'redis-benchmark without WAIT',
    records,
    recordsPerSecond: rate,
    latencyMs: { p50: p50 ?? 0, p99: p99 ?? 0, p999: max ?? 0, max: max ?? 0 },
  };
}
