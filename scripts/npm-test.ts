// What `npm test` runs once everything is installed and built: checks, then tests, and one count of both.
import { runChecks } from './check.ts';
import { findRepoRoot } from './lib/repo-root.ts';
import type { Counts } from './lib/run-tests.ts';
import { runTests } from './lib/run-tests.ts';
import { endGroupsWithUs, parseOptions } from './lib/test-options.ts';

const NONE: Counts = { passed: 0, failed: 0 };

endGroupsWithUs();
const options = parseOptions(process.argv.slice(2), findRepoRoot(import.meta.url));
const { root, select } = options.run;

const built: Counts = options.buildFailed ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 };
process.stdout.write(`${options.buildFailed ? 'FAIL' : 'ok  '} check: build (tsc -b)\n`);
// Whoever names files wants those files, and quickly.
const checks = select.length > 0 ? NONE : await runChecks(root);
const tests = options.checksOnly ? NONE : await runTests(options.run);

const all = [built, checks, tests];
const passed = all.reduce((sum, counts) => sum + counts.passed, 0);
const failed = all.reduce((sum, counts) => sum + counts.failed, 0);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
