/**
 * One actor id's place in the system: its mailbox, its current incarnation and its life cycle.
 *
 *     starting -> running -> ending -> restarting (back-off) -> starting ...
 *                                   |-> ended
 *                                   \-> quarantined: its stand-in, if there is one, starts and runs; then nothing does
 *
 * - `starting`: takes messages; the factory and `start` run at the beginning of the first turn.
 * - `stopping`: asked to stop from within its own turn; takes nothing more and ends when the handler returns.
 * - `ending`: `stopped()` is running. `restarting`: no incarnation; the mailbox is empty and takes nothing.
 * - `quarantined`: what others see from its last failure on, also while the stand-in runs. Only a stop ends it.
 */
import type { Address, Ref } from './address.ts';
import type { Actor, ExitReason, Lane, Quarantine, SendResult, SpawnOptions } from './actor.ts';
import { describeError } from './errors.ts';
import type { Home, Host } from './host.ts';
import { Incarnation } from './incarnation.ts';
import { Mailbox, Parcel } from './mailbox.ts';
import { Watchers } from './monitors.ts';
import type { ClockTimer } from './ports.ts';
import type { Task } from './scheduler.ts';
import { Supervision, type Verdict } from './supervision.ts';
import { Tapped, type Tap } from './tap.ts';
import { KernelTimer } from './timers.ts';

export type ActorState =
  'starting' | 'running' | 'stopping' | 'ending' | 'restarting' | 'quarantined' | 'ended';

/** What `inspect()` says of one actor. Times are monotonic milliseconds. */
export interface ActorInfo {
  readonly id: string;
  readonly state: ActorState;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages waiting, by lane. */
  readonly control: number;
  readonly data: number;
  readonly dataCapacity: number;
  /** Messages that the full data lane did not take, since the spawn. */
  readonly refused: number;
  /** Messages handled since the spawn, over all incarnations. */
  readonly handled: number;
  /** Age of the current (or, during back-off, of the last) incarnation. */
  readonly ageMs: number;
  readonly quarantine?: Quarantine;
  /** Of one in quarantine: what its stand-in says. */
  readonly details: Record<string, unknown>;
}

export class Cell implements Task, Home {
  readonly ref: Ref<unknown>;
  queued = false;
  readonly #host: Host;
  readonly #factory: () => Actor<unknown>;
  readonly #standIn: SpawnOptions<unknown>['standIn'];
  readonly #supervision: Supervision;
  readonly #mailbox: Mailbox;
  readonly #dataCapacity: number;
  readonly #watchers = new Watchers();
  #state: ActorState = 'starting';
  #context: Incarnation<unknown>;
  #actor: Actor<unknown> | undefined;
  #backOff: ClockTimer | undefined;
  #quarantine: Quarantine | undefined;
  #starts: number;
  #restarts = 0;
  #handled = 0;
  #refused = 0;
  #tap: Tap | undefined;
  #inTurn = false;
  #overflowed = false;

  constructor(
    host: Host,
    ref: Ref<unknown>,
    earlierStarts: number,
    factory: () => Actor<unknown>,
    options: SpawnOptions<unknown>,
  ) {
    const { limits } = host;
    this.ref = ref;
    this.#host = host;
    this.#factory = factory;
    this.#standIn = options.standIn;
    this.#supervision = new Supervision(options.restart, limits.restart);
    this.#dataCapacity = options.dataCapacity ?? limits.mailboxDataMessages;
    if (!Number.isSafeInteger(this.#dataCapacity) || this.#dataCapacity < 1) {
      throw new RangeError(`the data lane of ${ref.id} needs a capacity, got ${this.#dataCapacity}`);
    }
    this.#mailbox = new Mailbox({
      dataMessages: this.#dataCapacity,
      controlMessages: limits.mailboxControlMessages,
      controlStreak: limits.controlStreakMessages,
    });
    this.#starts = earlierStarts + 1;
    this.#context = new Incarnation(host, this, this.#starts);
    host.schedule(this);
  }

  /** The place to register for the end of the living incarnation, if there is one. */
  get watchers(): Watchers | undefined {
    const lives = this.#state !== 'restarting' && this.#state !== 'quarantined' && this.#state !== 'ended';
    return lives ? this.#watchers : undefined;
  }

  /** `from`: undefined for the actor's own timers. */
  deliver(message: unknown, lane: Lane, from: Address | undefined): SendResult {
    if (this.#state !== 'running' && this.#state !== 'starting') return 'gone';
    const parcel = this.#tap === undefined ? message : this.#tap.wrap(message, lane, from);
    if (!this.#mailbox.push(parcel, lane)) {
      // A control lane at its bound is a broken protocol window: the next turn fails the actor.
      if (lane === 'control') this.#overflowed = true;
      else this.#refused += 1;
      return 'full';
    }
    if (!this.queued) this.#host.schedule(this);
    return 'accepted';
  }

  /** Shows the listener what this actor handles from now on. A second tap takes the place of the first. */
  tap(tap: Tap | undefined): void {
    this.#tap?.end();
    this.#tap = tap;
  }

  hasWork(): boolean {
    return this.#state === 'starting' || (this.#state === 'running' && this.#mailbox.length > 0);
  }

  turn(maxMessages: number): number {
    const before = this.#handled;
    this.#inTurn = true;
    try {
      if (this.#overflowed) throw new Error('the control lane ran over its bound');
      if (this.#state === 'starting') this.#begin();
      this.#work(maxMessages);
    } catch (error) {
      this.#inTurn = false;
      this.#fail(error);
      return this.#handled - before;
    }
    this.#inTurn = false;
    if (this.#state === 'stopping') this.#end('stopped');
    return this.#handled - before;
  }

  /** Ends the actor for good: now, or after its current message when that is where the call comes from. */
  stop(): void {
    switch (this.#state) {
      case 'starting':
      case 'running':
        if (this.#inTurn) this.#state = 'stopping';
        else this.#end('stopped');
        return;
      case 'restarting':
      case 'quarantined':
        this.#backOff?.cancel();
        this.#release('stopped');
        return;
      case 'ending':
        // Asked for while `stopped()` runs, whatever the reason for that: there will be no restart.
        this.#state = 'stopping';
        return;
      case 'stopping':
      case 'ended':
        return;
    }
  }

  info(nowMs: number): ActorInfo {
    return {
      id: this.ref.id,
      state: this.#quarantine === undefined ? this.#state : 'quarantined',
      incarnation: this.#context.incarnation,
      restarts: this.#restarts,
      control: this.#mailbox.depth('control'),
      data: this.#mailbox.depth('data'),
      dataCapacity: this.#dataCapacity,
      refused: this.#refused,
      handled: this.#handled,
      ageMs: nowMs - this.#context.startedAtMs,
      ...(this.#quarantine === undefined ? {} : { quarantine: this.#quarantine }),
      details: this.#details(),
    };
  }

  #begin(): void {
    this.#state = 'running';
    const actor = this.#make();
    this.#actor = actor;
    actor.start?.(this.#context);
    this.#context.trace.note('debug', 'actor.started', { incarnation: this.#starts });
  }

  #work(maxMessages: number): void {
    const actor = this.#actor;
    const context = this.#context;
    const mailbox = this.#mailbox;
    if (actor === undefined) return;
    for (let left = maxMessages; left > 0 && this.#state === 'running' && mailbox.length > 0; left -= 1) {
      let message = mailbox.take();
      let tapped: Tapped | undefined;
      if (message instanceof Parcel) {
        if (!message.live) continue;
        tapped = message instanceof Tapped ? message : undefined;
        message = contentOf(message);
      }
      this.#handled += 1;
      if (tapped === undefined) actor.receive(message, context);
      else tapped.handle(message, () => actor.receive(message, context));
    }
    if (this.#state === 'running') actor.turnEnded?.(context);
  }

  #make(): Actor<unknown> {
    if (this.#quarantine === undefined) return this.#factory();
    if (this.#standIn === undefined) throw new Error(`nobody stands in for ${this.ref.id}`);
    return this.#standIn(this.#quarantine);
  }

  #fail(error: unknown): void {
    // Asked to stop and then threw: it is over in any case, but the error deserves its line.
    const wasStopping = this.#state === 'stopping';
    const fields = { incarnation: this.#starts, handled: this.#handled, ...describeError(error) };
    this.#context.trace.note('error', 'actor.failed', fields);
    const verdict = this.#judge();
    const standsIn = verdict.kind === 'quarantine' && this.#standIn !== undefined;
    const stopped = this.#finish(standsIn) || wasStopping;
    if (stopped) {
      this.#mailbox.clear();
      return this.#release('stopped');
    }
    switch (verdict.kind) {
      case 'restart':
        return this.#restartAfter(verdict.delayMs);
      case 'end':
        return this.#release('failed');
      case 'escalate':
        this.#release('escalated');
        return this.#host.escalate(error, this.ref);
      case 'quarantine':
        return this.#toQuarantine(error);
    }
  }

  /** A stand-in has one life: what cannot even refuse had better be gone. */
  #judge(): Verdict {
    if (this.#quarantine !== undefined) return { kind: 'quarantine' };
    return this.#supervision.judge(this.#host.ports.clock.now());
  }

  #end(reason: ExitReason): void {
    this.#finish(false);
    this.#release(reason);
  }

  /** Ends the incarnation. `handsOver`: the data lane is left to a stand-in. True if somebody asked for a stop meanwhile. */
  #finish(handsOver: boolean): boolean {
    this.#state = 'ending';
    try {
      this.#actor?.stopped?.();
    } catch (error) {
      this.#context.trace.note('error', 'actor.stopped_threw', describeError(error));
    }
    const leaves = handsOver && this.#quarantine === undefined;
    if (!leaves) this.#giveBack();
    this.#actor = undefined;
    this.#context.end();
    if (leaves) this.#mailbox.clearControl();
    else this.#mailbox.clear();
    this.#overflowed = false;
    // Widened on purpose: stopped() may have called stop(), which control flow analysis cannot see.
    const stopAsked = (this.#state as ActorState) === 'stopping';
    this.#state = 'restarting';
    this.#watchers.fireAll();
    return stopAsked;
  }

  /** The actor hears of what it will not receive. */
  #giveBack(): void {
    if (this.#mailbox.length === 0) return;
    try {
      const actor = this.#actor ?? this.#make();
      if (actor.undelivered === undefined) return;
      while (this.#mailbox.length > 0) {
        const message = this.#mailbox.take();
        if (!(message instanceof Parcel)) actor.undelivered(message, this.#context);
        else if (message.live) actor.undelivered(contentOf(message), this.#context);
      }
    } catch (error) {
      this.#context.trace.note('error', 'actor.undelivered_threw', describeError(error));
    }
  }

  #restartAfter(delayMs: number): void {
    this.#restarts += 1;
    this.#context.trace.note('warn', 'actor.restarting', { restarts: this.#restarts, delayMs });
    this.#backOff = this.#host.ports.clock.setTimer(delayMs, () => {
      if (this.#state !== 'restarting') return;
      this.#backOff = undefined;
      this.#startAgain();
    });
  }

  #startAgain(): void {
    this.#starts += 1;
    this.#context = new Incarnation(this.#host, this, this.#starts);
    this.#state = 'starting';
    if (!this.queued) this.#host.schedule(this);
  }

  #toQuarantine(error: unknown): void {
    if (this.#quarantine !== undefined) {
      this.#state = 'quarantined';
      return;
    }
    const { error: text, at } = describeError(error);
    const sinceMs = this.#host.ports.clock.wallTime();
    this.#quarantine = { error: text, at, sinceMs, restarts: this.#restarts };
    this.#context.trace.note('error', 'actor.quarantined', { restarts: this.#restarts, error: text, at });
    if (this.#standIn === undefined) this.#state = 'quarantined';
    else this.#startAgain();
  }

  #release(reason: ExitReason): void {
    this.#state = 'ended';
    this.tap(undefined);
    this.#context.trace.note('debug', 'actor.ended', { reason, incarnation: this.#starts });
    this.#host.release(this.ref.id, this.#starts);
  }

  #details(): Record<string, unknown> {
    try {
      return this.#actor?.inspect?.() ?? {};
    } catch (error) {
      return { inspectFailed: describeError(error).error };
    }
  }
}

/** The message that a parcel carries. */
function contentOf(parcel: Parcel): unknown {
  const content = parcel instanceof Tapped ? parcel.content : parcel;
  return content instanceof KernelTimer ? content.message : content;
}
