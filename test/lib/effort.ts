/** How much a test repeats of what it proves: `npm test` has to end within minutes, and `.ci/run` has the time for all of it. */

/** Everything is run, and as often as it can be. */
export const full: boolean = process.env['TEST_FULL'] === '1';

/** How many repeats: `usual` with `npm test`, `most` with TEST_FULL=1. */
export function repeats(usual: number, most: number): number {
  return full ? most : usual;
}
