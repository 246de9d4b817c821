/**
 * One `run` of a consumer: partitions side by side up to `concurrency`, within a partition one record at a time, in order. A handler
 * that throws holds up its own partition only, for as long as its record is tried again.
 */
import type { HandlerFailed, IncomingRecord, OnError } from '../api.ts';
import type { Platform, Timer } from '../core/platform.ts';
import type { Feed } from './feed.ts';

export interface HandlersOptions<T> {
  readonly platform: Platform;
  handler(record: IncomingRecord<T>): void | Promise<void>;
  readonly auto: boolean;
  readonly concurrency: number;
  readonly onError: OnError;
  readonly signal: AbortSignal | undefined;
  /** Feeds that hold something; shared with the consumer. */
  readonly ready: Set<Feed<T>>;
  /** A handler has thrown. */
  failed(failed: Omit<HandlerFailed, 'kind' | 'consumer'>): void;
  /**
   * Called once, when the last handler has returned. `left`: partitions that stand above records which are not done, with the offset of
   * the one that was given up there.
   */
  done(error: { readonly reason: unknown } | undefined, left: ReadonlyMap<Feed<T>, number | undefined>): void;
}

/** A record in the hands of its handler. */
interface Task<T> {
  readonly feed: Feed<T>;
  readonly record: IncomingRecord<T>;
  /** Of the feed, when the record was taken. */
  readonly generation: number;
  attempt: number;
}

/** Handlers that never wait give way to the sockets after this long. */
const turnMs = 5;
const backoffMs = 100;
const backoffMaxMs = 30_000;

export class Handlers<T> {
  readonly #options: HandlersOptions<T>;
  readonly #aborted = (): void => this.end(undefined);
  /** Partitions that this run has handled something of. */
  readonly #touched = new Set<Feed<T>>();
  readonly #givenUp = new Map<Feed<T>, number>();
  /** Records that wait for their next try. */
  readonly #retries = new Map<Task<T>, Timer>();
  #active = 0;
  #ended = false;
  #done = false;
  #error: { readonly reason: unknown } | undefined;

  constructor(options: HandlersOptions<T>) {
    this.#options = options;
    options.signal?.addEventListener('abort', this.#aborted);
    if (options.signal?.aborted === true) options.platform.soon(this.#aborted);
  }

  /** Begins work on partitions that have some. */
  pump(): void {
    const { ready, concurrency } = this.#options;
    for (const feed of [...ready]) {
      if (this.#ended || this.#active >= concurrency) return;
      if (feed.busy) continue;
      ready.delete(feed);
      feed.busy = true;
      this.#touched.add(feed);
      this.#active += 1;
      this.#work(feed);
    }
  }

  /** Takes no more; done when those at work have returned. */
  end(error: { readonly reason: unknown } | undefined): void {
    this.#error ??= error;
    this.#ended = true;
    const retries = [...this.#retries];
    this.#retries.clear();
    for (const [task, timer] of retries) {
      timer.cancel();
      this.#giveUp(task);
    }
    this.#finish();
  }

  /** Goes through what is there until a handler waits, the turn is over, or another partition's is. */
  #work(feed: Feed<T>): void {
    const { platform } = this.#options;
    const until = platform.now() + turnMs;
    for (let count = 1; !this.#ended; count += 1) {
      const record = feed.take();
      if (record === undefined) break;
      if (!this.#handled({ feed, record, generation: feed.generation, attempt: 1 })) return;
      if (this.#mustYield(feed)) break;
      if (count % 64 === 0 && platform.now() >= until) {
        platform.setTimer(0, () => this.#work(feed));
        return;
      }
    }
    this.#release(feed);
  }

  /** True: the handler has returned, and the next record may follow at once. Else the task goes on by itself. */
  #handled(task: Task<T>): boolean {
    try {
      const result = this.#options.handler(task.record);
      if (isThenable(result)) {
        void result.then(
          () => this.#returned(task),
          (reason: unknown) => this.#threw(task, reason),
        );
        return false;
      }
    } catch (reason) {
      this.#threw(task, reason);
      return false;
    }
    if (this.#options.auto) void task.record.ack();
    return true;
  }

  #returned({ feed, record }: Task<T>): void {
    if (this.#options.auto) void record.ack();
    this.#goOn(feed);
  }

  #goOn(feed: Feed<T>): void {
    if (this.#ended || this.#mustYield(feed)) this.#release(feed);
    else this.#work(feed);
  }

  #threw(task: Task<T>, error: unknown): void {
    const { feed, record, attempt } = task;
    const { topic, partition, offset } = record;
    const next = this.#verdict(task);
    this.#options.failed({ topic, partition, offset, record, error, attempt, next });
    if (next === 'retry') this.#retryLater(task);
    else if (next === 'skip') {
      void record.ack();
      // Not within the call of the handler: with many of these in a row the stack would grow.
      this.#options.platform.soon(() => this.#goOn(feed));
    } else {
      // First, so that whoever is told of the end is told why.
      this.#error ??= { reason: error };
      this.end(undefined);
      this.#giveUp(task);
    }
  }

  #verdict({ attempt }: Task<T>): 'stop' | 'skip' | 'retry' {
    const { onError } = this.#options;
    if (typeof onError === 'string') return onError;
    // What is ending tries nothing again, and has not tried often enough to skip it.
    if (attempt <= onError.retry) return this.#ended ? 'stop' : 'retry';
    return onError.then ?? 'stop';
  }

  #retryLater(task: Task<T>): void {
    const { onError, platform } = this.#options;
    const firstMs = (typeof onError === 'object' ? onError.backoffMs : undefined) ?? backoffMs;
    const ms = Math.min(Math.max(firstMs, backoffMaxMs), firstMs * 2 ** Math.min(task.attempt - 1, 30));
    const timer = platform.setTimer(ms, () => {
      this.#retries.delete(task);
      task.attempt += 1;
      // The user has sought meanwhile: this record is none of his any more.
      if (task.generation !== task.feed.generation || this.#handled(task)) this.#goOn(task.feed);
    });
    this.#retries.set(task, timer);
  }

  /** Its record stays undone. */
  #giveUp({ feed, record, generation }: Task<T>): void {
    if (generation === feed.generation) this.#givenUp.set(feed, record.offset);
    this.#release(feed);
  }

  /** At the end of a chunk others have their turn, if there are more partitions than may be handled. */
  #mustYield(feed: Feed<T>): boolean {
    const { ready, concurrency } = this.#options;
    return this.#active >= concurrency && ready.size > 0 && !feed.inChunk;
  }

  #release(feed: Feed<T>): void {
    feed.busy = false;
    this.#active -= 1;
    if (!feed.empty) this.#options.ready.add(feed);
    if (this.#ended) this.#finish();
    else this.pump();
  }

  #finish(): void {
    if (this.#done || this.#active > 0) return;
    this.#done = true;
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    this.#options.done(this.#error, this.#left());
  }

  /** After a failure all partitions begin at their cursors; after an abort only those whose record was being tried again. */
  #left(): ReadonlyMap<Feed<T>, number | undefined> {
    if (this.#error === undefined) return this.#givenUp;
    return new Map([...this.#touched].map((feed) => [feed, this.#givenUp.get(feed)]));
  }
}

function isThenable(value: void | Promise<void>): value is Promise<void> {
  return typeof value === 'object' && value !== null && typeof value.then === 'function';
}
