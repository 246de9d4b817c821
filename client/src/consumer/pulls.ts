/**
 * The async iterators of a consumer. What is there is handed over in a promise that is resolved already; who comes when
 * there is nothing waits in line.
 */
interface Acknowledged {
  ack(): Promise<void>;
}

interface Waiting<T extends Acknowledged> {
  readonly iterator: PullIterator<T>;
  resolve(result: IteratorResult<T>): void;
  reject(reason: unknown): void;
}

export class Pulls<T extends Acknowledged> {
  readonly take: () => T | undefined;
  /** What was handed over is acknowledged when more is asked for. */
  readonly auto: boolean;
  /** Iterators that were handed something; those that wait for more are at rest all the same. */
  readonly #working = new Set<PullIterator<T>>();
  readonly #idle: () => void;
  #waiting: Waiting<T>[] = [];
  #ended = false;
  #error: { readonly reason: unknown } | undefined;

  /** `idle`: nobody is at work any more. */
  constructor(take: () => T | undefined, auto: boolean, idle: () => void) {
    this.take = take;
    this.#idle = idle;
    this.auto = auto;
  }

  /** Iterators whose users are at work on what they were handed; known once nothing comes any more. */
  get working(): number {
    return this.#working.size;
  }

  works(iterator: PullIterator<T>): void {
    this.#working.add(iterator);
  }

  rests(iterator: PullIterator<T>): void {
    if (this.#working.delete(iterator) && this.#working.size === 0) this.#idle();
  }

  iterator(): AsyncIterator<T> {
    return new PullIterator(this);
  }

  /** Something has come. */
  pump(): void {
    while (this.#waiting.length > 0) {
      const value = this.take();
      if (value === undefined) return;
      const next = this.#waiting.shift();
      next?.iterator.handed(value);
      next?.resolve({ value, done: false });
    }
  }

  /** Nothing comes any more. */
  end(error: { readonly reason: unknown } | undefined): void {
    this.#ended = true;
    this.#error = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { iterator, resolve, reject } of waiting) {
      this.#working.delete(iterator);
      if (error === undefined) resolve({ value: undefined, done: true });
      else reject(error.reason);
    }
  }

  next(iterator: PullIterator<T>): Promise<IteratorResult<T>> {
    if (this.#ended) {
      this.rests(iterator);
      if (this.#error !== undefined) return Promise.reject(this.#error.reason);
      return Promise.resolve({ value: undefined, done: true });
    }
    const value = this.#waiting.length > 0 ? undefined : this.take();
    if (value !== undefined) {
      iterator.handed(value);
      return Promise.resolve({ value, done: false });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ iterator, resolve, reject });
    });
  }

  /** The iterator is left: it waits for nothing any more. */
  leave(iterator: PullIterator<T>): void {
    this.#waiting = this.#waiting.filter((each) => {
      if (each.iterator !== iterator) return true;
      each.resolve({ value: undefined, done: true });
      return false;
    });
  }
}

class PullIterator<T extends Acknowledged> implements AsyncIterator<T> {
  readonly #pulls: Pulls<T>;
  #last: T | undefined;
  #left = false;
  #works = false;

  constructor(pulls: Pulls<T>) {
    this.#pulls = pulls;
  }

  handed(value: T): void {
    if (this.#pulls.auto) this.#last = value;
    if (this.#works) return;
    this.#works = true;
    this.#pulls.works(this);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#last !== undefined) {
      void this.#last.ack();
      this.#last = undefined;
    }
    if (this.#left) return Promise.resolve({ value: undefined, done: true });
    return this.#pulls.next(this);
  }

  /** `break` and the like: what was handed over last is not acknowledged. */
  return(): Promise<IteratorResult<T>> {
    this.#left = true;
    this.#last = undefined;
    this.#works = false;
    this.#pulls.rests(this);
    this.#pulls.leave(this);
    return Promise.resolve({ value: undefined, done: true });
  }
}
