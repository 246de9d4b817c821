/**
 * The kernel's ports: everything it needs from outside. `src/node` implements them for real, `sim` under one seed.
 */
import type { Address } from './address.ts';
import type { Lane, SendResult, TraceFields } from './actor.ts';

/** Time and the event loop. All callbacks run outside any actor's turn. */
export interface Clock {
  /** Monotonic milliseconds (fractions allowed). */
  now(): number;
  /** Wall-clock milliseconds since 1970. */
  wallTime(): number;
  /**
   * Runs `callback` once, not before `delayMs`. If the loop stalled and the timer is late, the callback must run
   * only after a full poll of the sockets that follows (Node runs timers before sockets after a stall).
   */
  setTimer(delayMs: number, callback: () => void): ClockTimer;
  /** Runs `callback` soon, after pending I/O had a chance (setImmediate). */
  defer(callback: () => void): void;
}

export interface ClockTimer {
  cancel(): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `count` random bytes, cryptographically strong on the real port. */
  bytes(count: number): Uint8Array;
}

export interface Envelope {
  readonly from: Address;
  readonly to: Address;
  readonly lane: Lane;
  readonly message: unknown;
}

/** Carries messages to other nodes. May lose anything; never duplicates or reorders within one connection and lane. */
export interface Network {
  /** Collects the envelope for its peer. `full`: the link's byte bound is reached. `gone`: no link now. */
  send(envelope: Envelope): SendResult;
  /** End of a drain: what was collected for each peer leaves as one frame per lane. */
  flush(): void;
}

/** CRC-32 (IEEE), optionally continuing from an earlier value. */
export type Checksum = (bytes: Uint8Array, seed?: number) => number;

export interface Trace {
  note(actor: Address, level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: TraceFields): void;
}

export interface KernelPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly trace: Trace;
}
