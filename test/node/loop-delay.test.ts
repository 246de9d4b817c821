import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '../../src/kernel/index.ts';
import { LoopDelay } from '../../src/node/loop-delay.ts';
import { RealClock } from '../../src/node/ports/real-clock.ts';
import { eventually } from '../lib/eventually.ts';

/** A clock whose windows end when the test says so. */
class Windows {
  readonly clock: Clock;
  #callback: (() => void) | undefined;

  constructor() {
    this.clock = Object.assign(new RealClock(), {
      setTimer: (_delayMs: number, callback: () => void) => {
        this.#callback = callback;
        return { cancel: () => (this.#callback = undefined) };
      },
    });
  }

  get armed(): boolean {
    return this.#callback !== undefined;
  }

  end(): void {
    this.#callback?.();
  }
}

function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('tells of the longest time for which the loop was busy, until two windows have passed', async () => {
  const windows = new Windows();
  const loop = new LoopDelay(windows.clock);
  // It looks for the first time a while after it began.
  await eventually('a busy loop is noticed', () => {
    keepBusy(300);
    return loop.get().maxMs >= 200;
  });
  windows.end();
  assert.ok(loop.get().maxMs >= 200, 'the window before counts');
  windows.end();
  windows.end();
  assert.ok(loop.get().maxMs < 200);
  loop.close();
  assert.not(windows.armed);
});

test.run();
