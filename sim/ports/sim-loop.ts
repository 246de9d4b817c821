/**
 * The one event loop of a simulated cluster: a heap of (time, tie, event) that all nodes share. Time is an integer count
 * of microseconds and moves only from event to event.
 *
 * - Events of one microsecond run in a seeded order in half of the seeds, first in first out in the other half: the
 *   first finds code that leans on an order nobody promised, the second keeps runs readable.
 * - So whoever promises an order (a connection, a disk queue) schedules at strictly rising times.
 * - An event's callback runs to completion; nothing here ever waits on a promise.
 */
import { EventHeap } from './event-heap.ts';
import type { HeapEvent } from './event-heap.ts';
import { SimRandom } from './sim-random.ts';
import { TraceHash } from './trace-hash.ts';

export interface SimLoopOptions {
  readonly seed: string | number;
  /** Default: decided by the seed. */
  readonly ties?: 'seeded' | 'fifo';
}

export interface SimEvent extends HeapEvent {
  readonly timeMicros: number;
  readonly callback: () => void;
  /** Mixed into the hash: which node's event this is; 0 for the loop's own. */
  readonly owner: number;
  /** Taken out by the loop; a later cancel means nothing. */
  done: boolean;
}

/** A rank holds 32 random bits above 21 bits of the sequence, or the sequence alone. */
const SEQUENCE_SPAN = 2 ** 21;

export class SimLoop {
  readonly ties: 'seeded' | 'fifo';
  /** Rolls over every event that ran. Components may mix in more. */
  readonly hash: TraceHash = new TraceHash();
  readonly random: SimRandom;
  readonly #heap = new EventHeap<SimEvent>();
  readonly #tieRandom: SimRandom;
  #nowMicros = 0;
  #sequence = 0;
  #executed = 0;
  #owners = 0;

  constructor(options: SimLoopOptions) {
    this.random = new SimRandom(options.seed);
    this.#tieRandom = this.random.fork('ties');
    const seededTies = this.random.fork('tie mode').chance(0.5);
    this.ties = options.ties ?? (seededTies ? 'seeded' : 'fifo');
  }

  get nowMicros(): number {
    return this.#nowMicros;
  }

  /** Events that wait. */
  get pending(): number {
    return this.#heap.size;
  }

  /** Events that have run. */
  get executed(): number {
    return this.#executed;
  }

  /** The number by which an event source is known in the hash; given in the order of asking, from 1. */
  nextOwner(): number {
    this.#owners += 1;
    return this.#owners;
  }

  /** Runs `callback` at `timeMicros`, an integer; a time that has passed means now. */
  at(timeMicros: number, callback: () => void, owner = 0): SimEvent {
    if (!Number.isSafeInteger(timeMicros)) throw new RangeError(`simulated time is whole, got ${timeMicros}`);
    const time = timeMicros < this.#nowMicros ? this.#nowMicros : timeMicros;
    const event: SimEvent = { timeMicros: time, callback, owner, done: false, cancelled: false };
    this.#heap.push(event, time, this.#nextRank());
    return event;
  }

  after(delayMicros: number, callback: () => void, owner = 0): SimEvent {
    return this.at(this.#nowMicros + delayMicros, callback, owner);
  }

  cancel(event: SimEvent): void {
    if (!event.done && !event.cancelled) this.#heap.cancel(event);
  }

  /** Runs the next event. False if there is none. */
  step(): boolean {
    const event = this.#heap.pop();
    if (event === undefined) return false;
    this.#execute(event);
    return true;
  }

  /**
   * Runs every event up to and including `untilMicros`, then time is `untilMicros`. Says how many ran. Throws when more
   * than `maxEvents` would: a cluster that never comes to rest is a finding, not a reason to wait.
   */
  run(untilMicros: number, maxEvents: number = Infinity): number {
    if (!Number.isSafeInteger(untilMicros)) {
      throw new RangeError(`simulated time is whole, got ${untilMicros}`);
    }
    let count = 0;
    for (;;) {
      const next = this.#heap.nextTime();
      if (next === undefined || next > untilMicros) break;
      if (count >= maxEvents) throw new Error(`more than ${maxEvents} events before ${untilMicros} us`);
      this.step();
      count += 1;
    }
    if (untilMicros > this.#nowMicros) this.#nowMicros = untilMicros;
    return count;
  }

  #nextRank(): number {
    this.#sequence += 1;
    if (this.ties === 'fifo') return this.#sequence;
    return this.#tieRandom.uint32() * SEQUENCE_SPAN + (this.#sequence % SEQUENCE_SPAN);
  }

  #execute(event: SimEvent): void {
    event.done = true;
    this.#nowMicros = event.timeMicros;
    this.#executed += 1;
    this.hash.mix(event.timeMicros);
    this.hash.mix(event.owner);
    event.callback();
  }
}
