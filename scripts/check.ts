// The checks that are not tests. Each counts as one passed or failed in the last line of the test command.
import { join } from 'node:path';
import { stdout } from 'node:process';
import { checkBannedCalls } from './checks/banned-calls.ts';
import type { Check, CheckResult } from './checks/check-result.ts';
import { checkImportKinds } from './checks/import-kinds.ts';
import { checkImportRule } from './checks/import-rule.ts';
import type { Counts } from './lib/run-tests.ts';
import { runTool } from './lib/tool.ts';

function toolCheck(name: string, packageName: string, args: readonly string[]): Check {
  return {
    name,
    run: async (root) => {
      const { exitCode, output } = await runTool(packageName, packageName, args, root);
      return { ok: exitCode === 0, output };
    },
  };
}

const CHECKS: readonly Check[] = [
  toolCheck('format (prettier)', 'prettier', ['--check', '.']),
  toolCheck('lint (oxlint)', 'oxlint', [
    '--type-aware',
    '--deny-warnings',
    '--report-unused-disable-directives',
  ]),
  toolCheck('unused code and dependencies (knip)', 'knip', ['--no-progress']),
  {
    name: 'import rule: rooms',
    run: (root) => checkImportRule(root, join(root, '.dependency-cruiser.cjs')),
  },
  { name: 'import rule: types and circles', run: checkImportKinds },
  { name: 'banned calls', run: checkBannedCalls },
];

async function runCheck(check: Check, root: string): Promise<boolean> {
  const result: CheckResult = await Promise.resolve()
    .then(() => check.run(root))
    .catch((error: unknown) => ({ ok: false, output: String(error) }));
  stdout.write(`${result.ok ? 'ok  ' : 'FAIL'} check: ${check.name}\n`);
  if (!result.ok) stdout.write(`----- ${check.name}\n${result.output}\n-----\n`);
  return result.ok;
}

export async function runChecks(root: string): Promise<Counts> {
  const results = await Promise.all(CHECKS.map((check) => runCheck(check, root)));
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}
