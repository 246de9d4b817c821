import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimClock } from '../../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../../sim/ports/sim-loop.ts';
import { WrongTokens } from '../../../src/doors/http/wrong-tokens.ts';

interface Bench {
  readonly tokens: WrongTokens;
  readonly now: () => number;
  runUntil(done: () => boolean): void;
}

function bench(): Bench {
  const loop = new SimLoop({ seed: 1 });
  const clock = new SimClock(loop, 'n1');
  const runUntil = (done: () => boolean): void => {
    while (!done()) loop.step();
  };
  return { tokens: new WrongTokens(clock), now: () => clock.now(), runUntil };
}

/** One wrong token after the other: how long each answer took. */
function delays({ tokens, now, runUntil }: Bench, count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    const from = now();
    let answered = false;
    tokens.wait('10.0.0.1', () => (answered = true));
    runUntil(() => answered);
    return Math.round((now() - from) / 10) * 10;
  });
}

test('each wrong token of an address is answered later than the one before, up to a second', () => {
  assert.equal(delays(bench(), 6), [100, 200, 400, 800, 1_000, 1_000]);
});

test('few answers of an address wait at a time; another address is not concerned', () => {
  const { tokens, runUntil } = bench();
  let waiting = 0;
  while (tokens.mayTry('10.0.0.1')) {
    waiting += 1;
    tokens.wait('10.0.0.1', () => (waiting -= 1));
  }
  assert.is(waiting, 16);
  assert.ok(tokens.mayTry('10.0.0.2'));
  runUntil(() => waiting < 16);
  assert.ok(tokens.mayTry('10.0.0.1'));
});

test('an address is forgotten after a minute without a wrong token', () => {
  const { tokens, now, runUntil, ...rest } = bench();
  delays({ tokens, now, runUntil, ...rest }, 5);
  const from = now();
  let past = false;
  // A wrong token of somebody else moves time on, and nothing of the first address.
  const next = (): void => tokens.wait('10.0.0.2', () => (past = now() - from > 61_000) || next());
  next();
  runUntil(() => past);
  assert.equal(delays({ tokens, now, runUntil, ...rest }, 1), [100]);
});

test('more addresses than are remembered push out the one that was wrong longest ago', () => {
  const { tokens, now, runUntil } = bench();
  delays({ tokens, now, runUntil }, 3);
  let left = 4_096;
  for (let n = 0; n < 4_096; n += 1) tokens.wait(`10.1.${n >> 8}.${n & 255}`, () => (left -= 1));
  runUntil(() => left === 0);
  assert.equal(delays({ tokens, now, runUntil }, 1), [100]);
});

test.run();
