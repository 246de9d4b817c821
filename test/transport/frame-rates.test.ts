/** Whose frames are handled when there are more than a node takes (S26). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameRates, type FrameGate } from '../../src/transport/frame-rates.ts';
import type { Clock } from '../../src/kernel/index.ts';

const limits = { clientFramesPerSecond: 1_000, nodeFramesPerSecond: 1_000, framesAtOnce: 100 };

class Rig {
  now = 0;
  readonly rates: FrameRates;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor(more: Partial<typeof limits> = {}) {
    const clock: Clock = {
      now: () => this.now,
      wallTime: () => this.now,
      setTimer: (ms, run) => {
        const timer = { at: this.now + ms, run };
        this.#timers.push(timer);
        return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
      },
      defer: (run) => run(),
    };
    this.rates = new FrameRates({ ...limits, ...more }, clock);
  }

  get timers(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      const due = this.#timers.filter(({ at }) => at <= this.now);
      this.#timers = this.#timers.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
    }
  }
}

/** A connection that has frames waiting whenever it may be read. */
class Connection {
  handled = 0;
  reading = true;
  /** Frames that it has yet to send. */
  left: number;
  readonly gate: FrameGate;

  constructor(rates: FrameRates, address: string, left = Infinity) {
    this.left = left;
    this.gate = rates.join(address, {
      halt: () => {
        this.reading = false;
      },
      proceed: () => {
        this.reading = true;
        this.work();
      },
    });
  }

  work(): void {
    while (this.reading && this.left > 0 && this.gate.take()) {
      this.handled += 1;
      this.left -= 1;
    }
  }
}

test('who sends more than is taken is halted, and goes on as there is more', () => {
  const { rates } = new Rig();
  const one = new Connection(rates, 'a');
  one.work();
  assert.is(one.reading, false);
  assert.is(one.handled, 100, 'what may come at once');
});

test('one alone has all of the rate', () => {
  const rig = new Rig({ clientFramesPerSecond: 10_000 });
  const one = new Connection(rig.rates, 'a');
  one.work();
  rig.pass(2_000);
  assert.ok(one.handled > 1_900 && one.handled < 2_300, `${one.handled}`);
});

test('two addresses have half each, however many connections one of them has; a quiet one waits for nobody', () => {
  const rig = new Rig({ clientFramesPerSecond: 10_000 });
  const many = Array.from({ length: 20 }, () => new Connection(rig.rates, 'a'));
  const few = [new Connection(rig.rates, 'b')];
  const sum = (of: readonly Connection[]): number => of.reduce((total, { handled }) => total + handled, 0);
  for (const one of [...many, ...few]) one.work();
  const quiet = new Connection(rig.rates, 'c', 0);
  for (let n = 0; n < 100; n += 1) {
    rig.pass(20);
    for (const one of [...many, ...few]) one.work();
    quiet.left = 1;
    quiet.work();
    assert.is(quiet.left, 0, 'handled at once');
  }
  const [a, b] = [sum(many), sum(few)];
  assert.ok(Math.abs(a - b) < 0.25 * (a + b), `${a} and ${b}`);
  assert.ok(a + b > 1_500 && a + b < 2_500, `${a + b} in 2 s`);
  const least = many.reduce((low, { handled }) => Math.min(low, handled), Infinity);
  assert.ok(least > 0, 'and of many connections none is left out');
});

test('what costs more is paid for before anything else is handled', () => {
  const rig = new Rig();
  const one = new Connection(rig.rates, 'a', 1);
  one.work();
  one.gate.spend(1_000);
  one.left = 1;
  one.work();
  assert.is(one.left, 1);
  rig.pass(500);
  assert.is(one.left, 1);
  rig.pass(1_000);
  assert.is(one.left, 0);
});

test('nothing ticks where nobody sends, and who has left is not called', () => {
  const rig = new Rig();
  const one = new Connection(rig.rates, 'a');
  one.work();
  one.gate.leave();
  rig.pass(50);
  assert.is(one.reading, false);
  assert.is(rig.timers, 0);
});

test.run();
