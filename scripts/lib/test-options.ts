import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { killAllGroups } from './process-group.ts';
import type { TestRun } from './run-tests.ts';

export interface Options {
  readonly run: TestRun;
  readonly checksOnly: boolean;
  readonly buildFailed: boolean;
}

function parsePositive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`${name} must be a whole number from 1, not '${text}'`);
  }
  return value;
}

/** Options of the test runner and of the whole test command, which is the runner and more. */
export function parseOptions(args: readonly string[], root: string): Options {
  // Tests wait a good deal, for elections and for processes that start: one more than there are cores keeps those busy.
  const cores = availableParallelism();
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      jobs: { type: 'string', short: 'j', default: String(cores + 1) },
      heavy: { type: 'string', default: String(Math.max(2, cores - 1)) },
      root: { type: 'string', default: root },
      build: { type: 'string', default: 'dist' },
      'checks-only': { type: 'boolean', default: false },
      'build-failed': { type: 'boolean', default: false },
    },
  });
  const checkout = resolve(values.root);
  const full = process.env['TEST_FULL'] === '1';
  return {
    run: {
      root: checkout,
      buildDir: join(checkout, values.build),
      limits: { all: parsePositive('-j', values.jobs), heavy: parsePositive('--heavy', values.heavy) },
      select: positionals,
      full,
      // At home something else may have the machine just then.
      judgeTime: full || (process.env['CI'] ?? '') !== '',
    },
    checksOnly: values['checks-only'],
    buildFailed: values['build-failed'],
  };
}

/** Test files run in groups of their own, which a signal to us does not reach. */
export function endGroupsWithUs(): void {
  process.on('exit', killAllGroups);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}
