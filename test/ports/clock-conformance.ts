/** What every Clock must do. Run on the real and on the simulated port; nothing here asserts how long anything took. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '../../src/kernel/index.ts';

/** A clock under test, with the few things of its world that the suite has to cause. */
export interface ClockBench {
  readonly clock: Clock;
  /** Lets the world go on until `done()`; rejects when the deadline passes first. */
  until(done: () => boolean): Promise<void>;
  /** Blocks the event loop for so long. */
  block(ms: number): void;
  /** Makes `callback` run as an input of the event loop that is ready now: data that waits in a socket. */
  input(callback: () => void): void;
  close(): Promise<void>;
}

/** Adds a test that gets a fresh clock, which is closed afterwards whatever happens. */
type Using = (title: string, body: (bench: ClockBench) => Promise<void>) => void;

export function clockConformance(name: string, open: () => Promise<ClockBench>): void {
  const test = suite(name);
  const using: Using = (title, body) => {
    test(title, async () => {
      const bench = await open();
      try {
        await body(bench);
      } finally {
        await bench.close();
      }
    });
  };
  timersConform(using);
  loopConforms(using);
  stallConforms(using);
  test.run();
}

function timersConform(using: Using): void {
  using(
    'a timer runs once, not before its delay has passed, and outside the call that set it',
    async (bench) => {
      const { clock } = bench;
      const early: number[] = [];
      let runs = 0;
      const delays = [0, 0.4, 1, 3.7, 12];
      for (const delay of delays) {
        const dueMs = clock.now() + delay;
        clock.setTimer(delay, () => {
          runs += 1;
          if (clock.now() < dueMs) early.push(delay);
        });
      }
      assert.is(runs, 0);
      await bench.until(() => runs >= delays.length);
      let last = false;
      clock.setTimer(20, () => (last = true));
      await bench.until(() => last);
      assert.is(runs, delays.length);
      assert.equal(early, []);
    },
  );

  using('a cancelled timer does not run, and cancelling again or afterwards is harmless', async (bench) => {
    let cancelledRan = false;
    let ran = false;
    const cancelled = bench.clock.setTimer(1, () => (cancelledRan = true));
    const kept = bench.clock.setTimer(10, () => (ran = true));
    cancelled.cancel();
    cancelled.cancel();
    await bench.until(() => ran);
    kept.cancel();
    assert.not(cancelledRan);
  });

  using('a timer that is due but has not run can still be cancelled', async (bench) => {
    let ran = false;
    let end = false;
    const timer = bench.clock.setTimer(1, () => (ran = true));
    bench.block(80);
    bench.clock.defer(() => timer.cancel());
    bench.clock.setTimer(5, () => (end = true));
    await bench.until(() => end);
    assert.not(ran);
  });

  using('a callback may set the next timer', async (bench) => {
    let left = 5;
    const tick = (): void => {
      left -= 1;
      if (left > 0) bench.clock.setTimer(0, tick);
    };
    tick();
    await bench.until(() => left === 0);
  });
}

function loopConforms(using: Using): void {
  using('a deferred callback runs once, outside the call that deferred it', async (bench) => {
    let runs = 0;
    bench.clock.defer(() => (runs += 1));
    assert.is(runs, 0);
    await bench.until(() => runs > 0);
    let later = false;
    bench.clock.setTimer(2, () => (later = true));
    await bench.until(() => later);
    assert.is(runs, 1);
  });

  using('deferring for ever does not keep timers from running', async (bench) => {
    let end = false;
    const again = (): void => {
      if (!end) bench.clock.defer(again);
    };
    again();
    bench.clock.setTimer(5, () => (end = true));
    await bench.until(() => end);
  });

  using('monotonic time never goes back, and the wall clock counts from 1970', async (bench) => {
    const { clock } = bench;
    let before = clock.now();
    let backwards = 0;
    let rounds = 0;
    const look = (): void => {
      const now = clock.now();
      if (now < before) backwards += 1;
      before = now;
      rounds += 1;
      if (rounds < 100) clock.defer(look);
    };
    look();
    await bench.until(() => rounds >= 100);
    assert.is(backwards, 0);
    assert.ok(clock.wallTime() > Date.UTC(2023, 0));
  });
}

function stallConforms(using: Using): void {
  using('after a stall, inputs that were waiting are handled before late timers', async (bench) => {
    for (let round = 0; round < 5; round += 1) {
      const order: string[] = [];
      // As the kernel does: the input is only queued, and handled in a deferred drain.
      bench.input(() => bench.clock.defer(() => order.push('handled')));
      bench.clock.setTimer(5, () => order.push('timer'));
      bench.block(120);
      await bench.until(() => order.length === 2);
      assert.equal(order, ['handled', 'timer']);
    }
  });
}
