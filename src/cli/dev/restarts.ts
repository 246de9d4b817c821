/** When a node that died is started again. */
import type { NodeEnd } from './node-process.ts';

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;
/** Whoever ran for so long does not crash in a loop. */
const STEADY_MS = 10_000;
const KILLS: readonly (NodeJS.Signals | null)[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'];

/** An end by its own fault: a kill from outside and a clean end on request are none. */
export function isCrash({ code, signal }: NodeEnd): boolean {
  return code !== 0 && !KILLS.includes(signal);
}

export class Restarts {
  #quickCrashes = 0;

  /** Milliseconds until the next start: 2 s, and longer after each quick crash in a row. */
  delayAfter(end: NodeEnd): number {
    this.#quickCrashes = isCrash(end) && end.ranMs < STEADY_MS ? this.#quickCrashes + 1 : 0;
    return Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, this.#quickCrashes - 1), LONGEST_DELAY_MS);
  }
}
