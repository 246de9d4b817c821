/** What the benchmark asks of the load process, and what it answers. Travels over the channel of `fork`. */
import type { LatencyMs } from '../suite/result.ts';
import type { Address } from './driver.ts';

interface Common {
  /** The module that exports `open` (an OpenDriver), as a URL. */
  readonly driver: string;
  readonly address: Address;
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/**
 * Closed loops: `lanes` per partition, each with one call in flight. `batch` 1 uses the client's plain send, more its way of
 * sending many. Every record is read back and accounted for: afterwards, which measures catching up, or by a consumer that is
 * at the head all the time.
 */
export interface ProduceJob extends Common {
  readonly kind: 'produce';
  readonly lanes: number;
  readonly batch: number;
  readonly read: 'afterwards' | 'meanwhile';
}

/** Open loop: records are due at fixed times whatever the system does, and latency counts from then (no coordinated omission). */
export interface LatencyJob extends Common {
  readonly kind: 'latency';
  readonly ratePerSecond: number;
  readonly consumers: number;
}

export type Job = ProduceJob | LatencyJob;

/** One measured part of a job. */
export interface Part {
  readonly part: 'produce' | 'catch-up' | 'push' | 'latency';
  readonly records: number;
  readonly seconds: number;
  readonly latencyMs: LatencyMs;
  readonly clientCpuSeconds: number;
  readonly more: Readonly<Record<string, number>>;
}

export type Said =
  /** A measured part begins or ends now: the moment to look at the system's processes. */
  | { readonly kind: 'begins' }
  | { readonly kind: 'ended'; readonly part: Part }
  | { readonly kind: 'done' }
  /** There is no result: calls failed, or records are unaccounted for. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What a load reports its measured parts to. */
export interface Reporter {
  begins(): Promise<void>;
  ended(part: Part): Promise<void>;
}
