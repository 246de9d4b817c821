import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RateBudget } from '../../src/kernel/rate-budget.ts';

const budget = () => new RateBudget({ atOnce: 100, perSecond: 10 });

test('so much at once, then so much per second, and who is refused is told when', () => {
  const one = budget();
  assert.is(one.take('a', 60, 0), 0);
  assert.is(one.take('a', 40, 0), 0);
  assert.is(one.take('a', 1, 0), 100);
  assert.is(one.take('a', 20, 0), 2_000);
  assert.is(one.take('a', 20, 1_999), 1);
  assert.is(one.take('a', 20, 2_000), 0);
  assert.is(one.take('a', 1, 2_000), 100, 'a rest has not earned more');
});

test('who has nothing is not kept out by who came before', () => {
  const one = budget();
  assert.is(one.take('a', 100, 0), 0);
  assert.is(one.take('b', 100, 0), 0);
  assert.is(one.take('c', 1, 0), 100, 'only up to twice as much in all');
  assert.ok(one.take('a', 1, 1_000) > 0);
  assert.is(one.take('c', 1, 1_000), 0);
});

test('who has something may have his share, and of what lies idle', () => {
  const one = budget();
  assert.is(one.take('a', 10, 0), 0);
  assert.is(one.take('b', 10, 0), 0);
  assert.is(one.take('a', 30, 0), 0, 'half of all is not in use yet');
  assert.ok(one.take('a', 20, 0) > 0);
  assert.is(one.take('b', 40, 0), 0, 'within its share');
  assert.ok(one.take('b', 1, 0) > 0);
});

test('what has leaked is nobody’s, and small ones do not slow it down', () => {
  const one = budget();
  one.take('a', 1, 0);
  one.take('b', 50, 0);
  one.take('b', 0, 2_100);
  assert.is(one.used, 30);
  one.take('b', 0, 100_000);
  assert.is(one.used, 0);
});

test.run();
