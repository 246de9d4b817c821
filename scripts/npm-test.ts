// What `npm test` runs once everything is installed and built: checks, then tests, and one count of both.
import { runChecks } from './check.ts';
import { findRepoRoot } from './lib/repo-root.ts';
import type { Counts } from './lib/run-tests.ts';
import { NO_COUNTS, addUp, runTests } from './lib/run-tests.ts';
import { endGroupsWithUs, parseOptions } from './lib/test-options.ts';

endGroupsWithUs();
const options = parseOptions(process.argv.slice(2), findRepoRoot(import.meta.url));
const { root, select } = options.run;

const built: Counts = options.buildFailed ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 };
process.stdout.write(`${options.buildFailed ? 'FAIL' : 'ok  '} check: build (tsc -b)\n`);
// Whoever names files wants those files, and quickly.
const checks = select.length > 0 ? NO_COUNTS : await runChecks(root);
const tests = options.checksOnly ? NO_COUNTS : await runTests(options.run);

const { passed, failed } = addUp([built, checks, tests]);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
