/**
 * How long the process did not look at its sockets, over the last ten to twenty seconds. Everything here runs on one event loop: whatever keeps it
 * busy for long keeps everybody waiting.
 */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Clock, ClockTimer } from '../kernel/index.ts';

/** A look at the clock each so many milliseconds; a delay is what a look comes later than that. */
const resolutionMs = 10;
const windowMs = 10_000;

interface Delays {
  readonly maxMs: number;
  readonly p99Ms: number;
}

export class LoopDelay {
  readonly #clock: Clock;
  readonly #histogram: IntervalHistogram;
  #before: Delays = { maxMs: 0, p99Ms: 0 };
  #timer: ClockTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.enable();
    this.#arm();
  }

  /** Of the window that runs and the one before it. */
  get(): Delays {
    const now = this.#running();
    return {
      maxMs: Math.max(now.maxMs, this.#before.maxMs),
      p99Ms: Math.max(now.p99Ms, this.#before.p99Ms),
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#histogram.disable();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(windowMs, () => {
      this.#before = this.#running();
      this.#histogram.reset();
      this.#arm();
    });
  }

  #running(): Delays {
    const { max } = this.#histogram;
    return { maxMs: delay(max), p99Ms: delay(this.#histogram.percentile(99)) };
  }
}

function delay(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e6 - resolutionMs));
}
