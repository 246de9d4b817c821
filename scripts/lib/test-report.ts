// What a run of test files says of them.
import { stdout } from 'node:process';
import type { FileVerdict } from './run-test-file.ts';

/** Named at the end of a run: where its time has gone. */
const slowestShown = 10;

function say(line: string): void {
  stdout.write(`${line}\n`);
}

export function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function times({ durationMs, processorMs }: FileVerdict): string {
  const processor = processorMs === undefined ? '' : `, ${inSeconds(processorMs)} of processor time`;
  return `${inSeconds(durationMs)}${processor}`;
}

export function report(verdict: FileVerdict): void {
  const { file, passed, failed, skipped, reasons } = verdict;
  const word = failed > 0 ? 'FAIL' : 'ok  ';
  const skips = skipped > 0 ? `, ${skipped} SKIPPED` : '';
  say(`${word} ${file.name}: ${passed} passed, ${failed} failed${skips} (${times(verdict)})`);
  if (verdict.leftBehind) say(`     note: ${file.name} left processes behind; they were killed`);
  if (failed === 0) return;
  for (const reason of reasons) say(`     ${reason}`);
  say(`----- output of ${file.name}`);
  say(verdict.output.trimEnd());
  say('-----');
}

export function summarise(verdicts: readonly FileVerdict[]): void {
  const skippers = verdicts.filter((verdict) => verdict.skipped > 0);
  if (skippers.length > 0) {
    const count = skippers.reduce((sum, verdict) => sum + verdict.skipped, 0);
    say(`\n!!!!! ${count} TESTS WERE SKIPPED, in: ${skippers.map(({ file }) => file.name).join(', ')}`);
  }
  const slowest = verdicts.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, slowestShown);
  say(
    `\nslowest: ${slowest.map(({ file, durationMs }) => `${file.name} ${inSeconds(durationMs)}`).join(', ')}`,
  );
  const failures = verdicts.filter((verdict) => verdict.failed > 0);
  if (failures.length === 0) return;
  say('\nfailed files:');
  for (const { file, reasons } of failures) say(`  ${file.name}: ${reasons.join('; ')}`);
}
