import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Kept } from '../../src/node/kept.ts';
import { RealClock } from '../../src/node/ports/real-clock.ts';

test('makes a value once for all who ask within its time, which the value may decide', () => {
  let now = 0;
  let made = 0;
  const clock = Object.assign(new RealClock(), { now: () => now });
  const kept = new Kept(
    clock,
    () => (made += 1),
    (value) => (value === 1 ? 50 : 1_000),
  );
  for (let ask = 0; ask < 100; ask += 1) assert.is(kept.get(), 1);
  now = 50;
  for (let ask = 0; ask < 100; ask += 1) assert.is(kept.get(), 2);
  now = 1_049;
  assert.is(kept.get(), 2);
  now = 1_050;
  assert.is(kept.get(), 3);
});

test.run();
