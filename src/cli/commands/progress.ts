/** A bar on standard error while something long goes on and somebody watches; otherwise nothing. */
import cliProgress from 'cli-progress';
import { durationText } from '../console.ts';

export class Progress {
  readonly #bar: cliProgress.SingleBar | undefined;

  /** `total`: undefined where nobody knows, and then there is no bar. */
  constructor(total: number | undefined, unit: string) {
    if (total === undefined || total === 0 || !process.stderr.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      format: `{bar} {percentage}% | {value} of {total} ${unit} | {eta_formatted} left`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      // At first the bar has no number for it, and would cut the word that it has instead down to two letters.
      formatTime: (seconds) => (Number.isFinite(seconds) ? durationText(seconds) : '?'),
      fps: 5,
    });
    this.#bar.start(total, 0);
  }

  at(value: number): void {
    this.#bar?.update(value);
  }

  end(): void {
    this.#bar?.stop();
  }
}
