/** The judges of the process tests: whoever looks for loss must find it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { faultsOfHistory, faultsOfOrder, faultsOfStorage } from '../../scripts/demo-logs/judge.ts';
import type { Line } from '../../scripts/demo-logs/lines.ts';
import { Ledger } from '../lib/ledger.ts';

const test = suite('judges');

function ledgerOf(...values: readonly string[]): Ledger {
  const ledger = new Ledger('t', 1);
  for (const [offset, value] of values.entries()) {
    ledger.sent(value);
    ledger.acknowledge(value, { partition: 0, offset });
  }
  return ledger;
}

function faults(ledger: Ledger, ...contents: readonly string[]): string {
  return ledger.faultsIn([contents]).join('; ');
}

test('a ledger finds loss, duplicates, phantoms and moved records, and nothing where nothing is', () => {
  const ledger = ledgerOf('a', 'b');
  assert.is(faults(ledger, 'a', 'b'), '');
  assert.match(faults(ledger, 'a'), "'b' was acknowledged at 0/1 and is lost");
  assert.match(faults(ledger, 'a', 'b', 'a'), "'a' is stored twice");
  assert.match(faults(ledger, 'a', 'b', 'c'), "'c' at 0/2 was never sent");
  assert.match(faults(ledger, 'b', 'a'), "'a' was acknowledged at 0/0 and is at 0/1");
});

test('a ledger lets a record that was not acknowledged be there once or not at all', () => {
  const ledger = ledgerOf('a');
  ledger.sent('b');
  assert.is(faults(ledger, 'a'), '');
  assert.is(faults(ledger, 'a', 'b'), '');
  assert.match(faults(ledger, 'a', 'b', 'b'), 'stored twice');
});

test('a history may miss one record for each lost answer, and no more', () => {
  const records = ['a', 'b', 'b', 'c'];
  assert.equal(faultsOfHistory(['a', 'b', 'b', 'c'], records, 0), []);
  assert.equal(faultsOfHistory(['a', undefined, 'b', 'c'], records, 0), []);
  assert.equal(faultsOfHistory(['a', 'b', undefined, 'b', 'c'], records, 0), []);
  assert.equal(faultsOfHistory(['a', undefined, undefined, 'c', undefined], records, 0), []);
  assert.is(faultsOfHistory(['a', 'b', 'c'], records, 0).length, 1);
  assert.is(faultsOfHistory(['a', 'b', 'b', 'b', 'c'], records, 0).length, 1);
  assert.is(faultsOfHistory(['b', 'a', 'b', 'c'], records, 0).length, 1);
  assert.is(faultsOfHistory(['a', 'b', 'b'], records, 0).length, 1);
  assert.is(faultsOfHistory(['a', undefined, 'c'], records, 0).length, 1);
});

const [first, second]: readonly [Line, Line] = [
  { file: 'x.log', number: 1, text: 'same' },
  { file: 'x.log', number: 2, text: 'same' },
];

test('every line lies at one offset of its own, though lines repeat', () => {
  const at = (
    line: Line,
    offset: number,
  ): { line: Line; producer: number; partition: number; offset: number } => {
    return { line, producer: 0, partition: 0, offset };
  };
  const lines = [first, second];
  const good = [at(first, 0), at(second, 1)];
  assert.equal(faultsOfStorage(lines, good, [['same', 'same']]), []);
  assert.ok(faultsOfStorage(lines, [at(first, 0), at(second, 0)], [['same', 'same']]).length > 0);
  assert.ok(faultsOfStorage(lines, [at(first, 0)], [['same']]).length > 0);
  assert.ok(faultsOfStorage(lines, good, [['same', 'same', 'same']]).length > 0);
  assert.ok(faultsOfStorage(lines, good, [['same', 'other']]).length > 0);
  assert.equal(faultsOfOrder(good), []);
  assert.is(faultsOfOrder([at(second, 1), at(first, 0)]).length, 1);
});

test.run();
