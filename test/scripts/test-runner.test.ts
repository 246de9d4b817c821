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

/** What was said of one file, in its line and in what is indented below it. */
function verdictOn({ lines }: Outcome, name: string): string {
  const at = lines.findIndex(
    (line) => /^(ok {2}|FAIL) /.test(line) && line.includes(` test/${name}.test.ts: `),
  );
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('     '));
  return lines.slice(at, end).join('\n');
}

/** What each of these files does wrong, and what must be said of it. Those of one run are one run of the runner. */
const traps: Readonly<Record<string, { readonly source: string; readonly said: readonly string[] }>> = {
  'an assertion fails': {
    source: `${HEAD}test('sum', () => assert.equal({ a: 'left' }, { a: 'right' }));\ntest('fine', () => {});\ntest.run();\n`,
    said: ['FAIL', '1 passed, 1 failed'],
  },
  'a hook throws, though uvu ends well': {
    source: `${HEAD}test.before(() => { throw new Error('no'); });\ntest('x', () => {});\ntest('y', () => {});\ntest.run();\n`,
    said: ['FAIL', '0 passed, 2 failed'],
  },
  'run is forgotten': {
    source: `${HEAD}test('x', () => {});\n`,
    said: ['FAIL', '0 passed, 1 failed', 'no uvu summary'],
  },
  'one suite is forgotten beside one that runs': {
    source: `${GOOD}const other = suite('other');\nother('lost', () => {});\n`,
    said: ['FAIL', '1 passed, 1 failed', `suite 'other'`],
  },
  'a test is added after run': {
    source: `${GOOD}test('late', () => {});\n`,
    said: ['FAIL', `suite 'test'`],
  },
  'there is no test': { source: `${HEAD}test.run();\n`, said: ['FAIL', '0 passed, 1 failed'] },
  'green, with a bad exit code': {
    source: `${GOOD}process.on('exit', () => { process.exitCode = 3; });\n`,
    said: ['FAIL', '1 passed, 1 failed', 'ended with exit code 3'],
  },
  'it ends in the middle of a test': {
    source: `${HEAD}test('x', () => process.exit(0));\ntest.run();\n`,
    said: ['FAIL', '0 passed, 1 failed'],
  },
  'a signal ends it': {
    source: `${HEAD}process.kill(process.pid, 'SIGKILL');\n`,
    said: ['FAIL', 'ended with SIGKILL'],
  },
  'a test is skipped': {
    source: `${HEAD}test.skip('later', () => {});\ntest('x', () => {});\ntest.run();\n`,
    said: ['ok  ', '1 passed, 0 failed, 1 SKIPPED'],
  },
  'good beside all of them': { source: GOOD, said: ['ok  ', '1 passed, 0 failed'] },
};

test('whatever leaves uvu silent fails its file, and is told', () => {
  const outcome = run(Object.fromEntries(Object.entries(traps).map(([name, { source }]) => [name, source])));
  for (const [name, { said }] of Object.entries(traps)) {
    const verdict = verdictOn(outcome, name);
    for (const text of said) assert.ok(verdict.includes(text), `${name}: '${text}' in ${verdict}`);
  }
  assert.is(outcome.lastLine, '6 passed, 10 failed');
  assert.is(outcome.status, 1);
  mentions(outcome, '++··"a":·"right"');
  mentions(outcome, '--··"a":·"left"');
  mentions(outcome, '1 TESTS WERE SKIPPED');
});

test('good files pass, and their tests are counted', () => {
  const outcome = run({ a: GOOD, 'deep/b': GOOD });
  assert.is(outcome.lastLine, '2 passed, 0 failed');
  assert.is(outcome.status, 0);
  mentions(outcome, 'ok   test/deep/b.test.ts: 1 passed, 0 failed');
});

test('no file at all fails, and so does a name that matches none', () => {
  const empty = run({});
  assert.is(empty.lastLine, '0 passed, 1 failed');
  assert.is(empty.status, 1);
  const unmatched = run({ one: GOOD, two: GOOD }, ['one.test', 'nowhere']);
  assert.is(unmatched.lastLine, '1 passed, 1 failed');
  assert.is(unmatched.status, 1);
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

test('a test that was not compiled fails', () => {
  const root = makeTree({ 'test/a.test.ts': GOOD });
  const done = spawnSync(process.execPath, [RUNNER, '--root', root], { encoding: 'utf8' });
  assert.is(done.status, 1);
  assert.match(done.stdout, 'not compiled');
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

test('with TEST_FULL all files run as usual, and then those again that have more, in one count', () => {
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

/** A whole file for full runs; what it is asked for, it is told. */
const FULL_ONLY = `${HEAD}test('x', () => assert.is(process.env.TEST_FULL, '1'));\ntest.run();\n`;

test('what is named .full.test.ts is only told of, runs with TEST_FULL, and runs when it is named', () => {
  // A part of it that is none is left out nowhere.
  const fixtures = { a: GOOD, 'b.full': `import './a.test.js';\n${FULL_ONLY}` };
  const home = run(fixtures);
  assert.is(home.lastLine, '1 passed, 0 failed');
  mentions(home, '1 test files more run with TEST_FULL=1');
  const full = runWith(fixtures, { env: { TEST_FULL: '1' } });
  assert.is(full.lastLine, '4 passed, 0 failed');
  mentions(full, 'ok   test/b.full.test.ts: 2 passed, 0 failed');
  const named = run(fixtures, ['b.full']);
  assert.is(named.lastLine, '2 passed, 0 failed');
  const nothing = run({ 'b.full': FULL_ONLY });
  assert.is(nothing.lastLine, '0 passed, 1 failed');
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
  assert.is(half.status, 1);
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
