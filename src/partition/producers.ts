/**
 * Idempotent producers (SEMANTICS S3, S4): what the partition remembers of each producer, and the decision about a batch.
 *
 * Part of the replicated state: `apply` runs on every replica in log order. The leader decides on a batch before it
 * proposes it, on this state plus its own tail that is not applied yet (`ProducerTail`), so that a retry which overtakes its
 * original's commit is recognised too.
 *
 * Who is idle for too long is forgotten, with all that would tell a repeat of its batches from a new one. So of the forgotten one
 * number is kept, their highest epoch, and an id that is not known comes in above it only: nothing that was stored under an epoch
 * that this partition has forgotten is stored again. How far above it one may come in, and then climb, is bounded, or one stranger could use
 * all epochs up: in what time an id is forgotten, that number rises by `producerEpochRange` at most.
 *
 * Places are shared by who brought an id, or one stranger with made-up ids could close the partition to everybody new: a part is kept for
 * ids that nodes answer for, and of the rest nobody takes from the others more than a share (`ProducerPlaces`).
 */
import type { ChunkHeader, LogIndex } from '@callboard/client/protocol';
import { mostStepMs } from './log-clock.ts';
import { nodeOwner, ProducerPlaces } from './producer-places.ts';

export interface Batch {
  /** 32 hexadecimal characters; all zero: not idempotent. */
  readonly producerId: string;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly count: number;
  /** Who brought the id; absent: a node. */
  readonly owner?: number;
}

/** The batch that a chunk of records holds. */
export function batchOf(header: ChunkHeader): Batch {
  const { producerId, producerEpoch: epoch, firstSequence, recordCount: count, owner } = header;
  return { producerId, epoch, firstSequence, count, owner };
}

interface Remembered {
  readonly firstSequence: number;
  readonly count: number;
  readonly baseOffset: number;
}

interface Producer {
  epoch: number;
  /** One above the last stored sequence. */
  nextSequence: number;
  /** The newest batches of this epoch, oldest first. */
  batches: Remembered[];
  lastSeenMs: number;
  owner: number;
}

export type Decision =
  /** `newcomer`: takes a place in the table. */
  | { readonly kind: 'accept'; readonly newcomer?: true }
  /** Stored before: answer with the old offset; `index` is set while the original is not applied yet. */
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly index: LogIndex | undefined }
  /** Stored before, too long ago to say where. */
  | { readonly kind: 'forgotten-batch'; readonly nextSequence: number }
  | { readonly kind: 'gap'; readonly expected: number }
  | { readonly kind: 'fenced'; readonly epoch: number }
  /** Not known here. `forgotten`: the highest epoch of those that were; undefined: none was. */
  | { readonly kind: 'expired'; readonly forgotten: number | undefined; readonly nextEpoch: number }
  /** Further above what is known, or was forgotten, than one step may lead. */
  | { readonly kind: 'epoch-too-high'; readonly nextEpoch: number }
  /** As far above those that were forgotten as one id may get. A new id begins at `nextEpoch`. */
  | { readonly kind: 'epochs-spent'; readonly nextEpoch: number; readonly range: number }
  /** `own`: those of the same owner. */
  | { readonly kind: 'table-full'; readonly limit: number; readonly own: number };

export interface ProducerLimits {
  readonly producerBatchesRemembered: number;
  readonly producerIdleMs: number;
  readonly producerEpochSteps: number;
  readonly producerEpochRange: number;
  readonly producersPerPartition: number;
  readonly producersOfNodes: number;
}

export const anonymousProducer: string = '0'.repeat(32);

export class ProducerTable {
  readonly #limits: ProducerLimits;
  /** Ordered by last use, the longest idle first: expiry looks at the front only. */
  readonly #producers = new Map<string, Producer>();
  readonly #places: ProducerPlaces;
  readonly #begunAnew: boolean;
  #logTimeMs = 0;
  /** The highest epoch of all producers that were ever forgotten. */
  #forgotten: number | undefined;

  /** `begunAnew`: an earlier generation of the partition, whose records are lost, knew producers that this one does not. */
  constructor(limits: ProducerLimits, begunAnew: boolean = false) {
    this.#limits = limits;
    this.#places = new ProducerPlaces(limits);
    this.#begunAnew = begunAnew;
  }

  get size(): number {
    return this.#producers.size;
  }

  get logTimeMs(): number {
    return this.#logTimeMs;
  }

  get forgotten(): number | undefined {
    return this.#forgotten;
  }

  /**
   * What a leader answers to `batch`, with the producer's batches that are proposed but not applied. `registered`: its epoch is the
   * directory's and no stranger's, and may be as high as it likes where the producer is not known. `coming`: newcomers that are not applied.
   */
  decide(
    batch: Batch,
    pending: readonly PendingBatch[],
    registered: boolean = false,
    coming: Newcomers = nobody,
  ): Decision {
    if (batch.producerId === anonymousProducer) return { kind: 'accept' };
    const known = this.#producers.get(batch.producerId);
    const newest = pending.at(-1);
    const epoch = newest?.epoch ?? known?.epoch;
    const next = newest === undefined ? known?.nextSequence : newest.firstSequence + newest.count;
    if (epoch === undefined || next === undefined) return this.#decideUnknown(batch, registered, coming);
    if (batch.epoch < epoch) return { kind: 'fenced', epoch };
    if (batch.epoch > epoch + this.#limits.producerEpochSteps) {
      return { kind: 'epoch-too-high', nextEpoch: epoch + 1 };
    }
    const [lowest, range] = [(this.#forgotten ?? -1) + 1, this.#limits.producerEpochRange];
    if (batch.epoch > epoch && batch.epoch >= lowest + range && !registered) {
      return { kind: 'epochs-spent', nextEpoch: lowest, range };
    }
    if (batch.epoch > epoch) {
      return batch.firstSequence === 0 ? { kind: 'accept' } : { kind: 'gap', expected: 0 };
    }
    if (batch.firstSequence === next) return { kind: 'accept' };
    if (batch.firstSequence > next) return { kind: 'gap', expected: next };
    const same = (other: Remembered): boolean =>
      other.firstSequence === batch.firstSequence && other.count === batch.count;
    const unapplied = pending.find((other) => other.epoch === epoch && same(other));
    if (unapplied !== undefined) {
      return { kind: 'duplicate', baseOffset: unapplied.baseOffset, index: unapplied.index };
    }
    const stored = known?.epoch === epoch ? known.batches.find(same) : undefined;
    if (stored !== undefined) return { kind: 'duplicate', baseOffset: stored.baseOffset, index: undefined };
    return { kind: 'forgotten-batch', nextSequence: next };
  }

  #decideUnknown(batch: Batch, registered: boolean, coming: Newcomers): Decision {
    const forgotten = this.#forgotten;
    const nextEpoch = (forgotten ?? -1) + 1;
    if (batch.epoch < nextEpoch) return { kind: 'expired', forgotten, nextEpoch };
    if (!registered && batch.epoch >= nextEpoch + this.#limits.producerEpochSteps) {
      return { kind: 'epoch-too-high', nextEpoch };
    }
    if (batch.firstSequence !== 0) {
      if (!this.#begunAnew) return { kind: 'gap', expected: 0 };
      return { kind: 'expired', forgotten, nextEpoch: batch.epoch + 1 };
    }
    const { owner = nodeOwner } = batch;
    if (!this.#places.hasRoom(owner, coming)) {
      return { kind: 'table-full', limit: this.#limits.producersPerPartition, own: this.#places.of(owner) };
    }
    return { kind: 'accept', newcomer: true };
  }

  /** A batch was committed at `baseOffset`. Throws when the leader's decision was not the one of this state. */
  apply(batch: Batch, baseOffset: number): void {
    if (batch.producerId === anonymousProducer) return;
    const known = this.#producers.get(batch.producerId);
    const fresh = known === undefined || batch.epoch > known.epoch;
    const expected = fresh ? 0 : known.nextSequence;
    // Its leader knew the producer, which was forgotten by what was on its way before the batch: it goes on, with nothing to compare.
    const resumed = known === undefined && batch.epoch <= (this.#forgotten ?? -1);
    if (
      (known !== undefined && batch.epoch < known.epoch) ||
      (batch.firstSequence !== expected && !resumed)
    ) {
      throw new Error(
        `committed batch of producer ${batch.producerId} epoch ${batch.epoch} has sequence ${batch.firstSequence}, ` +
          `expected ${expected} in epoch ${known?.epoch ?? 0}`,
      );
    }
    const producer: Producer =
      known !== undefined && !fresh
        ? known
        : { epoch: batch.epoch, nextSequence: 0, batches: [], lastSeenMs: 0, owner: nodeOwner };
    const { firstSequence, count, owner = nodeOwner } = batch;
    // An id that a node answers for is its own from then on, whoever used it before.
    const holder = known?.owner === nodeOwner ? nodeOwner : owner;
    if (known?.owner !== holder) {
      if (known !== undefined) this.#places.give(known.owner);
      this.#places.take(holder);
    }
    producer.owner = holder;
    producer.nextSequence = firstSequence + count;
    producer.batches.push({ firstSequence, count, baseOffset });
    if (producer.batches.length > this.#limits.producerBatchesRemembered) producer.batches.shift();
    producer.lastSeenMs = this.#logTimeMs;
    this.#producers.delete(batch.producerId);
    this.#producers.set(batch.producerId, producer);
  }

  /**
   * A leader's clock came to `logTimeMs`. One entry moves log time by a bound at most, and never back. True: producers were forgotten,
   * and their highest epoch is above that of all before them.
   */
  advance(logTimeMs: number): boolean {
    const most = this.#logTimeMs + mostStepMs(this.#limits);
    this.#logTimeMs = Math.max(this.#logTimeMs, Math.min(logTimeMs, most));
    const before = this.#forgotten ?? -1;
    for (const [id, { lastSeenMs, epoch, owner }] of this.#producers) {
      if (lastSeenMs + this.#limits.producerIdleMs >= this.#logTimeMs) break;
      this.#producers.delete(id);
      this.#places.give(owner);
      this.#forgotten = Math.max(this.#forgotten ?? 0, epoch);
    }
    return (this.#forgotten ?? -1) > before;
  }

  /** Everything that decides future answers, as text in a fixed order. */
  *describe(): Generator<string> {
    yield `log-time ${this.#logTimeMs} forgotten ${this.#forgotten ?? 'none'}`;
    for (const [id, { epoch, nextSequence, batches, lastSeenMs, owner }] of this.#producers) {
      yield `${id} ${owner} ${epoch} ${nextSequence} ${lastSeenMs} ${batches.map((b) => `${b.firstSequence}+${b.count}@${b.baseOffset}`).join()}`;
    }
  }
}

/** New producers that are proposed and not applied, as an owner's and altogether. */
export interface Newcomers {
  readonly all: number;
  of(owner: number): number;
}

const nobody: Newcomers = { all: 0, of: () => 0 };

/** A proposed batch that is not applied yet. */
export interface PendingBatch extends Remembered {
  readonly epoch: number;
  readonly index: LogIndex;
}

/** The leader's own unapplied tail, per producer, oldest first. Empty at the start of each leadership. */
export class ProducerTail {
  readonly #pending = new Map<string, PendingBatch[]>();
  /** By producer: who brought it. */
  readonly #newcomers = new Map<string, number>();
  readonly #byOwner = new Map<number, number>();

  get newcomers(): Newcomers {
    return { all: this.#newcomers.size, of: (owner) => this.#byOwner.get(owner) ?? 0 };
  }

  /** The batch that was added last is the first of its producer. */
  came({ producerId, owner = nodeOwner }: Batch): void {
    if (producerId === anonymousProducer || this.#newcomers.has(producerId)) return;
    this.#newcomers.set(producerId, owner);
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0) + 1);
  }

  of(producerId: string): readonly PendingBatch[] {
    return this.#pending.get(producerId) ?? [];
  }

  add(batch: Batch, baseOffset: number, index: LogIndex): void {
    if (batch.producerId === anonymousProducer) return;
    const { epoch, firstSequence, count } = batch;
    const entry = { epoch, firstSequence, count, baseOffset, index };
    const list = this.#pending.get(batch.producerId);
    if (list === undefined) this.#pending.set(batch.producerId, [entry]);
    else list.push(entry);
  }

  applied(producerId: string, index: LogIndex): void {
    const list = this.#pending.get(producerId);
    if (list === undefined) return;
    this.#arrived(producerId);
    while (list.length > 0 && (list[0]?.index ?? Infinity) <= index) list.shift();
    if (list.length === 0) this.#pending.delete(producerId);
  }

  #arrived(producerId: string): void {
    const owner = this.#newcomers.get(producerId);
    if (owner === undefined) return;
    this.#newcomers.delete(producerId);
    const left = (this.#byOwner.get(owner) ?? 1) - 1;
    if (left > 0) this.#byOwner.set(owner, left);
    else this.#byOwner.delete(owner);
  }

  clear(): void {
    this.#pending.clear();
    this.#newcomers.clear();
    this.#byOwner.clear();
  }
}
