/** Accounting for records: a loss, a repeat and a change of order must not pass. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arrivals, PayloadMaker } from '../../bench/load/payload.ts';

const test = suite('bench payload');
const payload = new PayloadMaker(100);

function arrivals(ordered: boolean, numbers: readonly number[]): Arrivals {
  const arrived = new Arrivals(ordered);
  for (const number of numbers) arrived.take(payload.make(7, number, 0));
  return arrived;
}

test('all records once and in order are no fault', () => {
  assert.is(arrivals(true, [0, 1, 2]).fault(3), undefined);
  assert.is(arrivals(false, [2, 0, 1]).fault(3), undefined);
});

test('a record that is missing, repeated, late or too many is one', () => {
  assert.type(arrivals(true, [0, 2]).fault(3), 'string');
  assert.type(arrivals(false, [0, 2]).fault(3), 'string');
  assert.type(arrivals(false, [0, 2, 3]).fault(3), 'string');
  assert.type(arrivals(true, [0, 1, 1]).fault(2), 'string');
  assert.type(arrivals(false, [0, 2, 2]).fault(2), 'string');
  assert.type(arrivals(true, [0, 2, 1]).fault(3), 'string');
  assert.type(arrivals(true, [0, 1, 2]).fault(2), 'string');
});

test('a record says when it was due, and lanes do not mix', () => {
  const arrived = new Arrivals(true);
  assert.is(arrived.take(payload.make(1, 0, 12.5)), 12.5);
  arrived.take(payload.make(2, 0, 0));
  assert.is(arrived.fault(2), undefined);
});

test('a record too small to be accounted for is refused', () => {
  assert.throws(() => new PayloadMaker(15), /at least 16 bytes/);
});

test.run();
