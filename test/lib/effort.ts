/** How much a test repeats of what it proves: `npm test` has to end within minutes, and `.ci/run` has the time for all of it. */
import type { Callback, Test } from 'uvu';

/** Everything is run, and as often as it can be. */
export const full: boolean = process.env['TEST_FULL'] === '1';

/** How many repeats: `usual` with `npm test`, `most` with TEST_FULL=1. */
export function repeats(usual: number, most: number): number {
  return full ? most : usual;
}

/** Adds tests to a suite with TEST_FULL=1 only: those of rules that another test shows sooner. */
export function inFullRuns(test: Test): (name: string, run: Callback) => void {
  return (name, run) => {
    if (full) test(name, run);
  };
}
