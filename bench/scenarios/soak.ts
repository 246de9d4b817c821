/** A steady rate for long, ten minutes unless told otherwise: does memory grow, does latency? */
import { runJob } from '../suite/run-job.ts';
import { figuresOf } from '../suite/process-figures.ts';
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import { callboard } from '../systems/callboard.ts';
import { ownResult, rounded } from './own.ts';
import type { OwnScenario } from './scenario.ts';

const sampleMs = 5_000;
const recordBytes = 100;
const defaultRate = 10_000;

export const soak: OwnScenario = {
  name: 'soak',
  what: 'ten minutes at 10,000 records/s with a consumer at the head: memory and latency',
  of: 'callboard',
  run: async (options) => [await run(options)],
};

async function run(options: Options): Promise<Result> {
  const running = await callboard.start({ directory: '', mode: callboard.modes[0].name });
  const rss: number[] = [];
  const sampler = setInterval(() => rss.push(figuresOf(running.pids()).rssBytes), sampleMs);
  const ratePerSecond = options.rates.length === 1 ? (options.rates[0] ?? defaultRate) : defaultRate;
  try {
    const [part] = await runJob(
      {
        kind: 'latency',
        driver: callboard.driver,
        address: running.address,
        topic: 'bench-soak',
        partitions: options.partitions,
        recordBytes,
        ratePerSecond,
        consumers: 1,
        warmUpMs: 0,
        durationMs: options.soakMs,
      },
      running,
    );
    if (part === undefined) throw new Error('the soak has no result');
    const third = Math.max(1, Math.floor(rss.length / 3));
    return ownResult(`soak at ${ratePerSecond}/s`, {
      records: part.records,
      recordBytes,
      recordsPerSecond: Math.round(part.records / part.seconds),
      megabytesPerSecond: rounded((part.records * recordBytes) / part.seconds / 1e6),
      latencyMs: part.latencyMs,
      cpuSeconds: part.cpuSeconds,
      clientCpuSeconds: part.clientCpuSeconds,
      peakRssBytes: part.peakRssBytes,
      repeats: [Math.round(part.records / part.seconds)],
      more: {
        ...part.more,
        rssMBFirstThird: meanMB(rss.slice(0, third)),
        rssMBLastThird: meanMB(rss.slice(-third)),
      },
    });
  } finally {
    clearInterval(sampler);
    await running.stop();
  }
}

function meanMB(samples: readonly number[]): number {
  return Math.round(samples.reduce((sum, sample) => sum + sample, 0) / Math.max(1, samples.length) / 1e6);
}
