import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeClock,
  encodeClock,
  leastStepMs,
  LogClock,
  mostStepMs,
} from '../../src/partition/log-clock.ts';

const test = suite('partition/log clock (S4)');
const limits = { producerIdleMs: 10_000 };

/** Everything that is due is proposed. */
function told(clock: LogClock, nowMs: number): readonly number[] {
  const steps = clock.due(nowMs);
  for (const step of steps) clock.proposed(step);
  return steps;
}

test('log time goes on from where the leader found it, by its own clock', () => {
  const clock = new LogClock(limits, 700, 50);
  assert.equal(told(clock, 50), []);
  assert.equal(told(clock, 50 + leastStepMs(limits) - 1), []);
  assert.equal(told(clock, 1_050), [1_700]);
  assert.equal(told(clock, 1_050), []);
});

test('one entry moves it by a bound at most', () => {
  const clock = new LogClock(limits, 0, 0);
  const steps = told(clock, 6_000);
  assert.equal(steps, [2_500, 5_000, 6_000]);
  for (const [at, step] of steps.entries()) assert.ok(step - (steps[at - 1] ?? 0) <= mostStepMs(limits));
});

test('after a long silence all who were idle are forgotten, and who stores a record then is not for the rest of that time', () => {
  const clock = new LogClock(limits, 0, 0);
  const [last = 0] = told(clock, 3_600_000).slice(-1);
  assert.ok(last > limits.producerIdleMs, String(last));
  // A record is stored here. The next one comes a moment later.
  const after = told(clock, 3_600_000 + 100);
  assert.ok((after.at(-1) ?? last) - last <= 100, `log time went from ${last} to ${after.join()}`);
  assert.equal(told(clock, 3_601_000), [last + 1_000]);
});

test('a clock command says what was written, and nothing else is one', () => {
  assert.is(decodeClock(encodeClock(1_234_567)), 1_234_567);
  assert.is(decodeClock(new Uint8Array([1, 2, 3])), undefined);
  assert.throws(() => decodeClock(encodeClock(5).subarray(0, 8)), RangeError);
});

test.run();
