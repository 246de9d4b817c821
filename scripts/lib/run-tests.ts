// Runs the selected test files and reports on them as they end.
import { stdout } from 'node:process';
import { runPool } from './pool.ts';
import type { PoolLimits } from './pool.ts';
import { runTestFile } from './run-test-file.ts';
import type { FileVerdict } from './run-test-file.ts';
import { findTestFiles } from './test-files.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export interface TestRun {
  readonly root: string;
  readonly buildDir: string;
  readonly limits: PoolLimits;
  /** Parts of file names; a file that contains any of them is run. None means all files. */
  readonly select: readonly string[];
}

/** Named at the end of a run: where its time has gone. */
const slowestShown = 10;

function say(line: string): void {
  stdout.write(`${line}\n`);
}

function inSeconds({ durationMs }: FileVerdict): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}

function report(verdict: FileVerdict): void {
  const { file, passed, failed, skipped, reasons } = verdict;
  const word = failed > 0 ? 'FAIL' : 'ok  ';
  const skips = skipped > 0 ? `, ${skipped} SKIPPED` : '';
  say(`${word} ${file.name}: ${passed} passed, ${failed} failed${skips} (${inSeconds(verdict)})`);
  if (verdict.leftBehind) say(`     note: ${file.name} left processes behind; they were killed`);
  if (failed === 0) return;
  for (const reason of reasons) say(`     ${reason}`);
  say(`----- output of ${file.name}`);
  say(verdict.output.trimEnd());
  say('-----');
}

function summarise(verdicts: readonly FileVerdict[]): void {
  const skippers = verdicts.filter((verdict) => verdict.skipped > 0);
  if (skippers.length > 0) {
    const count = skippers.reduce((sum, verdict) => sum + verdict.skipped, 0);
    say(`\n!!!!! ${count} TESTS WERE SKIPPED, in: ${skippers.map(({ file }) => file.name).join(', ')}`);
  }
  const slowest = verdicts.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, slowestShown);
  say(`\nslowest: ${slowest.map((verdict) => `${verdict.file.name} ${inSeconds(verdict)}`).join(', ')}`);
  const failures = verdicts.filter((verdict) => verdict.failed > 0);
  if (failures.length === 0) return;
  say('\nfailed files:');
  for (const { file, reasons } of failures) say(`  ${file.name}: ${reasons.join('; ')}`);
}

export async function runTests(run: TestRun): Promise<Counts> {
  const all = findTestFiles(run.root, run.buildDir);
  // A name that matches nothing is a typing error, and a run of nothing must not look like a success.
  const unmatched = run.select.filter((part) => !all.some((file) => file.name.includes(part)));
  if (all.length === 0) say('FAIL there is no test file');
  for (const part of unmatched) say(`FAIL no test file matches '${part}'`);
  const chosen = all.filter(
    ({ name }) => run.select.length === 0 || run.select.some((part) => name.includes(part)),
  );
  const verdicts: FileVerdict[] = [];
  await runPool(chosen, run.limits, async (file) => {
    const verdict = await runTestFile(file, run.root);
    verdicts.push(verdict);
    report(verdict);
  });
  summarise(verdicts);
  return {
    passed: verdicts.reduce((sum, verdict) => sum + verdict.passed, 0),
    failed:
      unmatched.length +
      (all.length === 0 ? 1 : 0) +
      verdicts.reduce((sum, verdict) => sum + verdict.failed, 0),
  };
}
