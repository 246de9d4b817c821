/**
 * Consumers' cursors (SEMANTICS S8 to S12): one per (consumer, partition), replicated with the records.
 *
 * A consumer has a read position, the next record that nobody has had, and over HTTP the open takes below it (`takes.ts`). Its cursor is
 * the lowest record that is not acknowledged: the lowest open take, or the read position.
 *
 * Who may move a cursor:
 * - Over HTTP, whoever takes records, and whoever notes that they were handed over. A take names the read position that it saw and the
 *   records that it gives again, so one that was decided on an older state changes nothing.
 * - Pushed to, the session that attached last. Session numbers of a consumer rise; a lower one than the highest seen is fenced, and
 *   so is one that somebody has taken a record from behind its back: a take over HTTP is the use of the id by a newer owner.
 *
 * A cursor never goes back, unless its owner resets it, and never beyond the end of the log.
 */
import { fromEnd, type Advance, type Attach, type IdleCursor, type Take } from './cursor-commands.ts';
import { OpenTakes, type OpenTakeLimits, type Settlement } from './takes.ts';

interface Cursor {
  /** The read position. */
  at: number;
  /** The lowest session number that may still attach. */
  admits: number;
  /** The session that owns the cursor; 0: none. */
  session: number;
  /** The last one. */
  reset: Reset | undefined;
}

/** A session moved the cursor by its own decision: what lies between was not acknowledged, or comes again. */
export interface Reset {
  readonly session: number;
  readonly from: number;
  readonly to: number;
}

export type Attached =
  /** `reset`: a cursor that was there has moved. */
  | { readonly ok: true; readonly cursor: number; readonly reset?: Reset }
  /** `admits`: the lowest session number that may still attach. `reset`: what a higher one has done to the cursor. */
  | { readonly ok: false; readonly why: 'fenced'; readonly admits: number; readonly reset?: Reset }
  | { readonly ok: false; readonly why: 'beyond-end'; readonly end: number }
  | { readonly ok: false; readonly why: 'table-full'; readonly limit: number };

export type Advanced =
  | { readonly ok: true; readonly cursor: number }
  | { readonly ok: false; readonly why: 'fenced' | 'beyond-end' };

/** What a take did. `fenced`: a session that was pushed to has lost the cursor. */
export interface Taken {
  readonly done: boolean;
  readonly fenced: boolean;
}

/** Session numbers begin here; 0 stands for none. */
const firstSession = 1;

const refused: Taken = { done: false, fenced: false };

export interface CursorLimits extends OpenTakeLimits {
  readonly cursorsPerPartition: number;
  readonly statusConsumers: number;
}

/** A consumer as people look at it. */
export interface ConsumerState {
  readonly id: string;
  readonly cursor: number;
  /** S12: records at or above the read position, and takes that are to be given again. */
  readonly lag: number;
}

export class CursorTable {
  readonly #cursors = new Map<string, Cursor>();
  /** Whose cursors moved last, the newest at the end. */
  readonly #recent = new Set<string>();
  readonly #limits: CursorLimits;
  readonly #first: number;
  readonly #takes: OpenTakes;

  /** `first`: where the log begins; a position below it stands for this one. */
  constructor(limits: CursorLimits, first: number = 0) {
    this.#limits = limits;
    this.#first = first;
    this.#takes = new OpenTakes(limits);
  }

  /** Whether one more consumer's cursor can be kept. */
  takes(consumer: string): boolean {
    return this.#cursors.has(consumer) || this.#cursors.size < this.#limits.cursorsPerPartition;
  }

  /** The lowest offset that is not acknowledged; the first one for a consumer that has read nothing yet. */
  of(consumer: string): number {
    return this.#takes.of(consumer)[0]?.offset ?? this.position(consumer);
  }

  /** The read position: the next offset that nobody has had. */
  position(consumer: string): number {
    return this.#cursors.get(consumer)?.at ?? this.#first;
  }

  /** S12. */
  size(consumer: string, end: number): number {
    return Math.max(0, end - this.position(consumer)) + this.#takes.returned(consumer).length;
  }

  get openTakes(): Pick<OpenTakes, 'of' | 'all' | 'returned' | 'room' | 'count'> {
    return this.#takes;
  }

  /** Takes all or nothing; what it notes is noted in any case. `index`: of its log entry. */
  take({ consumer, from, again, takes, noted }: Take, end: number, index: number): Taken {
    this.#takes.settle({ consumer, noted, returned: [] });
    const returned = this.#takes.returned(consumer);
    const fresh = takes.length - again.length;
    if (this.position(consumer) !== from || takes.length === 0) return refused;
    if (fresh < 0 || from + fresh > end) return refused;
    // What is to be given again goes first, and in order.
    if (again.some((offset, i) => returned[i] !== offset)) return refused;
    if (fresh > 0 && again.length < returned.length) return refused;
    if (fresh > this.#takes.room(consumer)) return refused;
    const cursor = this.#put(consumer, from + fresh);
    const taken = takes.map((id, i) => ({ offset: again[i] ?? from + i - again.length, id }));
    this.#takes.take(consumer, taken, index);
    const fenced = cursor.session !== 0;
    if (fenced) cursor.admits = cursor.session + 1;
    cursor.session = 0;
    return { done: true, fenced };
  }

  settle(settlement: Settlement): void {
    this.#takes.settle(settlement);
  }

  attach({ consumer, session, start, reset, since = firstSession }: Attach, end: number): Attached {
    if ((this.#cursors.get(consumer)?.admits ?? since) < since) this.#drop(consumer);
    const known = this.#cursors.get(consumer);
    const admits = known?.admits ?? since;
    if (session < admits) {
      const by = known?.reset;
      const told = by === undefined || by.session <= session ? {} : { reset: by };
      return { ok: false, why: 'fenced', admits, ...told };
    }
    const fresh = known === undefined || reset;
    const at = start === fromEnd ? end : Math.max(start, this.#first);
    if (fresh && at > end) return { ok: false, why: 'beyond-end', end };
    const { cursorsPerPartition: limit } = this.#limits;
    if (!this.takes(consumer)) return { ok: false, why: 'table-full', limit };
    const from = this.of(consumer);
    // Push is at least once: what may not have reached anybody comes again (S9).
    const cursor = this.#put(consumer, fresh ? at : from);
    this.#takes.forget(consumer);
    cursor.admits = session;
    cursor.session = session;
    if (known === undefined || !reset || from === at) return { ok: true, cursor: cursor.at };
    cursor.reset = { session, from, to: at };
    return { ok: true, cursor: cursor.at, reset: cursor.reset };
  }

  advance({ consumer, session, upTo }: Advance, end: number): Advanced {
    const cursor = this.#cursors.get(consumer);
    if (cursor === undefined || cursor.session === 0 || cursor.session !== session) {
      return { ok: false, why: 'fenced' };
    }
    if (upTo > end) return { ok: false, why: 'beyond-end' };
    this.#put(consumer, Math.max(cursor.at, upTo));
    return { ok: true, cursor: cursor.at };
  }

  /** `most` cursors from this place on, in an order that changes only as cursors come and go; `next`: 0 behind the last. */
  page(from: number, most: number): { readonly cursors: readonly IdleCursor[]; readonly next: number } {
    const cursors: IdleCursor[] = [];
    let place = 0;
    for (const [consumer, { at, admits }] of this.#cursors) {
      place += 1;
      if (place <= from) continue;
      if (cursors.length === most) return { cursors, next: place - 1 };
      cursors.push({ consumer, at, admits });
    }
    return { cursors, next: 0 };
  }

  /** Answers the consumers that had one and have none now. */
  forget(cursors: readonly IdleCursor[]): readonly string[] {
    const unmoved = cursors.filter(({ consumer, at, admits }) => {
      const known = this.#cursors.get(consumer);
      return known?.at === at && known.admits === admits;
    });
    for (const { consumer } of unmoved) this.#drop(consumer);
    return unmoved.map(({ consumer }) => consumer);
  }

  /** The consumers whose cursors moved last, the newest first: a few of perhaps very many. */
  recent(end: number): readonly ConsumerState[] {
    const newest = [...this.#recent].toReversed();
    return newest.map((id) => ({ id, cursor: this.of(id), lag: this.size(id, end) }));
  }

  *describe(): Generator<string> {
    for (const [consumer, { at, admits, session, reset }] of this.#cursors) {
      const moved = reset === undefined ? '' : ` ${reset.session}:${reset.from}-${reset.to}`;
      yield `${consumer} ${at} ${admits} ${session}${moved}`;
    }
    yield* this.#takes.describe();
  }

  #put(consumer: string, at: number): Cursor {
    this.#touch(consumer);
    const known = this.#cursors.get(consumer);
    if (known !== undefined) {
      known.at = at;
      return known;
    }
    const cursor: Cursor = { at, admits: firstSession, session: 0, reset: undefined };
    this.#cursors.set(consumer, cursor);
    return cursor;
  }

  #drop(consumer: string): void {
    this.#cursors.delete(consumer);
    this.#recent.delete(consumer);
    this.#takes.forget(consumer);
  }

  #touch(consumer: string): void {
    this.#recent.delete(consumer);
    this.#recent.add(consumer);
    if (this.#recent.size <= this.#limits.statusConsumers) return;
    const [oldest = consumer] = this.#recent;
    this.#recent.delete(oldest);
  }
}
