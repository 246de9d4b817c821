/** Latencies in an HDR histogram of microseconds, three figures. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { LatencyMs } from '../suite/result.ts';

const hourUs = 3_600_000_000;
/** Of the curves in plots; `more` names them `p50Ms` and so on. */
export const curvePercentiles: readonly number[] = [50, 75, 90, 95, 99, 99.5, 99.9, 99.99];

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: hourUs, figures: 3 });

  record(milliseconds: number): void {
    this.#histogram.record(Math.max(1, Math.min(hourUs, Math.round(milliseconds * 1_000))));
  }

  /** All zero where nothing was recorded. */
  summary(): LatencyMs {
    if (this.#histogram.count === 0) return { p50: 0, p99: 0, p999: 0, max: 0 };
    return { p50: this.#at(50), p99: this.#at(99), p999: this.#at(99.9), max: this.#histogram.max / 1_000 };
  }

  /** Milliseconds at each of `curvePercentiles`; nothing where nothing was recorded. */
  curve(): Readonly<Record<string, number>> {
    if (this.#histogram.count === 0) return {};
    return Object.fromEntries(
      curvePercentiles.map((percentile) => [`p${percentile}Ms`, this.#at(percentile)]),
    );
  }

  #at(percentile: number): number {
    return this.#histogram.percentile(percentile) / 1_000;
  }
}
