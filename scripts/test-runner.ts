// Runs test files, one process each.
//
//   node dist/scripts/test-runner.js [-j N] [--heavy N] [--build DIR] [PART-OF-NAME...]
//
// uvu has a runner of its own, but it puts all files into one process and takes silence for success.
import { findRepoRoot } from './lib/repo-root.ts';
import { runTests } from './lib/run-tests.ts';
import { endGroupsWithUs, parseOptions } from './lib/test-options.ts';

endGroupsWithUs();
const { run } = parseOptions(process.argv.slice(2), findRepoRoot(import.meta.url));
const { passed, failed } = await runTests(run);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
