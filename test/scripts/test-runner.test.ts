// The runner must not be fooled by anything that leaves uvu silent: each of its traps has a fixture here.
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { takeProcessorTime } from '../../scripts/lib/processor-time.ts';
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

/** Whoever runs these tests may be asked for all repeats: what is run here is not, unless it says so. */
const AT_HOME = { CI: '', TEST_FULL: '' };

interface Setting {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files beside the tests. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Runs the runner over fixtures. Plain JavaScript is its own compiled form. */
function runWith(fixtures: Readonly<Record<string, string>>, { args = [], env, more }: Setting): Outcome {
  const files: Record<string, string> = { 'package.json': '{"type":"module"}' };
  for (const [name, source] of Object.entries(fixtures)) {
    files[`test/${name}.test.ts`] = source;
    files[`dist/test/${name}.test.js`] = source;
  }
  const root = makeTree({ ...files, ...more });
  symlinkSync(join(findRepoRoot(import.meta.url), 'node_modules'), join(root, 'node_modules'));
  const done = spawnSync(process.execPath, [RUNNER, '--root', root, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...AT_HOME, ...env },
  });
  const lines = done.stdout.trimEnd().split('\n');
  return { status: done.status, lines, lastLine: lines.at(-1) ?? '' };
}

function run(fixtures: Readonly<Record<string, string>>, args: readonly string[] = []): Outcome {
  return runWith(fixtures, { args });
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

test('with TEST_FULL all files run as usual, and then those again that have repeats, in one count', () => {
  const asked = `${HEAD}test('asked for', () => assert.is(process.env.TEST_FULL, '1'));\ntest.run();\n`;
  const more = {
    'test/lib/effort.ts': `export const full = true;\n`,
    'test/helper.ts': `import type { Other } from './other.ts';\nimport { full } from './lib/effort.ts';\n`,
    // Compiled, it needs none of them.
    'dist/test/a.test.js': asked,
  };
  const a = `import { help } from './helper.ts';\n${asked}`;
  const outcome = runWith({ a, b: GOOD }, { env: { TEST_FULL: '1' }, more });
  // As usual the first one fails here; the time of the usual run is a count of its own.
  assert.is(outcome.lastLine, '3 passed, 1 failed');
  const files = outcome.lines.filter((line) => /^(ok|FAIL) .*test\.ts: /.test(line));
  assert.equal(files.map((line) => line.slice(0, 19)).toSorted(), [
    'FAIL test/a.test.ts',
    'ok   test/a.test.ts',
    'ok   test/b.test.ts',
  ]);
});

test('a file named `.full` runs with TEST_FULL only, or when it is named', () => {
  const files = { 'a.full': GOOD, b: GOOD };
  const usual = run(files);
  assert.is(usual.lastLine, '1 passed, 0 failed');
  mentions(usual, '1 test files more run with TEST_FULL=1');
  assert.is(run(files, ['a.full']).lastLine, '1 passed, 0 failed');
  const whole = runWith(files, { env: { TEST_FULL: '1' } });
  // The time of the usual run is a count of its own.
  assert.is(whole.lastLine, '3 passed, 0 failed');
  mentions(whole, 'ok   test/a.full.test.ts: ');
});

test('a test file that another one imports runs as its part, and alone when it is named', () => {
  const part = `${HEAD}const own = suite('own');\nown('x', () => {});\nown.run();\n`;
  const whole = `import './a.test.ts';\nimport './b.test.ts';\n`;
  const more = { 'dist/test/whole.test.js': whole.replaceAll('.ts', '.js') };
  const all = runWith({ a: part, b: part, whole, other: GOOD }, { more });
  assert.is(all.lastLine, '3 passed, 0 failed');
  mentions(all, 'ok   test/whole.test.ts: 2 passed, 0 failed');
  const named = runWith({ a: part, b: part, whole }, { more, args: ['/b.test'] });
  assert.is(named.lastLine, '1 passed, 0 failed');
  mentions(named, 'ok   test/b.test.ts: 1 passed, 0 failed');
  const forgotten = `${HEAD}const lost = suite('lost');\nlost('x', () => {});\n`;
  const half = runWith({ a: part, b: forgotten, whole }, { more });
  assert.is(half.lastLine, '1 passed, 1 failed');
  mentions(half, `suite 'lost'`);
});

test('named files run once, with TEST_FULL too', () => {
  const asked = `${HEAD}test('all', () => assert.is(process.env.TEST_FULL, '1'));\ntest.run();\n`;
  const outcome = runWith({ a: asked, b: GOOD }, { args: ['a.test'], env: { TEST_FULL: '1' } });
  assert.is(outcome.lastLine, '1 passed, 0 failed');
});

test('a file over its time is run again alone, and then fails under CI; at home it is named', () => {
  const list = JSON.stringify([{ file: 'test/a.test.ts', seconds: 0.001, reason: 'nothing is so fast' }]);
  const more = { 'test/time-allowances.json': list };
  const judged = runWith({ a: GOOD }, { more, env: { CI: 'true' } });
  // The time and the list each have a fault here.
  assert.is(judged.lastLine, '1 passed, 2 failed');
  assert.is(judged.status, 1);
  mentions(judged, 'test/a.test.ts once more, alone: ');
  mentions(judged, 'FAIL test/a.test.ts took ');
  const home = runWith({ a: GOOD }, { more });
  assert.is(home.lastLine, '1 passed, 0 failed');
  mentions(home, 'note: test/a.test.ts took ');
});

test('a run in time counts as passed under CI, and a list that cannot be read is not passed over', () => {
  assert.is(runWith({ a: GOOD }, { env: { CI: 'true' } }).lastLine, '2 passed, 0 failed');
  const more = { 'test/time-allowances.json': '[{ "file": "test/a.test.ts", "seconds": 20 }]' };
  assert.is.not(runWith({ a: GOOD }, { more }).status, 0);
});

test('a test that a signal ends is said to have been', () => {
  const outcome = run({ a: `${HEAD}process.kill(process.pid, 'SIGKILL');\n` });
  mentions(outcome, 'ended with SIGKILL');
});

test('processor time counts, also of what the test has started', () => {
  const busy = `const end = Date.now() + 300; while (Date.now() < end);`;
  const child = `import { spawnSync } from 'node:child_process';\nspawnSync(process.execPath, ['-e', \`${busy}\`]);\n`;
  const outcome = run({ a: `${child}${GOOD}` });
  const seconds = /\(([\d.]+) s, ([\d.]+) s of processor time\)/.exec(outcome.lines.join('\n'));
  assert.ok(Number(seconds?.[2]) >= 0.2, outcome.lines.join('\n'));
  assert.equal(takeProcessorTime('no report'), { output: 'no report', processorMs: undefined });
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
