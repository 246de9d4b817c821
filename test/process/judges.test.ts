/** The judges of the process tests: whoever looks for loss must find it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HistoryEvent } from '../../scripts/demo-logs/consumers.ts';
import { faultsOfOrder, faultsOfStorage, judgeHistory } from '../../scripts/demo-logs/judge.ts';
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

/** Letters are records; `?` a lost answer, `!` a call that took nothing. */
function judged(history: string, records = 'abbc', deaths = 1): string {
  const events = [...history].map((letter): HistoryEvent => {
    if (letter === '?') return 'lost';
    return letter === '!' ? 'failed' : { text: letter };
  });
  const { faults: found, repeats } = judgeHistory(events, [...records], deaths);
  return found.length > 0 ? 'fault' : `${repeats} twice`;
}

test('a history has every record at least once, and those of lost answers again', () => {
  for (const good of ['abbc', 'a?bbc', 'ab?bc', 'a?b?b?c?', '?abbc', 'ab?c?b', '!abbc']) {
    assert.is(judged(good), '0 twice', good);
  }
  for (const bad of ['abc', 'a?bc', 'abb', 'abb?', 'babc', 'abbcc', 'abbbc', 'ab?bb', 'acbb', 'a!cbb']) {
    assert.is(judged(bad), 'fault', bad);
  }
});

test('a record comes twice only after a call failed, and as often as nodes died', () => {
  assert.is(judged('ab!bbc'), '1 twice');
  assert.is(judged('abbc!c'), '1 twice');
  assert.is(judged('a?abbc'), '1 twice');
  assert.is(judged('a?bbca'), '1 twice', 'its node stayed away for long');
  assert.is(judged('a!abbc!c'), 'fault', 'one node died');
  assert.is(judged('a!abbc!c', 'abbc', 2), '2 twice');
  assert.is(judged('ab!abc'), 'fault', 'not the newest before the failure');
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
