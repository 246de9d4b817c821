/** The tables of error codes, of calls and of processes, and docs/errors.md say the same, both ways. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  errorCodes,
  errorTable,
  failure,
  fromErrorReply,
  isErrorCode,
  toErrorReply,
} from '@callboard/client/protocol';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { endCodes, endTable, isEndCode } from '../../src/node/end-codes.ts';

const document = readFileSync(join(findRepoRoot(import.meta.url), 'docs/errors.md'), 'utf8');
const sections = new Map(
  document
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

test('every code has one section, every section one code, in the same order', () => {
  const ends = endCodes.filter((code) => !isErrorCode(code));
  assert.equal([...sections.keys()], [...errorCodes, ...ends]);
});

test('each section states the meaning and what to do, a call its outcome and whether to retry, an end its exit code', () => {
  for (const [code, section] of sections) {
    assert.match(section, /\n- Next: \S/, `${code}: what to do next`);
    if (isErrorCode(code)) {
      const { meaning, outcome, retriable } = errorTable[code];
      assert.ok(section.includes(`\n\n${meaning}\n\n`), `${code}: the meaning in the table`);
      const told = `- Outcome: \`${outcome}\`. Retriable: ${retriable ? 'yes' : 'no'}.\n`;
      assert.ok(section.includes(told), `${code}: outcome and retry`);
    }
    assert.is(
      section.includes('- Exit code: '),
      isEndCode(code),
      `${code}: an exit code if a process ends with it`,
    );
    if (!isEndCode(code)) continue;
    const { meaning, exitCode } = endTable[code];
    assert.ok(section.includes(`\n\n${meaning}\n\n`), `${code}: the meaning in the table`);
    assert.ok(section.includes(`- Exit code: ${exitCode}.`), `${code}: the exit code`);
  }
});

test('a failure takes the defaults of its code unless told better', () => {
  assert.equal(failure('overloaded', { retryAfterMs: 50 }), {
    code: 'overloaded',
    message: errorTable.overloaded.meaning,
    outcome: 'not_applied',
    retriable: true,
    retryAfterMs: 50,
  });
  assert.is(failure('no_quorum', { outcome: 'not_applied' }).outcome, 'not_applied');
  assert.not.ok('retryAfterMs' in failure('internal'));
});

test('a failure survives its frame', () => {
  for (const code of errorCodes) {
    const original = failure(code, { message: `about ${code}` });
    assert.equal(fromErrorReply(toErrorReply(5, original)), original);
  }
  const late = failure('overloaded', { retryAfterMs: 9 });
  assert.equal(fromErrorReply(toErrorReply(0, late)), late);
});

test('inherited names are no codes', () => {
  for (const name of ['toString', '__proto__', 'constructor', '']) {
    assert.not.ok(isErrorCode(name) || isEndCode(name));
  }
});

test.run();
