/** What each system's own benchmark tool says of it, beside what its Node client reaches. */
import { rounded } from './own.ts';
import type { CommonScenario } from './scenario.ts';

const records = 500_000;
const quickRecords = 100_000;
const recordBytes = 100;

export const native: CommonScenario = {
  name: 'native',
  what: "batched producing by the system's own benchmark tool, where it has one",
  of: 'any',
  run: async ({ system, running, mode, options }) => {
    if (system.native === undefined) return [];
    const figure = await system.native(running, options.quick ? quickRecords : records, recordBytes);
    const { tool, recordsPerSecond, latencyMs } = figure;
    return [
      {
        system: `${system.name} by ${tool}`,
        version: running.version,
        scenario: `produce ${recordBytes} B batched, native tool`,
        durability: mode.durability,
        records: figure.records,
        recordBytes,
        recordsPerSecond: Math.round(recordsPerSecond),
        megabytesPerSecond: rounded((recordsPerSecond * recordBytes) / 1e6),
        latencyMs,
        cpuSeconds: 0,
        clientCpuSeconds: 0,
        peakRssBytes: 0,
        repeats: [Math.round(recordsPerSecond)],
        more: {},
      },
    ];
  },
};
