/** What each system's own benchmark tool says of it, beside what its Node client reaches. */
import { rounded } from './own.ts';
import type { CommonScenario } from './scenario.ts';

/** Millions, because some of the tools have to warm up. */
const records = 5_000_000;
const quickRecords = 1_500_000;
const seconds = 15;
const quickSeconds = 8;
const recordBytes = 100;

export const native: CommonScenario = {
  name: 'native',
  what: "batched producing, and consuming, by the system's own benchmark tool, where it has one",
  of: 'any',
  run: async ({ system, running, mode, options }) => {
    if (system.native === undefined) return [];
    const figures = await system.native(running, {
      records: options.quick ? quickRecords : records,
      recordBytes,
      partitions: options.partitions,
      seconds: options.quick ? quickSeconds : seconds,
    });
    return figures.map(({ tool, what, records: count, recordsPerSecond, latencyMs }) => ({
      system: `${system.name} by ${tool}`,
      version: running.version,
      scenario: `${what} ${recordBytes} B, native tool`,
      durability: mode.durability,
      records: count,
      recordBytes,
      recordsPerSecond: Math.round(recordsPerSecond),
      megabytesPerSecond: rounded((recordsPerSecond * recordBytes) / 1e6),
      latencyMs,
      cpuSeconds: 0,
      clientCpuSeconds: 0,
      peakRssBytes: 0,
      repeats: [Math.round(recordsPerSecond)],
      more: {},
    }));
  },
};
