/**
 * The Clock port on Node's event loop.
 *
 * After a stall Node runs the timers that came due before it reads the sockets, so a naive timer would judge a peer
 * silent while its heartbeats lie in the receive buffer. Therefore no callback runs in the timers phase itself:
 *
 * - a punctual timer runs in the check phase that follows, after one poll of the sockets;
 * - one that finds itself more than 50 ms late waits for another round, so that a full poll, and the handling of what it
 *   brought, lies between the end of the stall and the callback.
 */
import type { Clock, ClockTimer } from '../../kernel/index.ts';

const LATE_MS = 50;
/** Node takes a longer timeout for 1 ms; such timers go in steps. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

export class RealClock implements Clock {
  readonly #armed = new Set<RealTimer>();

  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  setTimer(delayMs: number, callback: () => void): ClockTimer {
    const timer = new RealTimer(performance.now() + Math.max(0, delayMs), callback, this.#armed);
    this.#armed.add(timer);
    return timer;
  }

  /** The node is closed: no timer of it rings any more. */
  close(): void {
    for (const timer of [...this.#armed]) timer.cancel();
  }

  defer(callback: () => void): void {
    setImmediate(callback);
  }
}

class RealTimer implements ClockTimer {
  readonly #dueMs: number;
  readonly #callback: () => void;
  readonly #armed: Set<RealTimer>;
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(dueMs: number, callback: () => void, armed: Set<RealTimer>) {
    this.#dueMs = dueMs;
    this.#armed = armed;
    this.#callback = callback;
    this.#arm();
  }

  cancel(): void {
    this.#armed.delete(this);
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }

  #arm(): void {
    const leftMs = Math.ceil(this.#dueMs - performance.now());
    const delayMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMEOUT_MS);
    this.#timeout = setTimeout(() => this.#timedOut(), delayMs);
  }

  #timedOut(): void {
    // Node counts in whole milliseconds from the start of the loop's round, so it may be early by a fraction.
    if (performance.now() < this.#dueMs) this.#arm();
    else this.#immediate = setImmediate(() => this.#afterPoll());
  }

  #afterPoll(): void {
    // Judged again here: the stall may have been in this very round, between the timers and this callback.
    if (performance.now() - this.#dueMs > LATE_MS) this.#immediate = setImmediate(() => this.#ring());
    else this.#ring();
  }

  #ring(): void {
    this.#armed.delete(this);
    this.#callback();
  }
}
