/**
 * System: one thing to measure, as the benchmark starts and stops it. Three servers on loopback with their data in the folder
 * given, three replicas of everything; its clients live in the load process (load/driver.ts).
 */
import type { Address } from '../load/driver.ts';
import type { LatencyMs } from '../suite/result.ts';

export interface StartOptions {
  /** Exists, is empty, and is removed by the benchmark afterwards. */
  readonly directory: string;
  /** One of the system's `modes`. */
  readonly mode: string;
}

export interface Running {
  readonly version: string;
  readonly address: Address;
  /** All processes of the system, for CPU and memory. */
  pids(): readonly number[];
  /** Ends them all, by their own pids. */
  stop(): Promise<void>;
}

export interface Mode {
  readonly name: string;
  /** What is true of a record when it is acknowledged; stands in the table. */
  readonly durability: string;
}

export interface System {
  readonly name: string;
  /** The first is measured unless others are asked for. */
  readonly modes: readonly [Mode, ...Mode[]];
  /** URL of the module that exports `open`. */
  readonly driver: string;
  /** Why it cannot be measured here, and what to do about it; undefined: it can. */
  missing(): string | undefined;
  start(options: StartOptions): Promise<Running>;
  /** The system's own benchmark tool on topics of its own, batched, as it is meant to be used; undefined: it has none here. */
  readonly native?: (running: Running, load: NativeLoad) => Promise<readonly NativeFigure[]>;
}

export interface NativeLoad {
  readonly records: number;
  readonly recordBytes: number;
  readonly partitions: number;
  /** For tools that are told a time instead of a number. */
  readonly seconds: number;
}

/** What a native tool said of itself; nothing of it is checked. */
export interface NativeFigure {
  readonly tool: string;
  readonly what: 'produce' | 'consume';
  readonly records: number;
  readonly recordsPerSecond: number;
  /** All zero: the tool does not say. */
  readonly latencyMs: LatencyMs;
}
