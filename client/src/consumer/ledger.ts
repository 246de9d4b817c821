/**
 * What has been acknowledged of one partition since its position was last set, and how much of that the cluster has committed.
 *
 * One `ack` frame is on its way at a time; what is acknowledged meanwhile is told by the next. Callers of one round share
 * one promise.
 */
import { CallboardError, errorOf } from '../errors.ts';
import type { Platform, Timer } from '../core/platform.ts';
import { failure, type Failure } from '../protocol/index.ts';
import { AckWindow } from './ack-window.ts';

const done = Promise.resolve();

interface Round {
  readonly promise: Promise<void>;
  readonly timer: Timer;
  resolve(): void;
  reject(error: CallboardError): void;
}

export interface LedgerHost {
  readonly platform: Platform;
  readonly deadlineMs: number;
  /** For messages: which partition of what. */
  readonly name: string;
  /** There is something to commit. */
  wake(): void;
}

export class Ledger {
  readonly #host: LedgerHost;
  readonly #window: AckWindow;
  /** Nothing is to be committed: an anonymous reader. */
  readonly #durable: boolean;
  #committed: number;
  /** Where the `ack` that is on its way will take the cursor. */
  #sent: number | undefined;
  /** Those that wait for what is on its way, and those for what comes after it. */
  #current: Round | undefined;
  #next: Round | undefined;
  #end: CallboardError | undefined;
  #forgotten = false;

  constructor(host: LedgerHost, cursor: number, durable: boolean) {
    this.#host = host;
    this.#window = new AckWindow(cursor);
    this.#committed = cursor;
    this.#durable = durable;
  }

  /** What to commit now; undefined: nothing, or an answer is awaited. */
  get due(): number | undefined {
    const { cursor } = this.#window;
    return this.#sent === undefined && cursor > this.#committed ? cursor : undefined;
  }

  /** Acknowledges a stretch of records; resolves when the cursor that this allows is committed. */
  ack(from: number, to: number): Promise<void> {
    if (!this.#durable || this.#forgotten) return done;
    if (this.#end !== undefined) return silent(Promise.reject(this.#end));
    if (!this.#window.mark(from, to)) {
      const message = `offset ${this.#window.cursor} of ${this.#host.name} is not acknowledged, and too many above it are; acknowledge it, or seek`;
      return silent(Promise.reject(errorOf('limit_reached', { message })));
    }
    const { cursor } = this.#window;
    if (cursor <= this.#committed) return done;
    if (this.#sent !== undefined && cursor <= this.#sent && this.#current !== undefined) {
      return this.#current.promise;
    }
    this.#next ??= this.#round();
    if (this.#sent === undefined) this.#host.wake();
    return this.#next.promise;
  }

  /** An `ack` up to `cursor` leaves. */
  leaves(cursor: number): void {
    this.#sent = cursor;
    this.#current = this.#next;
    this.#next = undefined;
  }

  /** It was answered. */
  committed(cursor: number): void {
    this.#committed = Math.max(this.#committed, cursor);
    this.#sent = undefined;
    settle(this.#current, undefined);
    this.#current = undefined;
    this.#settleIfDone();
  }

  /** It was not, and has to be sent again. */
  missed(): void {
    this.#sent = undefined;
    this.#join();
  }

  /** A new subscription: the cluster's cursor is here, and what was on its way is not any more. */
  resumed(cursor: number): void {
    this.#committed = cursor;
    this.missed();
    // The last `ack` was carried out, and only its answer was lost.
    this.#settleIfDone();
  }

  /** Resolves when everything acknowledged is committed. */
  flushed(): Promise<void> {
    return this.ack(this.#window.cursor, this.#window.cursor);
  }

  /** The position was set anew: acknowledging what was delivered before means nothing. */
  forget(): void {
    this.#forgotten = true;
    this.#finish(undefined);
  }

  fail(problem: Failure): void {
    if (this.#end !== undefined) return;
    this.#end = new CallboardError(problem);
    this.#finish(this.#end);
  }

  #settleIfDone(): void {
    if (this.#window.cursor > this.#committed) return;
    settle(this.#next, undefined);
    this.#next = undefined;
  }

  #finish(error: CallboardError | undefined): void {
    settle(this.#current, error);
    settle(this.#next, error);
    this.#current = undefined;
    this.#next = undefined;
  }

  /** Those who waited for the `ack` that failed wait for the next one. */
  #join(): void {
    const { resolve, reject, timer } = this.#current ?? {};
    this.#current = undefined;
    if (resolve === undefined || reject === undefined) return;
    timer?.cancel();
    this.#next ??= this.#round();
    this.#next.promise.then(resolve, reject);
  }

  #round(): Round {
    const { platform, deadlineMs, name } = this.#host;
    const { promise, resolve, reject } = withResolvers();
    const timer = platform.setTimer(deadlineMs, () => {
      if (this.#current?.timer === timer) this.#current = undefined;
      if (this.#next?.timer === timer) this.#next = undefined;
      const message = `the acknowledgement in ${name} was not committed within ${deadlineMs} ms; it is tried on`;
      reject(new CallboardError(failure('timeout', { message })));
    });
    return { promise: silent(promise), resolve, reject, timer };
  }
}

function settle(round: Round | undefined, error: CallboardError | undefined): void {
  if (round === undefined) return;
  round.timer.cancel();
  if (error === undefined) round.resolve();
  else round.reject(error);
}

/** Most callers do not await an ack; what goes wrong with it they are told by the consumer. */
function silent(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

function withResolvers(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: CallboardError) => void;
} {
  let resolve: () => void = () => undefined;
  let reject: (error: CallboardError) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
