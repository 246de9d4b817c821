/**
 * What all simulated storage of one node shares: latency, stalls, and the death of a process. A call of a process that
 * crashed is never answered; the next process attaches its own clock.
 */
export type Schedule = (delayMs: number, callback: () => void) => void;

/** Uniform in [0, 1). */
export type NextRandom = () => number;

export interface LatencyRange {
  readonly minMs: number;
  readonly maxMs: number;
}

export class SimDevice {
  readonly random: NextRandom;
  /** Every latency is multiplied by this. */
  slowdown = 1;
  #schedule: Schedule;
  #process = 0;
  #stalled = false;
  #held: (() => void)[] = [];
  /** What the next writing calls do within the call. */
  #blocks: (() => void)[] = [];

  constructor(schedule: Schedule, random: NextRandom) {
    this.#schedule = schedule;
    this.random = random;
  }

  /** Number of the present process; what an earlier one asked for is not answered. */
  get process(): number {
    return this.#process;
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Runs `effect` after the latency, unless the process has died by then. */
  after(latency: LatencyRange, effect: () => void): void {
    const asked = this.#process;
    const run = (): void => {
      if (asked !== this.#process) return;
      if (this.#stalled) this.#held.push(run);
      else effect();
    };
    const ms = latency.minMs + this.random() * (latency.maxMs - latency.minMs);
    this.#schedule(ms * this.slowdown, run);
  }

  /** Nothing completes for this long. */
  stall(durationMs: number): void {
    this.#stalled = true;
    const asked = this.#process;
    this.#schedule(durationMs, () => {
      if (asked !== this.#process) return;
      this.#stalled = false;
      const held = this.#held;
      this.#held = [];
      for (const run of held) run();
    });
  }

  /** The next `calls` that write keep their process from going on: `block` is called within each. */
  blockNext(calls: number, block: () => void): void {
    this.#blocks = Array.from({ length: calls }, () => block);
  }

  /** For engine and files: a call that writes has begun. */
  writing(): void {
    this.#blocks.shift()?.();
  }

  /** The process is dead. */
  die(): void {
    this.#process += 1;
    this.#blocks = [];
    this.#stalled = false;
    this.#held = [];
  }

  /** A new process runs on its own clock. */
  attach(schedule: Schedule): void {
    this.#schedule = schedule;
  }
}
