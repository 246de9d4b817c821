// Runs one test file and judges it. Passing needs every witness: exit code, summary, counts and source.
import { existsSync } from 'node:fs';
import { runInGroup } from './process-group.ts';
import type { GroupResult } from './process-group.ts';
import type { TestFile } from './test-files.ts';
import { forgottenSuites, parseSummary } from './uvu-summary.ts';
import type { UvuSummary } from './uvu-summary.ts';

export interface FileVerdict {
  readonly file: TestFile;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why the file failed; empty if it passed. */
  readonly reasons: readonly string[];
  readonly leftBehind: boolean;
  readonly output: string;
  readonly durationMs: number;
}

const NO_TESTS: UvuSummary = { total: 0, passed: 0, skipped: 0 };

function reasonsAgainst(file: TestFile, result: GroupResult, summary: UvuSummary | null): string[] {
  const reasons: string[] = [];
  if (result.timedOut) {
    reasons.push(`timed out after ${file.timeoutMs / 1_000} s`);
  } else if (result.exitCode !== 0) {
    reasons.push(`ended with ${result.signal ?? `exit code ${result.exitCode}`}`);
  }
  if (summary === null) reasons.push('no uvu summary: a forgotten .run(), or it ended early');
  else if (summary.total === 0) reasons.push('no test ran');
  else if (summary.passed !== summary.total) {
    reasons.push(`${summary.total - summary.passed} of ${summary.total} tests did not pass`);
  }
  for (const suite of forgottenSuites(file.source)) {
    reasons.push(
      `tests added to suite '${suite}' are never run: ${suite}.run() must come after the last one`,
    );
  }
  return reasons;
}

function judge(file: TestFile, result: GroupResult): FileVerdict {
  const parsed = parseSummary(result.output);
  const reasons = reasonsAgainst(file, result, parsed);
  const { total, passed, skipped } = parsed ?? NO_TESTS;
  // A file may fail though all of its tests passed; then the file itself is the failure that is counted.
  const failed = Math.max(total - passed, reasons.length > 0 ? 1 : 0);
  const { leftBehind, output, durationMs } = result;
  return { file, passed, failed, skipped, reasons, leftBehind, output, durationMs };
}

function testEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
  // Node warns when both are set, and uvu lets FORCE_COLOR win.
  delete env['FORCE_COLOR'];
  return env;
}

export async function runTestFile(file: TestFile, cwd: string): Promise<FileVerdict> {
  if (!existsSync(file.compiled)) {
    const reasons = [`not compiled: ${file.compiled} does not exist`];
    return { file, passed: 0, failed: 1, skipped: 0, reasons, leftBehind: false, output: '', durationMs: 0 };
  }
  const args = ['--enable-source-maps', file.compiled];
  const result = await runInGroup(process.execPath, args, { cwd, timeoutMs: file.timeoutMs, env: testEnv() });
  return judge(file, result);
}
