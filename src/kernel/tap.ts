/**
 * A look at what one actor handles, for operators: a bounded number of messages, by kind and never by content. While an actor has no tap
 * this costs it one comparison per message.
 *
 * A message that arrives under a tap goes through the mailbox in a wrapping, so what it carries (sender, lane, arrival) is known at its turn.
 */
import { formatAddress, type Address } from './address.ts';
import type { Lane } from './actor.ts';
import { Parcel } from './mailbox.ts';
import type { Clock } from './ports.ts';

export interface TapSight {
  /** Wall clock, when the handling began. */
  readonly at: number;
  readonly kind: string;
  readonly from: string | undefined;
  readonly lane: Lane;
  readonly waitedMs: number;
  readonly tookMs: number;
}

export interface TapListener {
  saw(sight: TapSight): void;
  /** Nothing follows. `complete`: it saw as many as were asked for; else the actor ended or the tap was taken away. */
  ended(complete: boolean): void;
}

export class Tap {
  readonly clock: Clock;
  readonly #listener: TapListener;
  #unseen: number;
  #over = false;

  constructor(clock: Clock, messages: number, listener: TapListener) {
    this.clock = clock;
    this.#listener = listener;
    this.#unseen = messages;
  }

  wrap(message: unknown, lane: Lane, from: Address | undefined): unknown {
    // Some of what is wrapped is never handled: the mailbox may be full, or be emptied by a restart.
    return this.#over ? message : new Tapped(this, message, lane, from);
  }

  saw(sight: TapSight): void {
    if (this.#over) return;
    this.#unseen -= 1;
    this.#listener.saw(sight);
    if (this.#unseen === 0) this.#finish(true);
  }

  end(): void {
    if (!this.#over) this.#finish(false);
  }

  #finish(complete: boolean): void {
    this.#over = true;
    this.#listener.ended(complete);
  }
}

export class Tapped extends Parcel {
  readonly content: unknown;
  readonly #tap: Tap;
  readonly #lane: Lane;
  readonly #from: Address | undefined;
  readonly #arrivedMs: number;

  constructor(tap: Tap, content: unknown, lane: Lane, from: Address | undefined) {
    super();
    this.content = content;
    this.#tap = tap;
    this.#lane = lane;
    this.#from = from;
    this.#arrivedMs = tap.clock.now();
  }

  /** A timer that was cancelled while it waited. */
  get live(): boolean {
    return !(this.content instanceof Parcel) || this.content.live;
  }

  /** Also a message whose handler throws has been handled. */
  handle(message: unknown, run: () => void): void {
    const { clock } = this.#tap;
    const at = clock.wallTime();
    const beganMs = clock.now();
    try {
      run();
    } finally {
      this.#tap.saw({
        at,
        kind: kindOf(message),
        from: this.#from === undefined ? undefined : formatAddress(this.#from),
        lane: this.#lane,
        waitedMs: beganMs - this.#arrivedMs,
        tookMs: clock.now() - beganMs,
      });
    }
  }
}

function kindOf(message: unknown): string {
  const kind =
    typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
  return typeof kind === 'string' ? kind : typeof message;
}
