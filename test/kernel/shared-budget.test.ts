// A common bound from which nobody can take what is the others'.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SharedBudget } from '../../src/kernel/shared-budget.ts';
import { assertProperty } from '../lib/properties.ts';

test('who draws alone may have all of it, and no more', () => {
  const budget = new SharedBudget({ total: 100 });
  assert.ok(budget.take('a', 60));
  assert.ok(budget.take('a', 40));
  assert.not.ok(budget.take('a', 1));
  assert.is(budget.used, 100);
});

test('whoever comes while another holds everything finds its share in the reserve', () => {
  const budget = new SharedBudget({ total: 100, reserve: 20 });
  budget.take('a', 100);
  assert.ok(budget.take('b', 15));
  assert.not.ok(budget.take('b', 10), 'the reserve has an end');
  assert.not.ok(budget.take('a', 1));
  budget.give('a', 60);
  assert.ok(budget.take('b', 35), 'up to its half');
  assert.not.ok(budget.take('b', 1), 'beyond its half only while much lies idle');
  assert.ok(budget.take('a', 10));
});

test('beyond its share one is given what lies idle', () => {
  const budget = new SharedBudget({ total: 100 });
  for (const owner of ['a', 'b', 'c', 'd']) assert.ok(budget.take(owner, 5));
  assert.ok(budget.take('a', 30));
  assert.not.ok(budget.take('a', 1), 'more than half is in use');
  assert.ok(budget.take('b', 20));
});

test('who holds nothing any more counts for nobody', () => {
  const budget = new SharedBudget({ total: 100 });
  budget.take('b', 10);
  budget.take('a', 30);
  budget.give('b', 10);
  assert.is(budget.holders, 1);
  assert.ok(budget.take('a', 70));
  assert.throws(() => budget.give('b', 1), /gives back/);
});

test('whatever is taken and given back, the sums are right and the bounds hold', () => {
  const step = fc.record({
    owner: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    amount: fc.integer({ min: 0, max: 60 }),
    gives: fc.boolean(),
  });
  assertProperty(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const budget = new SharedBudget({ total: 100, reserve: 25 });
      const held = new Map<string, number>();
      for (const { owner, amount, gives } of steps) {
        const has = held.get(owner) ?? 0;
        if (gives) {
          const back = Math.min(has, amount);
          budget.give(owner, back);
          held.set(owner, has - back);
        } else if (budget.take(owner, amount)) held.set(owner, has + amount);
        const sum = [...held.values()].reduce((a, b) => a + b, 0);
        assert.is(budget.used, sum);
        assert.ok(sum <= 125);
        assert.is(budget.holders, [...held.values()].filter((value) => value > 0).length);
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
