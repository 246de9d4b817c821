/**
 * What the client needs of the place that it runs in. The Node entry and the browser entry each bring one; tests bring
 * their own. Nothing else in the client touches a socket, a clock or randomness.
 *
 * Contract: handlers are called asynchronously, never from within `open`, `send`, `close` or `setTimer`. `closed` is called
 * once, whatever ended the socket, a connection that could not be made included; nothing follows it.
 */
import type { Transport } from '../api.ts';
import type { DiagnosticChannel } from '../diagnostics.ts';
import type { Crc32 } from '../protocol/index.ts';

export interface Timer {
  cancel(): void;
}

export interface Platform extends Transport {
  /** Name and version, for the node's log. */
  readonly name: string;
  readonly crc32: Crc32;
  /** Where tracers listen, if this place has such channels. */
  channel?(name: string): DiagnosticChannel;
  /** Milliseconds that never jump. */
  now(): number;
  /** Milliseconds since 1970, for timestamps only. */
  wallTime(): number;
  setTimer(ms: number, run: () => void): Timer;
  /** Runs it when what is under way in this turn has ended, before any message or timer: in its turn among reactions of promises. */
  soon(run: () => void): void;
  /** Tells whoever runs the program of something that a callback of his threw; must not throw. */
  warn(words: string, cause: unknown): void;
  /** From 0 to below 1. */
  random(): number;
  randomBytes(count: number): Uint8Array;
}

/** What is the same in Node and browsers. */
export const commonPlatform: Omit<Platform, 'name' | 'crc32' | 'open' | 'warn'> = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (ms, run) => {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => queueMicrotask(run),
  random: () => Math.random(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

/** The pause before try number `attempt` (from 1): doubles, capped, half of it random so that many do not come at once. */
export function backOff(platform: Platform, attempt: number, firstMs: number, maxMs: number): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return whole * (0.5 + platform.random() / 2);
}
