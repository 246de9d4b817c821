/**
 * The timers of one incarnation, on the Clock port.
 *
 * - Each timer fires at most once, however late: a stall of ten periods is one message, not ten.
 * - A timer travels through the mailbox as itself and is unwrapped only when its turn has come, so after `cancel` its
 *   message is never received, not even if it had already fired and was waiting in the lane.
 * - `clear` ends them all; nothing of one incarnation reaches the next.
 */
import type { TimerHandle } from './actor.ts';
import { Parcel } from './mailbox.ts';
import type { Clock, ClockTimer } from './ports.ts';

export class KernelTimer extends Parcel implements TimerHandle {
  readonly timer: number;
  readonly message: unknown;
  /** The incarnation's table; a handle means nothing to any other. */
  readonly owner: TimerTable | undefined;
  live = true;
  pending: ClockTimer | undefined;

  constructor(timer: number, message: unknown, owner: TimerTable | undefined) {
    super();
    this.timer = timer;
    this.message = message;
    this.owner = owner;
  }
}

/** What an ended incarnation gets when it asks for a timer: one that never fires. */
export const deadTimer: TimerHandle = Object.freeze({ timer: 0 });

export class TimerTable {
  readonly #clock: Clock;
  readonly #fire: (timer: KernelTimer) => void;
  readonly #waiting = new Set<KernelTimer>();
  #lastId = 0;

  /** `fire` puts the timer itself into the owner's control lane. */
  constructor(clock: Clock, fire: (timer: KernelTimer) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  start(delayMs: number, message: unknown): TimerHandle {
    if (!Number.isFinite(delayMs) || delayMs < 0) {
      throw new RangeError(`a timer needs a delay, got ${delayMs} ms`);
    }
    this.#lastId += 1;
    const timer = new KernelTimer(this.#lastId, message, this);
    this.#waiting.add(timer);
    timer.pending = this.#clock.setTimer(delayMs, () => {
      if (this.#waiting.delete(timer)) this.#fire(timer);
    });
    return timer;
  }

  cancel(handle: TimerHandle): void {
    if (!(handle instanceof KernelTimer) || handle.owner !== this) return;
    handle.live = false;
    if (this.#waiting.delete(handle)) handle.pending?.cancel();
  }

  clear(): void {
    for (const timer of this.#waiting) {
      timer.live = false;
      timer.pending?.cancel();
    }
    this.#waiting.clear();
  }
}
