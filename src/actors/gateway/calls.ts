/**
 * The calls that wait for their answers: bounded in number and bytes, each answered exactly once, at the latest when
 * its deadline has passed.
 */
import type { CallError, Limits } from '@callboard/client/protocol';
import { directorySilent, tooManyBytes, tooManyCalls } from './failures.ts';
import type { CallAnswer, CallValue, GatewayCall } from './messages.ts';
import { Wheel } from './wheel.ts';

/** One call from its arrival to its answer. */
export interface PendingCall {
  readonly message: GatewayCall;
  /** Monotonic time by which it must be answered. */
  readonly deadlineMs: number;
  readonly bytes: number;
  /** False once it was answered; whoever works for it may stop. */
  open: boolean;
  bucket: number;
  /** What to answer when the deadline passes; whoever carries the call on sets it. */
  expired: () => CallError;
}

/** What a call costs besides its value: its entry here, its place in a lane, its request. */
const overheadBytes = 512;

function bytesOf(message: GatewayCall): number {
  return overheadBytes + (message.call.op === 'produce' ? message.call.value.byteLength : 0);
}

export class Calls {
  readonly #limits: Limits;
  readonly #reply: (message: GatewayCall, answer: CallAnswer) => void;
  readonly #deadlines: Wheel<PendingCall>;
  #bytes = 0;
  #refused = 0;

  constructor(limits: Limits, stepMs: number, reply: (message: GatewayCall, answer: CallAnswer) => void) {
    this.#limits = limits;
    this.#reply = reply;
    this.#deadlines = new Wheel(stepMs);
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** Takes a call in; undefined: it was refused and is answered. */
  open(message: GatewayCall, nowMs: number): PendingCall | undefined {
    const bytes = bytesOf(message);
    const error = this.#overload(bytes);
    if (error !== undefined) {
      this.#refused += 1;
      this.#reply(message, { kind: 'call-answer', id: message.id, value: undefined, error });
      return undefined;
    }
    const call: PendingCall = {
      message,
      deadlineMs: nowMs + message.deadlineMs,
      bytes,
      open: true,
      bucket: 0,
      expired: () => directorySilent(message.deadlineMs),
    };
    call.bucket = this.#deadlines.add(call, call.deadlineMs);
    this.#bytes += bytes;
    return call;
  }

  succeed(call: PendingCall, value: CallValue): void {
    this.#close(call, value, undefined);
  }

  fail(call: PendingCall, error: CallError): void {
    this.#close(call, undefined, error);
  }

  /** Answers the calls whose deadline has passed. */
  expire(nowMs: number): void {
    for (const call of this.#deadlines.sweep(nowMs)) {
      if (call.open) this.#answer(call, undefined, call.expired());
    }
  }

  inspect(): Record<string, number> {
    return { pendingCalls: this.size, pendingBytes: this.#bytes, refusedCalls: this.#refused };
  }

  #overload(bytes: number): CallError | undefined {
    if (this.size >= this.#limits.gatewayPendingCalls) return tooManyCalls(this.#limits);
    // One call always fits, or a limit below one record would shut the door for good.
    if (this.#bytes + bytes > this.#limits.gatewayPendingBytes && this.size > 0) {
      return tooManyBytes(this.#limits);
    }
    return undefined;
  }

  #close(call: PendingCall, value: CallValue | undefined, error: CallError | undefined): void {
    if (!call.open) return;
    this.#deadlines.delete(call, call.bucket);
    this.#answer(call, value, error);
  }

  #answer(call: PendingCall, value: CallValue | undefined, error: CallError | undefined): void {
    call.open = false;
    this.#bytes -= call.bytes;
    this.#reply(call.message, { kind: 'call-answer', id: call.message.id, value, error });
  }
}
