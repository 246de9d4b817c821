/** Made-up reports for the tests of what reads them. */
import type { Report, Result } from '../../bench/suite/result.ts';

export function result(fields: Partial<Result> = {}): Result {
  return {
    system: 'callboard',
    version: '0.1.0',
    scenario: 'produce 100 B batched',
    durability: 'R3',
    records: 1_000,
    recordBytes: 100,
    recordsPerSecond: 100,
    megabytesPerSecond: 0.01,
    latencyMs: { p50: 1, p99: 10, p999: 20, max: 30 },
    cpuSeconds: 1,
    clientCpuSeconds: 1,
    peakRssBytes: 1e8,
    repeats: [100],
    more: {},
    ...fields,
  };
}

export function report(results: Result[], fields: Partial<Report> = {}): Report {
  return {
    date: '2026-01-01T00:00:00.000Z',
    commit: 'abc',
    command: 'npm run bench',
    machine: {
      cpu: 'a <fast> one',
      cores: 4,
      memoryGiB: 16,
      node: 'v20',
      platform: 'linux x64',
      loadAverage: 0,
    },
    limits: {
      fdatasyncMs: 0.4,
      fdatasyncThreadPoolMs: 0.5,
      sequentialWriteMBps: 500,
      loopbackRoundTripMs: 0.15,
      loopbackWithinProcessMs: 0.05,
      msgpackFramesPerSecond: 1e6,
      memcpyMBps: 1e4,
    },
    results,
    notMeasured: [],
    ...fields,
  };
}
