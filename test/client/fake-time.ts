/** A platform with real sockets whose time stands still until a test moves it. */
import { nodePlatform, type Platform } from './internals.ts';

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

export class FakeTime {
  wallTime = 1_700_000_000_000;
  #now = 0;
  #timers: Waiting[] = [];
  readonly platform: Platform = {
    ...nodePlatform,
    now: () => this.#now,
    wallTime: () => this.wallTime,
    setTimer: (ms, run) => {
      const timer = { at: this.#now + ms, run };
      this.#timers.push(timer);
      return {
        cancel: () => {
          this.#timers = this.#timers.filter((each) => each !== timer);
        },
      };
    },
  };

  /** Lets time pass in small steps, with room for the sockets after each. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    const end = this.#now + ms;
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + stepMs);
      this.#runDue();
      await polled();
    }
  }

  /** The process stalls: the timers that became due run once, before any socket is read. */
  async stall(ms: number): Promise<void> {
    this.#now += ms;
    this.#runDue();
    await polled();
  }

  /** Lets time pass until something holds. */
  async until(what: string, condition: () => boolean, mostMs = 120_000): Promise<void> {
    const end = this.#now + mostMs;
    while (!condition()) {
      if (this.#now >= end) throw new Error(`not within ${mostMs} ms of fake time: ${what}`);
      await this.pass(50);
    }
  }

  /** Awaits a promise while time passes. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const settled = promise.finally(() => (done = true));
    settled.catch(() => undefined);
    await this.until('settled', () => done);
    return await settled;
  }

  #runDue(): void {
    const due = this.#timers.filter(({ at }) => at <= this.#now).toSorted((a, b) => a.at - b.at);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
  }
}

/** The event loop has gone round a few times, and sockets were read. */
async function polled(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
