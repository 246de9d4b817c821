/**
 * Open takes (SEMANTICS S11): records that were taken over HTTP and of which nobody has said yet that their answer was handed over.
 *
 * A take belongs to one call of one run of a gateway. It ends when that gateway notes that the answer was handed to its connection. If
 * the answer was not, or can not be any more because the run is over, the take is returned: its record goes to the consumer's next
 * call, before any newer one. A session that attaches to the consumer takes all of them over.
 */

/** One run of a gateway: from a start of the actor to its end. `start` is drawn, so no two runs of a node share one. */
export interface Taker {
  readonly node: string;
  readonly start: number;
}

/** `call`: the gateway's number of the request that took the record. */
export interface TakeId extends Taker {
  readonly call: number;
}

export interface OpenTake extends TakeId {
  readonly offset: number;
  /** Log index of the command that took it. */
  readonly index: number;
  /** To be given again. */
  readonly returned: boolean;
}

/** What became of some takes of one consumer. */
export interface Settlement {
  readonly consumer: string;
  /** Their answers were handed over. */
  readonly noted: readonly TakeId[];
  /** Their answers were not, and never will be. */
  readonly returned: readonly TakeId[];
}

export interface OpenTakeLimits {
  readonly openTakesPerConsumer: number;
  readonly openTakesPerPartition: number;
}

const none: readonly OpenTake[] = [];

export function isSameTake(a: TakeId, b: TakeId): boolean {
  return a.call === b.call && a.start === b.start && a.node === b.node;
}

export class OpenTakes {
  readonly #limits: OpenTakeLimits;
  /** By consumer, in order of offset. Consumers without any are not in here. */
  readonly #open = new Map<string, readonly OpenTake[]>();
  #count = 0;

  constructor(limits: OpenTakeLimits) {
    this.#limits = limits;
  }

  /** Of all consumers together. */
  get count(): number {
    return this.#count;
  }

  of(consumer: string): readonly OpenTake[] {
    return this.#open.get(consumer) ?? none;
  }

  all(): Iterable<readonly [consumer: string, takes: readonly OpenTake[]]> {
    return this.#open;
  }

  /** The offsets to be given again, the lowest first. */
  returned(consumer: string): readonly number[] {
    return this.of(consumer).flatMap((take) => (take.returned ? [take.offset] : []));
  }

  /** How many more of this consumer's takes may be open. */
  room(consumer: string): number {
    const { openTakesPerConsumer, openTakesPerPartition } = this.#limits;
    const own = openTakesPerConsumer - this.of(consumer).length;
    return Math.max(0, Math.min(own, openTakesPerPartition - this.#count));
  }

  /** What is not open any more, or not with that call, is passed over: both words may come twice. */
  settle({ consumer, noted, returned }: Settlement): void {
    const open = this.#open.get(consumer);
    if (open === undefined) return;
    const kept = open.filter((take) => !noted.some((id) => isSameTake(id, take)));
    const marked = kept.map((take) =>
      !take.returned && returned.some((id) => isSameTake(id, take)) ? { ...take, returned: true } : take,
    );
    this.#put(consumer, marked);
  }

  /** Returned ones go to other calls; `fresh` offsets, above all others, are new. The caller has checked both. */
  take(
    consumer: string,
    taken: readonly { readonly offset: number; readonly id: TakeId }[],
    index: number,
  ): void {
    const open = new Map(this.of(consumer).map((take) => [take.offset, take]));
    for (const { offset, id } of taken) {
      const { node, start, call } = id;
      open.set(offset, { offset, node, start, call, index, returned: false });
    }
    this.#put(
      consumer,
      [...open.values()].toSorted((a, b) => a.offset - b.offset),
    );
  }

  forget(consumer: string): void {
    this.#put(consumer, none);
  }

  *describe(): Generator<string> {
    for (const [consumer, takes] of this.#open) {
      for (const { offset, node, start, call, index, returned } of takes) {
        yield `take ${consumer} ${offset} ${node} ${start} ${call} ${index} ${returned ? 'returned' : 'open'}`;
      }
    }
  }

  #put(consumer: string, takes: readonly OpenTake[]): void {
    this.#count += takes.length - this.of(consumer).length;
    if (takes.length === 0) this.#open.delete(consumer);
    else this.#open.set(consumer, takes);
  }
}
