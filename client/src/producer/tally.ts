/** How many records were answered since somebody asked, and how. */
import type { FlushReport } from '../api.ts';
import type { CallboardError } from '../errors.ts';

export class Tally {
  #stored = 0;
  #failed = 0;
  #error: CallboardError | undefined;

  stored(records: number): void {
    this.#stored += records;
  }

  failed(records: number, error: CallboardError): void {
    this.#failed += records;
    this.#error ??= error;
  }

  /** Counting begins anew. */
  take(): FlushReport {
    const report = { stored: this.#stored, failed: this.#failed, error: this.#error };
    this.#stored = 0;
    this.#failed = 0;
    this.#error = undefined;
    return report;
  }
}
