/** One `run` of a consumer: partitions side by side up to `concurrency`, within a partition one record at a time, in order. */
import type { IncomingRecord } from '../api.ts';
import type { Platform } from '../core/platform.ts';
import type { Feed } from './feed.ts';

export interface HandlersOptions<T> {
  readonly platform: Platform;
  handler(record: IncomingRecord<T>): void | Promise<void>;
  readonly auto: boolean;
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  /** Feeds that hold something; shared with the consumer. */
  readonly ready: Set<Feed<T>>;
  /** Called once, when the last handler has returned. */
  done(error: { readonly reason: unknown } | undefined): void;
}

/** Handlers that never wait give way to the sockets after this long. */
const turnMs = 5;

export class Handlers<T> {
  readonly #options: HandlersOptions<T>;
  readonly #aborted = (): void => this.end(undefined);
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
      this.#active += 1;
      this.#work(feed);
    }
  }

  /** Takes no more; done when those at work have returned. */
  end(error: { readonly reason: unknown } | undefined): void {
    this.#error ??= error;
    this.#ended = true;
    this.#finish();
  }

  /** Goes through what is there until a handler waits, the turn is over, or another partition's is. */
  #work(feed: Feed<T>): void {
    const { platform, handler, auto } = this.#options;
    const until = platform.now() + turnMs;
    for (let count = 1; !this.#ended; count += 1) {
      const record = feed.take();
      if (record === undefined) break;
      try {
        const result = handler(record);
        if (isThenable(result)) {
          void result.then(
            () => this.#returned(feed, record),
            (reason: unknown) => this.#threw(feed, reason),
          );
          return;
        }
      } catch (reason) {
        this.#threw(feed, reason);
        return;
      }
      if (auto) void record.ack();
      if (this.#mustYield(feed)) break;
      if (count % 64 === 0 && platform.now() >= until) {
        platform.setTimer(0, () => this.#work(feed));
        return;
      }
    }
    this.#release(feed);
  }

  #returned(feed: Feed<T>, record: IncomingRecord<T>): void {
    if (this.#options.auto) void record.ack();
    if (this.#ended || this.#mustYield(feed)) this.#release(feed);
    else this.#work(feed);
  }

  #threw(feed: Feed<T>, reason: unknown): void {
    this.#error ??= { reason };
    this.#ended = true;
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
    this.#options.done(this.#error);
  }
}

function isThenable(value: void | Promise<void>): value is Promise<void> {
  return typeof value === 'object' && value !== null && typeof value.then === 'function';
}
