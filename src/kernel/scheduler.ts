/**
 * The run queue: whose turn is next, and when the event loop gets its own.
 *
 * - A task is in the queue at most once. It runs for at most `turnMessages`, then goes to the back if it has more.
 * - A drain runs turns until the queue is empty, about `drainMs` have passed or `drainMessages` were handled; then the
 *   network is flushed once, and what is left continues after `clock.defer`, so sockets and timers get their share.
 * - Nothing here calls a task from inside another: `enqueue` only queues, whoever calls it.
 */
import type { KernelLimits } from './limits.ts';
import type { Clock, Network } from './ports.ts';
import { Ring } from './ring.ts';

export interface Task {
  /** Owned by the scheduler: true while the task is in the queue or in its turn. */
  queued: boolean;
  /** Handles up to `maxMessages` and says how many. Must not throw. */
  turn(maxMessages: number): number;
  hasWork(): boolean;
}

/** Reading a clock costs as much as handling a small message, so it is read once per this many. */
const MESSAGES_PER_CLOCK_READ = 16;

export class Scheduler {
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #limits: KernelLimits;
  readonly #queue = new Ring<Task>();
  readonly #drainCallback = (): void => this.#drain();
  /** True while a drain runs or is deferred: then new work needs no wake-up of its own. */
  #awake = false;

  constructor(clock: Clock, network: Network, limits: KernelLimits) {
    this.#clock = clock;
    this.#network = network;
    this.#limits = limits;
  }

  enqueue(task: Task): void {
    if (task.queued) return;
    task.queued = true;
    this.#queue.push(task);
    this.wake();
  }

  /** Makes sure that a drain, and so a flush of the network, follows. */
  wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#clock.defer(this.#drainCallback);
  }

  #drain(): void {
    try {
      this.#runTurns();
    } finally {
      // A throw here comes from a port or from the owner's onEscalate. It must not leave the queue asleep for ever.
      this.#awake = false;
      if (this.#queue.length > 0) this.wake();
    }
    this.#network.flush();
  }

  #runTurns(): void {
    const deadline = this.#clock.now() + this.#limits.drainMs;
    let left = this.#limits.drainMessages;
    let unclocked = 0;
    for (;;) {
      const task = this.#queue.shift();
      if (task === undefined) return;
      const handled = this.#runTurn(task);
      left -= handled;
      unclocked += handled;
      if (left <= 0) return;
      if (unclocked >= MESSAGES_PER_CLOCK_READ) {
        if (this.#clock.now() >= deadline) return;
        unclocked = 0;
      }
    }
  }

  #runTurn(task: Task): number {
    try {
      // A turn always counts for something, so that a queue of idle turns ends too.
      return task.turn(this.#limits.turnMessages) || 1;
    } finally {
      if (task.hasWork()) this.#queue.push(task);
      else task.queued = false;
    }
  }
}
