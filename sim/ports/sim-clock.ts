/**
 * The Clock port of one node, for one run of its process, and that process's event loop as far as faults need it.
 *
 * Three kinds of events reach a node: its timers, its inputs (`inputAt`: socket data and disk completions, what Node's
 * poll phase brings) and its deferred callbacks. While the node is paused or stalled, none of them runs. Afterwards one
 * event does what Node does: first the overdue timers, then all inputs in their order of arrival, then the deferred
 * callbacks in the next round. On top of that raw behaviour lies the late-tick rule of the port, as in the real clock:
 * a timer more than 50 ms late runs two rounds later, after the inputs and a drain that handles them. Tests can switch
 * the rule off to show what it prevents.
 *
 * - Each node has its own rate (`driftPpm`) and wall offset. Monotonic time begins at 0 with each process.
 * - `crash()` ends this clock for ever: nothing scheduled on it runs, nothing can be scheduled any more, so the remains
 *   of a dead process stay silent. `reboot()` gives the next process its own clock.
 */
import type { Clock, ClockTimer } from '../../src/kernel/index.ts';
import type { SimEvent, SimLoop } from './sim-loop.ts';

export interface SimClockOptions {
  /** How fast this node's clocks run: 100 means 0.1 ms fast per second. */
  readonly driftPpm?: number;
  readonly wallOffsetMs?: number;
  /** How long a round of the node's event loop takes: from `defer` to its callback. */
  readonly roundMicros?: number;
  /** Default true; false shows Node's raw order after a stall. */
  readonly lateTickRule?: boolean;
}

/** Wall-clock time at simulated time 0: 2024-01-01T00:00:00Z. */
const EPOCH_MS = 1_704_067_200_000;
const LATE_MICROS = 50_000;
const MILLION = 1_000_000;

export class SimClock implements Clock {
  readonly name: string;
  readonly #loop: SimLoop;
  readonly #owner: number;
  readonly #roundMicros: number;
  readonly #lateTickRule: boolean;
  #driftPpm: number;
  /** Local time was `#localBase` when the loop's time was `#globalBase`. */
  #localBase = 0;
  #globalBase: number;
  /** Wall-clock microseconds when local time was 0. */
  #wallBase: number;
  #alive = true;
  #paused = false;
  #stalledUntil = 0;
  /** From pause() or stall() until the event that wakes the node has begun to run. */
  #blocked = false;
  #heldTimers: SimTimer[] = [];
  #heldInputs: (() => void)[] = [];
  #heldDeferred: (() => void)[] = [];

  constructor(loop: SimLoop, name: string, options: SimClockOptions = {}) {
    this.name = name;
    this.#loop = loop;
    this.#owner = loop.nextOwner();
    this.#roundMicros = options.roundMicros ?? 10;
    this.#lateTickRule = options.lateTickRule ?? true;
    this.#driftPpm = checkedDrift(options.driftPpm ?? 0);
    this.#globalBase = loop.nowMicros;
    this.#wallBase = (EPOCH_MS + Math.round(options.wallOffsetMs ?? 0)) * 1000 + loop.nowMicros;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  now(): number {
    return this.#localMicros() / 1000;
  }

  wallTime(): number {
    return Math.floor((this.#wallBase + this.#localMicros()) / 1000);
  }

  setTimer(delayMs: number, callback: () => void): ClockTimer {
    const delayMicros = Math.ceil(Math.max(0, delayMs) * 1000);
    const timer = new SimTimer(this.#loop, this.#localMicros() + delayMicros, callback);
    this.#arm(timer);
    return timer;
  }

  defer(callback: () => void): void {
    if (!this.#alive) return;
    const run = (): void => {
      if (!this.#alive) return;
      if (this.#blocked) this.#heldDeferred.push(callback);
      else callback();
    };
    this.#loop.after(this.#roundMicros, run, this.#owner);
  }

  /**
   * An input that reaches this node's process at the loop's time `timeMicros`; it is lost if the process has crashed by
   * then. Inputs that must keep their order need rising times.
   */
  inputAt(timeMicros: number, callback: () => void): void {
    if (!this.#alive) return;
    const run = (): void => {
      if (!this.#alive) return;
      if (this.#blocked) this.#heldInputs.push(callback);
      else callback();
    };
    this.#loop.at(timeMicros, run, this.#owner);
  }

  /** Stops the process as SIGSTOP does: its clocks go on, nothing of it runs. */
  pause(): void {
    this.#paused = true;
    this.#blocked = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wakeAt(Math.max(this.#loop.nowMicros, this.#stalledUntil));
  }

  /** Blocks the event loop for `ms`, as a long garbage collection or a busy handler would. */
  stall(ms: number): void {
    this.#blocked = true;
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#loop.nowMicros + Math.ceil(ms * 1000));
    this.#wakeAt(this.#stalledUntil);
  }

  /** The wall clock jumps; monotonic time does not. */
  stepWall(ms: number): void {
    this.#wallBase += Math.round(ms) * 1000;
  }

  /** Changes the rate from now on. Timers already set keep their place unless that would be too early. */
  setDrift(driftPpm: number): void {
    this.#localBase = this.#localMicros();
    this.#globalBase = this.#loop.nowMicros;
    this.#driftPpm = checkedDrift(driftPpm);
  }

  crash(): void {
    this.#alive = false;
    this.#heldTimers = [];
    this.#heldInputs = [];
    this.#heldDeferred = [];
  }

  /** The clock of the node's next process: same rate and wall clock, monotonic time from 0. */
  reboot(): SimClock {
    if (this.#alive) throw new Error(`${this.name} has not crashed`);
    const next = new SimClock(this.#loop, this.name, {
      driftPpm: this.#driftPpm,
      roundMicros: this.#roundMicros,
      lateTickRule: this.#lateTickRule,
    });
    next.#wallBase = this.#wallBase + this.#localMicros();
    return next;
  }

  #localMicros(): number {
    const passed = this.#loop.nowMicros - this.#globalBase;
    return this.#localBase + passed + Math.floor((passed * this.#driftPpm) / MILLION);
  }

  #arm(timer: SimTimer): void {
    if (!this.#alive) return;
    const leftMicros = Math.max(0, timer.dueMicros - this.#localMicros());
    const delayMicros = Math.ceil((leftMicros * MILLION) / (MILLION + this.#driftPpm));
    timer.event = this.#loop.after(delayMicros, () => this.#surfaced(timer), this.#owner);
  }

  /** The loop's time for a timer has come; the node may be blocked, and its own clock may disagree. */
  #surfaced(timer: SimTimer): void {
    if (!this.#alive) return;
    if (this.#blocked) this.#heldTimers.push(timer);
    else if (this.#localMicros() < timer.dueMicros) this.#arm(timer);
    else if (this.#isLate(timer)) this.#runOverdue(timer);
    else timer.run();
  }

  #isLate(timer: SimTimer): boolean {
    return this.#localMicros() - timer.dueMicros > LATE_MICROS;
  }

  /** Node's timers phase after a block: with the rule nothing runs yet, without it the callback does. */
  #runOverdue(timer: SimTimer): void {
    if (!this.#lateTickRule) {
      timer.run();
      return;
    }
    this.defer(() => {
      if (this.#isLate(timer)) this.defer(() => timer.run());
      else timer.run();
    });
  }

  #wakeAt(timeMicros: number): void {
    if (this.#alive) this.#loop.at(timeMicros, () => this.#wake(), this.#owner);
  }

  #wake(): void {
    const tooEarly = this.#paused || this.#loop.nowMicros < this.#stalledUntil;
    if (!this.#alive || !this.#blocked || tooEarly) return;
    this.#blocked = false;
    // Any callback may block or crash the node anew; what is left then waits for the next time, or is gone.
    const timers = this.#heldTimers;
    this.#heldTimers = [];
    for (const timer of timers) this.#wakeTimer(timer);
    const inputs = this.#heldInputs;
    this.#heldInputs = [];
    for (const input of inputs) {
      if (this.#blocked) this.#heldInputs.push(input);
      else if (this.#alive) input();
    }
    const deferred = this.#heldDeferred;
    this.#heldDeferred = [];
    for (const callback of deferred) this.defer(callback);
  }

  #wakeTimer(timer: SimTimer): void {
    if (!this.#alive) return;
    if (this.#blocked) this.#heldTimers.push(timer);
    else if (this.#localMicros() < timer.dueMicros) this.#arm(timer);
    else this.#runOverdue(timer);
  }
}

class SimTimer implements ClockTimer {
  readonly dueMicros: number;
  event: SimEvent | undefined;
  readonly #loop: SimLoop;
  readonly #callback: () => void;
  #live = true;

  constructor(loop: SimLoop, dueMicros: number, callback: () => void) {
    this.#loop = loop;
    this.dueMicros = dueMicros;
    this.#callback = callback;
  }

  cancel(): void {
    this.#live = false;
    if (this.event !== undefined) this.#loop.cancel(this.event);
  }

  run(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#callback();
  }
}

function checkedDrift(driftPpm: number): number {
  // The bound keeps the rate well above zero, so that a timer's share of the loop's time stays finite.
  if (!Number.isSafeInteger(driftPpm) || Math.abs(driftPpm) > 500_000) {
    throw new RangeError(`a drift is a whole number of ppm within half the rate, got ${driftPpm}`);
  }
  return driftPpm;
}
