/**
 * What has been acknowledged of one partition since its position was last set, and how much of that the cluster has committed.
 *
 * One `ack` frame is on its way at a time; what is acknowledged meanwhile is told by the next. However often it has to be sent again,
 * whoever waits for it waits for as long as its deadline, and not for longer.
 */
import { CallboardError, errorOf } from '../errors.ts';
import type { Platform, Timer } from '../core/platform.ts';
import { failure, type Failure } from '../protocol/index.ts';
import { silent } from '../silent.ts';
import { AckWindow } from './ack-window.ts';

const done = Promise.resolve();

/** An eighth of a deadline is the most by which a caller may be told too early that it is over. */
const roundsPerDeadline = 8;

/** Callers that came at about the same time: they share a promise and its deadline. */
interface Round {
  readonly promise: Promise<void>;
  readonly bornMs: number;
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
  #current: Round[] = [];
  #next: Round[] = [];
  #end: CallboardError | undefined;
  #forgotten = false;

  constructor(host: LedgerHost, cursor: number, durable: boolean) {
    this.#host = host;
    this.#window = new AckWindow(cursor);
    this.#committed = cursor;
    this.#durable = durable;
  }

  /** The lowest offset that is not acknowledged; undefined for a reader without a cursor. */
  get cursor(): number | undefined {
    return this.#durable ? this.#window.cursor : undefined;
  }

  /** Of the records below `end`, how many are not acknowledged; undefined for a reader. */
  open(end: number): number | undefined {
    return this.#durable ? Math.max(0, end - this.#window.cursor - this.#window.above) : undefined;
  }

  /** What to commit now; undefined: nothing, or an answer is awaited. */
  get due(): number | undefined {
    const { cursor } = this.#window;
    return this.#sent === undefined && cursor > this.#committed ? cursor : undefined;
  }

  /** Acknowledges a stretch of records; resolves when the cursor that this allows is committed. Most callers do not await it. */
  ack(from: number, to: number): Promise<void> {
    if (!this.#durable || this.#forgotten) return done;
    if (this.#end !== undefined) return silent(Promise.reject(this.#end));
    if (!this.#window.mark(from, to)) {
      const message = `offset ${this.#window.cursor} of ${this.#host.name} is not acknowledged, and too many above it are; acknowledge it, or seek`;
      return silent(Promise.reject(errorOf('limit_reached', { message })));
    }
    const { cursor } = this.#window;
    if (cursor <= this.#committed) return done;
    if (this.#sent !== undefined && cursor <= this.#sent) return this.#join(this.#current);
    const promise = this.#join(this.#next);
    if (this.#sent === undefined) this.#host.wake();
    return promise;
  }

  /** An `ack` up to `cursor` leaves. */
  leaves(cursor: number): void {
    this.#sent = cursor;
    this.#current = this.#next;
    this.#next = [];
  }

  /** It was answered. */
  committed(cursor: number): void {
    this.#committed = Math.max(this.#committed, cursor);
    this.#sent = undefined;
    const rounds = this.#current;
    this.#current = [];
    settle(rounds, undefined);
    this.#settleIfDone();
  }

  /** It was not, and has to be sent again. */
  missed(): void {
    this.#sent = undefined;
    this.#next = [...this.#current, ...this.#next];
    this.#current = [];
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
    const rounds = this.#next;
    this.#next = [];
    settle(rounds, undefined);
  }

  #finish(error: CallboardError | undefined): void {
    const rounds = [...this.#current, ...this.#next];
    this.#current = [];
    this.#next = [];
    settle(rounds, error);
  }

  /** A promise of the newest of `rounds`, or of one more if that has waited for a while. */
  #join(rounds: Round[]): Promise<void> {
    const { platform, deadlineMs } = this.#host;
    const newest = rounds.at(-1);
    if (newest !== undefined && platform.now() - newest.bornMs < deadlineMs / roundsPerDeadline) {
      return newest.promise;
    }
    const round = this.#round();
    rounds.push(round);
    return round.promise;
  }

  #round(): Round {
    const { platform, deadlineMs, name } = this.#host;
    const { promise, resolve, reject } = withResolvers();
    const timer = platform.setTimer(deadlineMs, () => {
      const others = (one: Round): boolean => one.timer !== timer;
      this.#current = this.#current.filter(others);
      this.#next = this.#next.filter(others);
      const message = `the acknowledgement in ${name} was not committed within ${deadlineMs} ms; it is tried on`;
      reject(new CallboardError(failure('timeout', { message })));
    });
    return { promise: silent(promise), bornMs: platform.now(), timer, resolve, reject };
  }
}

function settle(rounds: readonly Round[], error: CallboardError | undefined): void {
  for (const round of rounds) {
    round.timer.cancel();
    if (error === undefined) round.resolve();
    else round.reject(error);
  }
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
