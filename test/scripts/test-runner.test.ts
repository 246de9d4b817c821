// The runner must not be fooled by anything that leaves uvu silent: each of its traps has a fixture here.
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { forgottenSuites, parseSummary } from '../../scripts/lib/uvu-summary.ts';
import { makeTree } from './temp-tree.ts';

const RUNNER = fileURLToPath(new URL('../../scripts/test-runner.js', import.meta.url));
const HEAD = `import { test, suite } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
const GOOD = `${HEAD}test('good', () => assert.is(1, 1));\ntest.run();\n`;

interface Outcome {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly lastLine: string;
}

/** Runs the runner over fixtures. Plain JavaScript is its own compiled form. */
function run(fixtures: Readonly<Record<string, string>>, args: readonly string[] = []): Outcome {
  const files: Record<string, string> = { 'package.json': '{"type":"module"}' };
  for (const [name, source] of Object.entries(fixtures)) {
    files[`test/${name}.test.ts`] = source;
    files[`dist/test/${name}.test.js`] = source;
  }
  const root = makeTree(files);
  symlinkSync(join(findRepoRoot(import.meta.url), 'node_modules'), join(root, 'node_modules'));
  const done = spawnSync(process.execPath, [RUNNER, '--root', root, ...args], { encoding: 'utf8' });
  const lines = done.stdout.trimEnd().split('\n');
  return { status: done.status, lines, lastLine: lines.at(-1) ?? '' };
}

function mentions({ lines }: Outcome, text: string): void {
  assert.ok(
    lines.some((line) => line.includes(text)),
    // Set off, or the summary in it would be read as one of this file.
    `expected '${text}' in:\n${lines.map((line) => `| ${line}`).join('\n')}`,
  );
}

test('good files pass, and their tests are counted', () => {
  const outcome = run({ a: GOOD, 'deep/b': GOOD });
  assert.is(outcome.lastLine, '2 passed, 0 failed');
  assert.is(outcome.status, 0);
  mentions(outcome, 'ok   test/deep/b.test.ts: 1 passed, 0 failed');
});

test('a failing assertion fails, and its difference is shown', () => {
  const bad = `${HEAD}test('sum', () => assert.equal({ a: 'left' }, { a: 'right' }));\n`;
  const outcome = run({ a: `${bad}test('fine', () => {});\ntest.run();\n` });
  assert.is(outcome.lastLine, '1 passed, 1 failed');
  assert.is(outcome.status, 1);
  mentions(outcome, '++··"a":·"right"');
  mentions(outcome, '--··"a":·"left"');
});

test('a `before` hook that throws fails, though uvu ends well', () => {
  const hook = `test.before(() => { throw new Error('no'); });\n`;
  const outcome = run({ a: `${HEAD}${hook}test('x', () => {});\ntest('y', () => {});\ntest.run();\n` });
  assert.is(outcome.lastLine, '0 passed, 2 failed');
  assert.is(outcome.status, 1);
});

test('a file that forgets .run() fails', () => {
  const outcome = run({ a: `${HEAD}test('x', () => {});\n` });
  assert.is(outcome.lastLine, '0 passed, 1 failed');
  assert.is(outcome.status, 1);
  mentions(outcome, 'no uvu summary');
});

test('one forgotten suite fails beside one that runs', () => {
  const other = `const other = suite('other');\nother('lost', () => {});\n`;
  const outcome = run({ a: `${GOOD}${other}` });
  assert.is(outcome.lastLine, '1 passed, 1 failed');
  mentions(outcome, `suite 'other'`);
});

test('tests added after .run() fail the file', () => {
  const outcome = run({ a: `${GOOD}test('late', () => {});\n` });
  assert.is(outcome.status, 1);
  mentions(outcome, `suite 'test'`);
});

test('a run of no test fails', () => {
  assert.is(run({ a: `${HEAD}test.run();\n` }).lastLine, '0 passed, 1 failed');
});

test('no file at all fails, and so does a name that matches none', () => {
  const empty = run({});
  assert.is(empty.lastLine, '0 passed, 1 failed');
  assert.is(empty.status, 1);
  const unmatched = run({ a: GOOD }, ['a.test', 'nowhere']);
  assert.is(unmatched.lastLine, '1 passed, 1 failed');
  assert.is(unmatched.status, 1);
});

test('names select files', () => {
  const outcome = run({ one: GOOD, two: GOOD }, ['two']);
  assert.is(outcome.lastLine, '1 passed, 0 failed');
});

/** A zombie has ended too: who reaps it is not our business. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a file that hangs is killed with what it started', () => {
  const spawns = `import { spawn } from 'node:child_process';\n// timeout: 2 s\n`;
  const child = `const child = spawn('sleep', ['600']);\nconsole.log('child', child.pid);\n`;
  const hangs = `${HEAD}${spawns}${child}test('x', () => new Promise(() => {}));\ntest.run();\n`;
  const outcome = run({ a: hangs });
  assert.is(outcome.lastLine, '0 passed, 1 failed');
  mentions(outcome, 'timed out after 2 s');
  const pid = Number(/^child (\d+)$/m.exec(outcome.lines.join('\n'))?.[1]);
  assert.ok(pid > 0);
  assert.not.ok(isAlive(pid));
});

test('a green file that ends with a bad exit code fails', () => {
  const outcome = run({ a: `${GOOD}process.on('exit', () => { process.exitCode = 3; });\n` });
  assert.is(outcome.lastLine, '1 passed, 1 failed');
  mentions(outcome, 'ended with exit code 3');
});

test('a file that ends in the middle of a test fails', () => {
  const outcome = run({ a: `${HEAD}test('x', () => process.exit(0));\ntest.run();\n` });
  assert.is(outcome.lastLine, '0 passed, 1 failed');
});

test('a test that was not compiled fails', () => {
  const root = makeTree({ 'test/a.test.ts': GOOD });
  const done = spawnSync(process.execPath, [RUNNER, '--root', root], { encoding: 'utf8' });
  assert.is(done.status, 1);
  assert.match(done.stdout, 'not compiled');
});

test('skipped tests are announced', () => {
  const outcome = run({ a: `${HEAD}test.skip('later', () => {});\ntest('x', () => {});\ntest.run();\n` });
  assert.is(outcome.lastLine, '1 passed, 0 failed');
  mentions(outcome, '1 TESTS WERE SKIPPED');
});

test('heavy files run at most so many at a time', () => {
  const heavy = `// weight: heavy\n${HEAD}
    import { mkdirSync, rmdirSync } from 'node:fs';
    test('alone', async () => {
      mkdirSync('busy');
      await new Promise((resolve) => setTimeout(resolve, 200));
      rmdirSync('busy');
    });
    test.run();\n`;
  const outcome = run({ a: heavy, b: heavy, c: heavy }, ['-j', '3', '--heavy', '1']);
  assert.is(outcome.lastLine, '3 passed, 0 failed');
});

test('summaries add up, in colour or not, and half of one is none', () => {
  const summary = `\n  Total:     3\u001b[32m\n  Passed:    2\u001b[39m\n  Skipped:   1\n  Duration:  1ms\n`;
  assert.equal(parseSummary(summary), { total: 3, passed: 2, skipped: 1 });
  assert.equal(parseSummary(summary + summary), { total: 6, passed: 4, skipped: 2 });
  assert.is(parseSummary('\n  Total:     3\n'), null);
});

test('forgotten suites are found whatever they are called', () => {
  assert.equal(forgottenSuites(`import { test as it } from 'uvu';\nit('x', f);`), ['it']);
  assert.equal(forgottenSuites(`const s = suite<Context>('s');\ns('x', f);\n// s.run();`), ['s']);
  assert.equal(forgottenSuites(`const s = suite('s');\ns('x', f);\ns.run();`), []);
});

test.run();
