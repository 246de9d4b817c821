// One table of exit codes: the program's, `--help` and docs/cli.md say the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorTable, type ErrorCode } from '@callboard/client/protocol';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { CallFailure, describeFailure, exitCodeHelp, exitCodeMeanings } from '../../src/cli/errors.ts';
import { exitCodes } from '../../src/node/end-codes.ts';

test('the table of docs/cli.md is that of the program, and --help prints it', () => {
  const text = readFileSync(join(findRepoRoot(import.meta.url), 'docs/cli.md'), 'utf8');
  const section = text.slice(text.indexOf('\n## Exit codes\n'));
  const rows = [...section.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  assert.equal(rows, Object.entries(exitCodeMeanings));
  assert.equal(Object.keys(exitCodeMeanings).map(Number), Object.values(exitCodes));
  for (const [code, meaning] of Object.entries(exitCodeMeanings)) {
    assert.match(exitCodeHelp, new RegExp(String.raw`^  ${code} +`, 'm'));
    assert.ok(exitCodeHelp.includes(meaning));
  }
});

test('a refused call ends with the code of what can be done about it, and says what became of it', () => {
  for (const [code, { retriable, outcome }] of Object.entries(errorTable)) {
    const failure = { code: code as ErrorCode, message: 'It did not work.', outcome, retriable };
    const { exitCode, lines } = describeFailure(new CallFailure(failure));
    assert.is(exitCode, retriable ? exitCodes.unavailable : exitCodes.refused, code);
    assert.is(lines[0]?.startsWith(`It did not work. (${code}`), true);
    assert.is(lines[0]?.includes('may have been'), outcome === 'unknown');
  }
});

test.run();
