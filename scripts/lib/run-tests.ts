// Runs the selected test files, and all repeats if they are asked for, and judges what they took.
import { stdout } from 'node:process';
import { runPool } from './pool.ts';
import type { PoolLimits } from './pool.ts';
import { runTestFile } from './run-test-file.ts';
import type { FileVerdict, Setting } from './run-test-file.ts';
import { inSeconds, report, summarise } from './test-report.ts';
import { clientOutput, findTestFiles, withoutParts } from './test-files.ts';
import type { TestFile } from './test-files.ts';
import { TimeBudget, readAllowances } from './time-budget.ts';
import { slowness } from './yardstick.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export const NO_COUNTS: Counts = { passed: 0, failed: 0 };

export interface TestRun {
  readonly root: string;
  readonly buildDir: string;
  readonly limits: PoolLimits;
  /** Parts of file names; a file that contains any of them is run. None means all files. */
  readonly select: readonly string[];
  /** With all repeats: selected files at once, all files first as usual and then those that have more than that. */
  readonly full: boolean;
  /** Files that take too long are failures, and not only named. */
  readonly judgeTime: boolean;
}

function say(line: string): void {
  stdout.write(`${line}\n`);
}

export function addUp(all: readonly Counts[]): Counts {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** As usual, tests start the bundled command; with all repeats it is the one that is published, file by file. */
async function settingFor(files: readonly TestFile[], run: TestRun, full: boolean): Promise<Setting> {
  const bundled = !full && files.some(({ startsNodes }) => startsNodes);
  if (!bundled) return { cwd: run.root, full, nodeBundle: undefined };
  // The bundler takes longer to load than most files take to run.
  const { bundleNode } = await import('./node-bundle.ts');
  const nodeBundle = await bundleNode(run.buildDir, clientOutput(run.root, run.buildDir));
  return { cwd: run.root, full, nodeBundle };
}

async function runFiles(files: readonly TestFile[], run: TestRun, setting: Setting): Promise<FileVerdict[]> {
  const verdicts: FileVerdict[] = [];
  await runPool(files, run.limits, async (file) => {
    const verdict = await runTestFile(file, setting);
    verdicts.push(verdict);
    report(verdict);
  });
  return verdicts;
}

/** Runs again, one by one, what took too long beside others: of both times the shorter one counts, of both verdicts the worse. */
async function repeatSlowOnes(
  verdicts: readonly FileVerdict[],
  budget: TimeBudget,
  setting: Setting,
): Promise<readonly FileVerdict[]> {
  const repeated = new Set<TestFile>();
  let all = verdicts;
  for (;;) {
    const file = budget.nextToRepeat(all, repeated);
    if (file === undefined) return all;
    repeated.add(file);
    const again = await runTestFile(file, setting);
    say(`${file.name} once more, alone: ${inSeconds(again.durationMs)}`);
    if (again.failed > 0) report(again);
    all = all.map((before) => {
      if (before.file !== file) return before;
      const durationMs = Math.min(before.durationMs, again.durationMs);
      return { ...(again.failed > before.failed ? again : before), durationMs };
    });
  }
}

function tellTime(verdicts: readonly FileVerdict[], budget: TimeBudget, judged: boolean): Counts {
  const wall = verdicts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const faults = budget.faults(verdicts);
  say(`\ntime of all files: ${inSeconds(wall)}, of at most ${budget.totalS} s`);
  for (const fault of faults) say(`${judged ? 'FAIL' : 'note:'} ${fault}`);
  if (!judged) return NO_COUNTS;
  return { passed: faults.length > 0 ? 0 : 1, failed: faults.length };
}

/** Everything as `npm test` runs it. */
async function runAsUsual(files: readonly TestFile[], run: TestRun): Promise<Counts> {
  const setting = await settingFor(files, run, false);
  let verdicts: readonly FileVerdict[] = await runFiles(files, run, setting);
  let budget = new TimeBudget(readAllowances(run.root));
  if (run.judgeTime && budget.faults(verdicts).length > 0) {
    const slow = slowness();
    say(
      `\nthis machine takes ${slow.toFixed(2)} times as long as the one that the limits of time were set on`,
    );
    budget = new TimeBudget(readAllowances(run.root), slow);
    verdicts = await repeatSlowOnes(verdicts, budget, setting);
  }
  summarise(verdicts);
  return addUp([...verdicts, tellTime(verdicts, budget, run.judgeTime)]);
}

async function runOnly(files: readonly TestFile[], run: TestRun): Promise<Counts> {
  const verdicts = await runFiles(files, run, await settingFor(files, run, run.full));
  summarise(verdicts);
  if (run.full) return addUp(verdicts);
  const budget = new TimeBudget(readAllowances(run.root));
  const usual = verdicts.filter(({ file }) => !file.fullOnly);
  for (const fault of usual.map((verdict) => budget.faultOf(verdict))) if (fault) say(`note: ${fault}`);
  return addUp(verdicts);
}

/**
 * The time of files is judged by the usual run, so with all repeats that comes first, whole: what runs in both forms is short in
 * its usual one.
 */
async function runAll(all: readonly TestFile[], run: TestRun): Promise<Counts> {
  const usual = withoutParts(all.filter(({ fullOnly }) => !fullOnly));
  if (usual.length === 0) {
    say('FAIL there is no test file');
    return { passed: 0, failed: 1 };
  }
  const counts = await runAsUsual(usual, run);
  const more = withoutParts(all).filter(({ fullOnly, hasRepeats }) => fullOnly || hasRepeats);
  if (run.full) {
    say('\nall repeats, and what only runs with them:');
    return addUp([counts, await runOnly(more, run)]);
  }
  const left = more.filter(({ fullOnly }) => fullOnly).length;
  if (left > 0) say(`${left} test files more run with TEST_FULL=1`);
  return counts;
}

export async function runTests(run: TestRun): Promise<Counts> {
  const all = findTestFiles(run.root, run.buildDir);
  if (run.select.length === 0) return await runAll(all, run);
  // A name that matches nothing is a typing error, and a run of nothing must not look like a success.
  const unmatched = run.select.filter((part) => !all.some((file) => file.name.includes(part)));
  for (const part of unmatched) say(`FAIL no test file matches '${part}'`);
  const chosen = all.filter(({ name }) => run.select.some((part) => name.includes(part)));
  return addUp([await runOnly(withoutParts(chosen), run), { passed: 0, failed: unmatched.length }]);
}
