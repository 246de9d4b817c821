/**
 * What waits for one actor, in two lanes, each first in first out; every operation is O(1).
 *
 * - Control goes first, but after `controlStreak` control messages in a row a waiting data message has its turn: data
 *   is slowed by a busy control lane and never starved by it.
 * - A lane at its bound takes nothing. For the data lane that is back-pressure; for the control lane it means that some
 *   protocol broke its own window, and the owner must treat it as a failure.
 */
import { Ring } from './ring.ts';
import type { Lane } from './actor.ts';

/** What travels through a mailbox as something else than the message itself. One look tells it from a message. */
export abstract class Parcel {
  /** False: it was called back, and what it carries is not handled. */
  abstract readonly live: boolean;
}

export interface MailboxBounds {
  readonly dataMessages: number;
  readonly controlMessages: number;
  readonly controlStreak: number;
}

export class Mailbox {
  readonly #bounds: MailboxBounds;
  readonly #control = new Ring<unknown>();
  readonly #data = new Ring<unknown>();
  /** Control messages taken since the last data message, counted only while data waits. */
  #streak = 0;

  constructor(bounds: MailboxBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#control.length + this.#data.length;
  }

  depth(lane: Lane): number {
    return lane === 'control' ? this.#control.length : this.#data.length;
  }

  /** False, and nothing is taken, if the lane is at its bound. */
  push(message: unknown, lane: Lane): boolean {
    if (lane === 'data') {
      if (this.#data.length >= this.#bounds.dataMessages) return false;
      this.#data.push(message);
      return true;
    }
    if (this.#control.length >= this.#bounds.controlMessages) return false;
    this.#control.push(message);
    return true;
  }

  /** The next message. Ask for `length` first: an empty mailbox answers undefined. */
  take(): unknown {
    if (this.#data.length === 0) {
      this.#streak = 0;
      return this.#control.shift();
    }
    if (this.#control.length > 0 && this.#streak < this.#bounds.controlStreak) {
      this.#streak += 1;
      return this.#control.shift();
    }
    this.#streak = 0;
    return this.#data.shift();
  }

  clear(): void {
    this.clearControl();
    this.#data.clear();
  }

  clearControl(): void {
    this.#control.clear();
    this.#streak = 0;
  }
}
