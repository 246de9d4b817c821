/**
 * Promises in a run. Whatever reacts to a promise waits in Node's queue of microtasks, which is emptied when the current turn of
 * Node's event loop ends; but a whole run is one turn. So each piece of code that may settle a promise runs within `run`, which
 * empties that queue before it returns: the next event finds everything done that follows from this one, as in a real process.
 */
import process from 'node:process';

/** Runs the ticks and microtasks that wait, and tells of rejections that nobody handles. Does nothing within a microtask. */
const drain = (process as { readonly _tickCallback?: () => void })._tickCallback;
/** Kept from before the real world was banned. */
const { queueMicrotask: enqueue, setImmediate: nextTurn } = globalThis;

export class Turns {
  readonly #failed: (error: unknown) => void;
  #within = false;

  /** `failed`: told of what is thrown and caught by nobody, which would have ended a real process. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
    let drained = false;
    enqueue(() => {
      drained = true;
    });
    drain?.call(process);
    if (!drained) {
      throw new Error('a run with real clients needs a turn of the event loop for itself: see inOwnTurn');
    }
  }

  /** Runs `body` and everything that follows from it. Within another `run`, its follow-up is part of that one's. */
  run(body: () => void): void {
    if (this.#within) {
      body();
      return;
    }
    this.#within = true;
    try {
      this.#guarded(body);
      drain?.call(process);
    } finally {
      this.#within = false;
    }
  }

  /** Runs `body` after what waits in the queue already, within the current `run`. */
  soon(body: () => void): void {
    enqueue(() => this.#guarded(body));
  }

  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Runs `body`, during which `failed` is told of rejections that nobody handles. */
export function watchingRejections<T>(failed: (reason: unknown) => void, body: () => T): T {
  process.on('unhandledRejection', failed);
  try {
    return body();
  } finally {
    process.off('unhandledRejection', failed);
  }
}

/** Runs `body` outside of any microtask, where `Turns` can work. */
export function inOwnTurn<T>(body: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    nextTurn(() => {
      try {
        resolve(body());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}
