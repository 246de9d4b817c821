/**
 * The promises that a client's user waits for, each with its deadline (SEMANTICS S2): one that is open for longer is a violation. Told in
 * ticks of the client's own clock, so that the time in which its process did not run does not count.
 */
import type { Platform } from '../../client/inside.ts';
import type { Report } from '../../observe/report.ts';

interface Wait {
  readonly what: string;
  readonly mostTicks: number;
  ticks: number;
}

const tickMs = 1_000;
/** For pauses between looks at deadlines, and for what a late tick stands for. */
const slackTicks = 3;

export class Waits {
  readonly #who: string;
  readonly #report: Report;
  readonly #waits = new Set<Wait>();
  #generation = 0;

  constructor(who: string, report: Report) {
    this.#who = who;
    this.#report = report;
  }

  /** A process begins. */
  begin(platform: Platform): void {
    this.#generation += 1;
    this.#tick(platform, this.#generation);
  }

  await(what: string, deadlineMs: number, promise: Promise<unknown>): void {
    const wait: Wait = { what, mostTicks: Math.ceil(deadlineMs / tickMs) + slackTicks, ticks: 0 };
    const done = (): void => void this.#waits.delete(wait);
    this.#waits.add(wait);
    promise.then(done, done);
  }

  /** Nobody waits any more. */
  crashed(): void {
    this.#generation += 1;
    this.#waits.clear();
  }

  #tick(platform: Platform, generation: number): void {
    platform.setTimer(tickMs, () => {
      if (generation !== this.#generation) return;
      for (const wait of this.#waits) {
        wait.ticks += 1;
        if (wait.ticks <= wait.mostTicks) continue;
        this.#waits.delete(wait);
        this.#report.violation('client', `${this.#who}: '${wait.what}' has no answer after ${wait.ticks} s`);
      }
      this.#tick(platform, generation);
    });
  }
}
