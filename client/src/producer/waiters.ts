/** Who waits for the records of a chunk: single sends and parts of batches. */
import type { SentRecord } from '../api.ts';
import { CallboardError } from '../errors.ts';
import type { Outcome } from '../protocol/index.ts';

/** Waits for `count` neighbouring records. `base` below 0: stored at an offset that is not told. */
export interface Waiter {
  readonly count: number;
  stored(partition: number, base: number): void;
  failed(error: CallboardError): void;
}

export class SingleWaiter implements Waiter {
  readonly count = 1;
  readonly #resolve: (sent: SentRecord) => void;
  readonly failed: (error: CallboardError) => void;

  constructor(resolve: (sent: SentRecord) => void, reject: (error: CallboardError) => void) {
    this.#resolve = resolve;
    this.failed = reject;
  }

  stored(partition: number, base: number): void {
    this.#resolve({ partition, offset: base });
  }
}

/** One `sendBatch`: its records may be in several chunks of several partitions. */
export class Batch {
  readonly #results: SentRecord[];
  readonly #resolve: (sent: readonly SentRecord[]) => void;
  readonly #reject: (error: CallboardError) => void;
  #missing: number;
  #stored = 0;
  #error: CallboardError | undefined;
  /** What became of its records. */
  readonly #outcomes = new Set<Outcome>();

  constructor(
    count: number,
    resolve: (sent: readonly SentRecord[]) => void,
    reject: (error: CallboardError) => void,
  ) {
    this.#results = Array.from({ length: count });
    this.#missing = count;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  store(index: number, partition: number, offset: number): void {
    this.#results[index] = { partition, offset };
    this.#stored += 1;
    this.#outcomes.add('applied');
  }

  /** The first failure is the one that is told, once all records have been answered. */
  fail(error: CallboardError): void {
    this.#error ??= error;
    this.#outcomes.add(error.outcome);
  }

  answered(count: number): void {
    this.#missing -= count;
    if (this.#missing > 0) return;
    if (this.#error === undefined) this.#resolve(this.#results);
    else this.#reject(this.#verdict(this.#error));
  }

  /** What the first failure says of its own records does not hold for a batch of which others are stored, or may be. */
  #verdict(first: CallboardError): CallboardError {
    if (this.#outcomes.size === 1 || first.outcome === 'unknown') return first;
    const { code, detail, retriable, retryAfterMs, cause } = first;
    const stored = `${this.#stored} ${this.#stored === 1 ? 'is' : 'are'} stored`;
    const message = `${detail}; of the ${this.#results.length} records of this batch ${stored}`;
    const problem = { code, message, outcome: 'unknown', retriable } as const;
    return new CallboardError(
      retryAfterMs === undefined ? problem : { ...problem, retryAfterMs },
      cause === undefined ? undefined : { cause },
    );
  }
}

/** The records of one batch that lie next to each other in one chunk. */
export class BatchPart implements Waiter {
  readonly batch: Batch;
  readonly #indexes: number[] = [];

  constructor(batch: Batch) {
    this.batch = batch;
  }

  get count(): number {
    return this.#indexes.length;
  }

  add(index: number): void {
    this.#indexes.push(index);
  }

  stored(partition: number, base: number): void {
    const { batch } = this;
    let offset = base;
    for (const index of this.#indexes) {
      batch.store(index, partition, offset);
      if (base >= 0) offset += 1;
    }
    batch.answered(this.count);
  }

  failed(error: CallboardError): void {
    this.batch.fail(error);
    this.batch.answered(this.count);
  }
}
