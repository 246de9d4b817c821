import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TermRuns } from '../../src/raft/term-runs.ts';
import { index, term, throwsInvariant } from './kit.ts';
import { assertProperty } from '../lib/properties.ts';

type Command = { readonly append: number } | { readonly truncate: number };

const commands = fc.array(
  fc.oneof(
    fc.record({ append: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ truncate: fc.integer({ min: 1, max: 12 }) }),
  ),
  { maxLength: 60 },
);

/** The same by a plain array of terms. */
function play(list: readonly Command[]): { runs: TermRuns; terms: number[] } {
  const runs = new TermRuns([], index(0));
  const terms: number[] = [];
  for (const command of list) {
    if ('append' in command) {
      const next = Math.max(1, (terms.at(-1) ?? 0) + (command.append === 3 ? 2 : command.append % 2));
      terms.push(next);
      runs.append(term(next));
    } else if (command.truncate <= terms.length) {
      terms.length = command.truncate - 1;
      runs.truncateFrom(index(command.truncate));
    }
  }
  return { runs, terms };
}

test('R3: the terms of a log are those of a plain array', () => {
  assertProperty(
    fc.property(commands, (list) => {
      const { runs, terms } = play(list);
      assert.is(runs.last, terms.length);
      assert.is(runs.lastTerm, terms.at(-1) ?? 0);
      assert.is(runs.termAt(index(0)), 0);
      assert.is(runs.termAt(index(terms.length + 1)), undefined);
      for (const [at, expected] of terms.entries()) assert.is(runs.termAt(index(at + 1)), expected);
    }),
  );
});

test('Raft paper, end of 5.3: the place where two logs may agree is found as by a walk down', () => {
  assertProperty(
    fc.property(commands, fc.nat(60), fc.nat(20), (list, from, wanted) => {
      const { runs, terms } = play(list);
      const start = Math.min(from, terms.length);
      let expected = start;
      while (expected > 0 && (terms[expected - 1] ?? 0) > wanted) expected -= 1;
      assert.is(runs.highestUpTo(index(start), term(wanted)), expected);
    }),
  );
});

test('recovered runs say the same as entries appended one by one', () => {
  const given = [
    { first: index(1), term: term(2) },
    { first: index(4), term: term(5) },
  ];
  const runs = new TermRuns(given, index(6));
  assert.equal(
    [1, 3, 4, 6].map((at) => runs.termAt(index(at))),
    [2, 2, 5, 5],
  );
});

test('terms that fall along a log are refused', () => {
  const runs = new TermRuns([{ first: index(1), term: term(2) }], index(1));
  throwsInvariant(() => runs.append(term(1)), /terms never fall/);
  throwsInvariant(() => new TermRuns([{ first: index(2), term: term(1) }], index(2)), /from index 1/);
});

test.run();
