/** What a benchmark run writes down: the one definition of a result file, for the writer, the comparer and the schema. */
import { z } from 'zod';

const latency = z.strictObject({
  p50: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

const result = z.strictObject({
  system: z.string(),
  version: z.string(),
  scenario: z.string(),
  /** What is true of a record when it is acknowledged. */
  durability: z.string(),
  records: z.int().min(0),
  recordBytes: z.int().min(0),
  recordsPerSecond: z.number(),
  megabytesPerSecond: z.number(),
  /** From the moment at which a call was due to its answer, or to the record's arrival where the scenario says so. */
  latencyMs: latency,
  /** Of the system's own processes, during the measured part. */
  cpuSeconds: z.number(),
  /** Of the process that made the load. */
  clientCpuSeconds: z.number(),
  /** Sum over the system's processes. */
  peakRssBytes: z.number(),
  /** Records per second of each repeat; the figures above are those of the median one. */
  repeats: z.array(z.number()),
  /** Further figures of this scenario, named with their units. */
  more: z.record(z.string(), z.number()),
});

const limits = z.strictObject({
  fdatasyncMs: z.number(),
  fdatasyncThreadPoolMs: z.number(),
  sequentialWriteMBps: z.number(),
  loopbackRoundTripMs: z.number(),
  loopbackWithinProcessMs: z.number(),
  msgpackFramesPerSecond: z.number(),
  memcpyMBps: z.number(),
});

const machine = z.strictObject({
  cpu: z.string(),
  cores: z.int(),
  memoryGiB: z.number(),
  node: z.string(),
  platform: z.string(),
  loadAverage: z.number(),
});

export const reportSchema: z.ZodType<Report> = z.strictObject({
  date: z.string(),
  commit: z.string(),
  command: z.string(),
  machine,
  limits,
  results: z.array(result),
  /** Never silently left out. */
  notMeasured: z.array(z.strictObject({ system: z.string(), scenario: z.string(), reason: z.string() })),
});

export interface LatencyMs {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Result {
  readonly system: string;
  readonly version: string;
  readonly scenario: string;
  readonly durability: string;
  readonly records: number;
  readonly recordBytes: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly latencyMs: LatencyMs;
  readonly cpuSeconds: number;
  readonly clientCpuSeconds: number;
  readonly peakRssBytes: number;
  readonly repeats: number[];
  readonly more: Record<string, number>;
}

export interface Limits {
  readonly fdatasyncMs: number;
  readonly fdatasyncThreadPoolMs: number;
  readonly sequentialWriteMBps: number;
  readonly loopbackRoundTripMs: number;
  readonly loopbackWithinProcessMs: number;
  readonly msgpackFramesPerSecond: number;
  readonly memcpyMBps: number;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  readonly loadAverage: number;
}

export interface NotMeasured {
  readonly system: string;
  readonly scenario: string;
  readonly reason: string;
}

export interface Report {
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly machine: Machine;
  readonly limits: Limits;
  readonly results: Result[];
  readonly notMeasured: NotMeasured[];
}
