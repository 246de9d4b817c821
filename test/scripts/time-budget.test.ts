/** The judgement over what test files take, on made-up times. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { findTestFiles } from '../../scripts/lib/test-files.ts';
import type { TestFile } from '../../scripts/lib/test-files.ts';
import { TIME_BUDGET, TimeBudget, readAllowances } from '../../scripts/lib/time-budget.ts';
import type { Allowance, FileTime } from '../../scripts/lib/time-budget.ts';
import { slowness } from '../../scripts/lib/yardstick.ts';
import { makeTree } from './temp-tree.ts';

function took(name: string, seconds: number, startsProcesses = false): FileTime {
  const file: TestFile = {
    name,
    compiled: '',
    source: '',
    timeoutMs: 1,
    heavy: false,
    startsProcesses,
    startsNodes: false,
    hasRepeats: false,
    fullOnly: false,
    parts: [],
  };
  return { file, durationMs: seconds * 1_000 };
}

function listed(file: string, seconds: number): Allowance {
  return { file, seconds, reason: 'for the test' };
}

function faults(times: readonly FileTime[], ...list: readonly Allowance[]): readonly string[] {
  return new TimeBudget(list).faults(times);
}

const { fileS, processFileS, totalS, allowancesS } = TIME_BUDGET;

test('the bounds are those that are written down', () => {
  assert.equal(TIME_BUDGET, { totalS: 800, fileS: 30, processFileS: 12, allowancesS: 300 });
});

test('a file may take its time to the end, and not more', () => {
  assert.equal(faults([took('a', fileS), took('b', processFileS, true)]), []);
  assert.equal(faults([took('a', 30.1)]), ['a took 30.1 s, of at most 30 s for a file']);
  assert.equal(faults([took('a', 12.1, true)]), [
    'a took 12.1 s, of at most 12 s for a file that starts processes',
  ]);
});

test('a listed file may take what the list says, and not more', () => {
  assert.equal(faults([took('a', 40)], listed('a', 40)), []);
  assert.equal(faults([took('a', 40.1)], listed('a', 40)), [
    'a took 40.1 s, of at most 40 s for a file listed so',
  ]);
  assert.is(faults([took('a', 31), took('b', 31)], listed('a', 40)).length, 1, 'and nobody else');
});

test('all files together have a bound, listed ones included', () => {
  const many = Array.from({ length: 40 }, (_, at) => took(String(at), totalS / 40));
  assert.equal(faults(many), []);
  assert.equal(faults([...many, took('one more', 1)]), [
    'all files together took 801.0 s of file time, of at most 800 s',
  ]);
  const long = Array.from({ length: 20 }, (_, at) => took(String(at), 30));
  const list = [100, 100, 100].map((seconds, at) => listed(`listed ${at}`, seconds));
  const times = list.map(({ file, seconds }) => took(file, seconds));
  assert.is(faults([...long, ...times], ...list).length, 1);
});

test('the list has a bound of its own', () => {
  const list = Array.from({ length: 6 }, (_, at) => listed(String(at), allowancesS / 6));
  const times = list.map(({ file }) => took(file, 40));
  assert.equal(faults(times, ...list), []);
  assert.equal(faults([...times, took('one more', 31)], ...list, listed('one more', 31)), [
    'test/time-allowances.json: the list allows 331 s in all, of at most 300 s',
  ]);
});

test('a machine that is slower or busy has more time, one that is faster has no less', () => {
  const times = [took('a', 50), took('b', 20, true), took('c', 70)];
  assert.equal(new TimeBudget([listed('c', 40)], 2).faults(times), []);
  assert.is(new TimeBudget([listed('c', 40)], 1.5).faults(times).length, 3);
  assert.equal(new TimeBudget([], 2).faults([took('a', 60.1)]), [
    'a took 60.1 s, of at most 60 s for a file',
  ]);
  const many = Array.from({ length: 40 }, (_, at) => took(String(at), 1.4 * (totalS / 40)));
  assert.equal(new TimeBudget([], 1.4).faults(many), []);
  assert.is(new TimeBudget([], 0.5).faults(many).length, 1);
  // On a machine that is twice as fast a listed file may take half of what shows that it needs its place.
  const fast = new TimeBudget([listed('p', 20)], 0.5);
  assert.equal(fast.faults([took('p', 3.1, true)]), []);
  assert.match(fast.faults([took('p', 2.9, true)])[0] ?? '', 'needs no place in the list');
});

test('a machine is measured by the middle of three looks, and never taken for a miracle', () => {
  const measured = (...looks: readonly number[]): number => {
    const left = [...looks];
    return slowness(() => left.shift() ?? NaN);
  };
  const even = measured(1_000, 1_000, 1_000);
  assert.is(measured(1_000, 9_000, 100), even);
  assert.is(measured(100_000, 100_000, 100_000), 4);
  assert.is(measured(1, 1, 1), 0.25);
  assert.ok(slowness() >= 0.25);
});

test('whoever is listed exists, and needs it', () => {
  const rest = [took('a', 10, true)];
  assert.match(faults(rest, listed('gone', 40))[0] ?? '', 'gone is listed and does not exist');
  assert.match(faults(rest, listed('a', 20), listed('a', 25))[0] ?? '', 'a is listed twice');
  assert.match(faults([took('a', 5, true)], listed('a', 12))[0] ?? '', 'may take 12 s anyway');
  assert.match(faults([took('a', 6, true)], listed('a', 20))[0] ?? '', 'needs no place in the list');
  // A faster machine alone takes nobody off the list.
  assert.equal(faults([took('a', 6.1, true)], listed('a', 20)), []);
});

test('what took too long is run again, each once; for the total the slowest, and not all of them', () => {
  const budget = new TimeBudget([listed('b', 40)]);
  const times = [took('a', 31), took('b', 39), took('c', 13, true), took('d', 1)];
  const [a, b, c] = times.map(({ file }) => file);
  const repeated = new Set<TestFile>();
  assert.is(budget.nextToRepeat(times, repeated), a);
  if (a !== undefined) repeated.add(a);
  assert.is(budget.nextToRepeat(times, repeated), c);
  if (c !== undefined) repeated.add(c);
  assert.is(budget.nextToRepeat(times, repeated), undefined);

  const many = Array.from({ length: 40 }, (_, at) => took(String(at), 20));
  assert.is(budget.nextToRepeat([...times, ...many], repeated), b);
  for (const { file } of many.slice(0, 8)) repeated.add(file);
  assert.is(repeated.size, 10);
  assert.is(budget.nextToRepeat([...times, ...many], repeated), undefined);
});

test('a list is read as a whole or not at all', () => {
  const list = [listed('test/a.test.ts', 20)];
  assert.equal(readAllowances(makeTree({ 'test/time-allowances.json': JSON.stringify(list) })), list);
  assert.equal(readAllowances(makeTree({})), []);
  for (const wrong of [{ a: 20 }, [{ ...list[0], reason: ' ' }], [{ ...list[0], seconds: '20' }], [null]]) {
    const root = makeTree({ 'test/time-allowances.json': JSON.stringify(wrong) });
    assert.throws(() => readAllowances(root), /must be a list/);
  }
});

test('who starts processes is seen through the helpers, and what has repeats too; types and the product do not count', () => {
  const root = makeTree({
    'test/direct.test.ts': `import { spawn } from 'node:child_process';\n`,
    'test/deep/helped.test.ts': `import {\n  one,\n  two,\n} from '../lib/helper.ts';\n`,
    'test/lib/helper.ts': `export { child } from './child.ts';\n`,
    'test/lib/child.ts': `import { spawn } from 'node:child_process';\nimport { helper } from './helper.ts';\n`,
    'test/typed.test.ts': `import type { ChildProcess } from 'node:child_process';\nimport type { C } from './lib/child.ts';\n`,
    'test/product.test.ts': `import { dev } from '../src/dev.ts';\n`,
    'src/dev.ts': `import { spawn } from 'node:child_process';\n`,
    'test/repeats.test.ts': `import { play } from './scenario.ts';\n`,
    'test/scenario.ts': `import { repeats } from './lib/effort.ts';\n`,
    'test/lib/effort.ts': `export const full = false;\n`,
  });
  const files = findTestFiles(root, root);
  const names = (some: readonly TestFile[]): string => some.map(({ name }) => name).join(' ');
  assert.is(
    names(files.filter(({ startsProcesses }) => startsProcesses)),
    'test/deep/helped.test.ts test/direct.test.ts',
  );
  assert.is(names(files.filter(({ hasRepeats }) => hasRepeats)), 'test/repeats.test.ts');
});

test('the list of this repository is in order before anything has run', () => {
  const root = findRepoRoot(import.meta.url);
  const list = readAllowances(root);
  const budget = new TimeBudget(list);
  // As if each took just what it may.
  const times = findTestFiles(root, root)
    .filter(({ fullOnly }) => !fullOnly)
    .map((file) => ({ file, durationMs: budget.limitS(file) * 1_000 }));
  assert.equal(
    budget.faults(times).filter((fault) => fault.startsWith('test/time-allowances.json')),
    [],
  );
});

test.run();
