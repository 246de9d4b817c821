// Runs one test file and judges it. Passing needs every witness: exit code, summary, counts and source.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { runInGroup } from './process-group.ts';
import type { GroupResult } from './process-group.ts';
import { measured, takeProcessorTime } from './processor-time.ts';
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
  readonly processorMs: number | undefined;
}

const NO_TESTS: UvuSummary = { total: 0, passed: 0, skipped: 0 };

/** What a shell says of a command that a signal ended. */
function describeExit({ exitCode, signal }: GroupResult): string {
  const name = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number)?.[0];
  return signal ?? name ?? `exit code ${exitCode}`;
}

function reasonsAgainst(file: TestFile, result: GroupResult, summary: UvuSummary | null): string[] {
  const reasons: string[] = [];
  if (result.timedOut) {
    reasons.push(`timed out after ${file.timeoutMs / 1_000} s`);
  } else if (result.exitCode !== 0) {
    reasons.push(`ended with ${describeExit(result)}`);
  }
  if (summary === null) reasons.push('no uvu summary: a forgotten .run(), or it ended early');
  else if (summary.total === 0) reasons.push('no test ran');
  else if (summary.passed !== summary.total) {
    reasons.push(`${summary.total - summary.passed} of ${summary.total} tests did not pass`);
  }
  for (const suite of [file, ...file.parts].flatMap(({ source }) => forgottenSuites(source))) {
    reasons.push(
      `tests added to suite '${suite}' are never run: ${suite}.run() must come after the last one`,
    );
  }
  return reasons;
}

function judge(file: TestFile, result: GroupResult): FileVerdict {
  const { output, processorMs } = takeProcessorTime(result.output);
  const parsed = parseSummary(output);
  const reasons = reasonsAgainst(file, result, parsed);
  const { total, passed, skipped } = parsed ?? NO_TESTS;
  // A file may fail though all of its tests passed; then the file itself is the failure that is counted.
  const failed = Math.max(total - passed, reasons.length > 0 ? 1 : 0);
  const { leftBehind, durationMs } = result;
  return { file, passed, failed, skipped, reasons, leftBehind, output, durationMs, processorMs };
}

export interface Setting {
  readonly cwd: string;
  /** With all the repeats that it has. */
  readonly full: boolean;
  /** Where the bundled command is; without it tests start the command as it was compiled. */
  readonly nodeBundle: string | undefined;
}

function testEnv({ fullOnly }: TestFile, { full, nodeBundle }: Setting): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NO_COLOR: '1',
    TEST_FULL: full || fullOnly ? '1' : '0',
    TEST_NODE_BUNDLE: nodeBundle,
  };
  // Node warns when both are set, and uvu lets FORCE_COLOR win.
  delete env['FORCE_COLOR'];
  return env;
}

export async function runTestFile(file: TestFile, setting: Setting): Promise<FileVerdict> {
  if (!existsSync(file.compiled)) {
    const reasons = [`not compiled: ${file.compiled} does not exist`];
    const nothing = { passed: 0, failed: 1, skipped: 0, leftBehind: false, output: '' };
    return { file, reasons, ...nothing, durationMs: 0, processorMs: undefined };
  }
  const { command, args } = measured(process.execPath, ['--enable-source-maps', file.compiled]);
  const result = await runInGroup(command, args, {
    cwd: setting.cwd,
    timeoutMs: file.timeoutMs,
    env: testEnv(file, setting),
  });
  return judge(file, result);
}
