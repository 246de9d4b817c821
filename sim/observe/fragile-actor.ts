/**
 * Actors that can be made to throw: a fault throws from inside `receive`, before or after the message was handled, and the
 * supervisor does what it does in production.
 */
import type { Actor, Context } from '../../src/kernel/index.ts';

/** Stands in the error of every injected throw, so that checkers can tell it from a real one. */
export const injectedCrash = 'crashed by the simulator';

/** What makes one actor throw, over all its incarnations. */
export class Fuse {
  readonly #onBlow: (before: boolean) => void;
  #left = 0;
  #before = false;
  #blown = 0;

  constructor(onBlow: (before: boolean) => void) {
    this.#onBlow = onBlow;
  }

  get armed(): boolean {
    return this.#left > 0;
  }

  /** How often it made its actor throw. */
  get blown(): number {
    return this.#blown;
  }

  /** The next messages, `times` of them, each end an incarnation: handled first, or lost. */
  arm(before: boolean, times: number): void {
    this.#before = before;
    this.#left = times;
  }

  disarm(): void {
    this.#left = 0;
  }

  run(handle: () => void): void {
    this.#left -= 1;
    this.#blown += 1;
    this.#onBlow(this.#before);
    if (!this.#before) handle();
    throw new Error(injectedCrash);
  }
}

export class FragileActor<M> implements Actor<M> {
  readonly #inner: Actor<M>;
  readonly #fuse: Fuse;

  constructor(inner: Actor<M>, fuse: Fuse) {
    this.#inner = inner;
    this.#fuse = fuse;
  }

  start(context: Context<M>): void {
    this.#inner.start?.(context);
  }

  receive(message: M, context: Context<M>): void {
    if (this.#fuse.armed) this.#fuse.run(() => this.#inner.receive(message, context));
    else this.#inner.receive(message, context);
  }

  turnEnded(context: Context<M>): void {
    this.#inner.turnEnded?.(context);
  }

  stopped(): void {
    this.#inner.stopped?.();
  }

  undelivered(message: M, context: Context<M>): void {
    this.#inner.undelivered?.(message, context);
  }

  inspect(): Record<string, unknown> {
    return this.#inner.inspect?.() ?? {};
  }
}
