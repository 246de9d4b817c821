/** A clock that the test moves by hand, and a random source that is the same in every run. */
import type { Clock, ClockTimer, Random } from '../../../src/kernel/index.ts';

interface ManualTimer extends ClockTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 1_000;
  #timers: ManualTimer[] = [];
  #deferred: (() => void)[] = [];
  #order = 0;

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): ClockTimer {
    this.#order += 1;
    const timer: ManualTimer = {
      dueMs: this.#nowMs + delayMs,
      order: this.#order,
      callback,
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
    this.#timers.push(timer);
    return timer;
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Runs everything that is due now. */
  settle(): void {
    for (let next = this.#deferred.shift(); next !== undefined; next = this.#deferred.shift()) next();
  }

  /** Moves time on, timer by timer. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    this.settle();
    for (;;) {
      const [next] = this.#timers
        .filter(({ dueMs }) => dueMs <= endMs)
        .toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      if (next === undefined) break;
      next.cancel();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      this.settle();
    }
    this.#nowMs = endMs;
    this.settle();
  }

  get timers(): number {
    return this.#timers.length;
  }
}

export class FixedRandom implements Random {
  #state = 12_345;

  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 0x1_0000_0000;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.next() * 256));
  }
}
