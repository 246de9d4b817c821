/** What `.ci/run` makes of its steps, with an npm that does nothing but end as it is told. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { makeTree } from './temp-tree.ts';

const SCRIPT = readFileSync(join(findRepoRoot(import.meta.url), '.ci/run'), 'utf8');

interface Outcome {
  readonly status: number | null;
  readonly lastLine: string;
  readonly out: string;
}

interface Npm {
  /** Shell lines that end with the exit code of each command; by the arguments of npm. */
  readonly test: string;
  readonly demo?: string;
  readonly seconds?: number;
}

function run({ test: tests, demo = 'true', seconds = 0 }: Npm): Outcome {
  const npm = `#!/bin/sh\ncase "$*" in test) ${tests};; *demo:logs) ${demo};; *) echo "ran $*";; esac\n`;
  const root = makeTree({ '.ci/run': SCRIPT, 'bin/npm': npm, 'bin/dpkg': '#!/bin/sh\n' });
  for (const name of ['.ci/run', 'bin/npm', 'bin/dpkg']) chmodSync(join(root, name), 0o755);
  const { status, stdout } = spawnSync(join(root, '.ci/run'), {
    encoding: 'utf8',
    // bash goes on counting from the seconds that it is given.
    env: {
      ...process.env,
      PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`,
      SECONDS: String(seconds),
      REPEATS: '1',
      MUTANTS: '1',
    },
  });
  return { status, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '', out: stdout };
}

test('adds the tests to its other steps, and tells the time of each', () => {
  const { status, lastLine, out } = run({ test: 'echo "with $TEST_FULL"; echo; echo "40 passed, 0 failed"' });
  assert.is(lastLine, '43 passed, 0 failed');
  assert.is(status, 0);
  assert.match(out, 'ran run mutants');
  assert.match(out, 'with 1');
  assert.match(out, /took \d+ s of at most 4500 s:\n {2}npm run demo:logs \d+ s\n/);
});

test('fails with a step, and runs the others all the same', () => {
  const { status, lastLine, out } = run({
    demo: 'exit 3',
    test: 'echo "40 passed, 2 failed"; echo "npm complains" >&2; exit 1',
  });
  assert.is(lastLine, '42 passed, 3 failed');
  assert.is(status, 1);
  assert.match(out, 'FAIL npm run demo:logs');
});

test('believes neither a count without a good end nor an end without a count', () => {
  assert.is(run({ test: 'echo "40 passed, 0 failed"; exit 1' }).lastLine, '43 passed, 1 failed');
  assert.is(run({ test: 'echo "all is well"' }).lastLine, '3 passed, 1 failed');
});

test('fails when all of it takes too long', () => {
  const tests = 'echo "40 passed, 0 failed"';
  const late = run({ test: tests, seconds: 4_501 });
  assert.is(late.lastLine, '43 passed, 1 failed');
  assert.is(late.status, 1);
  assert.is(run({ test: tests, seconds: 4_400 }).status, 0);
});

test.run();
