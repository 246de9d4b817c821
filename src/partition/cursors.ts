/**
 * Consumers' cursors (SEMANTICS S8 to S11): one per (consumer, partition), replicated with the records.
 *
 * Who may move a cursor:
 * - Over HTTP, whoever takes the next record. A move names where it starts, so one that was decided on an older state changes nothing.
 * - Pushed to, the session that attached last. Session numbers of a consumer rise; a lower one than the highest seen is fenced, and
 *   so is one that somebody has taken a record from behind its back: a take over HTTP is the use of the id by a newer owner.
 *
 * A cursor never goes back, unless its owner resets it, and never beyond the end of the log.
 */
import { fromEnd, type Advance, type Attach, type CursorMove } from './cursor-commands.ts';

interface Cursor {
  at: number;
  /** The lowest session number that may still attach. */
  admits: number;
  /** The session that owns the cursor; 0: none. */
  session: number;
}

export type Attached =
  | { readonly ok: true; readonly cursor: number }
  /** `admits`: the lowest session number that may still attach. */
  | { readonly ok: false; readonly why: 'fenced'; readonly admits: number }
  | { readonly ok: false; readonly why: 'beyond-end'; readonly end: number }
  | { readonly ok: false; readonly why: 'table-full'; readonly limit: number };

export type Advanced =
  | { readonly ok: true; readonly cursor: number }
  | { readonly ok: false; readonly why: 'fenced' | 'beyond-end' };

/** What a move did. `fenced`: a session that was pushed to has lost the cursor. */
export interface Moved {
  readonly done: boolean;
  readonly fenced: boolean;
}

/** Session numbers begin here; 0 stands for none. */
const firstSession = 1;

const refused: Moved = { done: false, fenced: false };

export class CursorTable {
  readonly #cursors = new Map<string, Cursor>();
  /** Whose cursors moved last, the newest at the end. */
  readonly #recent = new Set<string>();
  readonly #most: number;
  readonly #mostRecent: number;
  readonly #first: number;

  /** `first`: where the log begins; a position below it stands for this one. */
  constructor(most: number, mostRecent: number, first: number = 0) {
    this.#most = most;
    this.#mostRecent = mostRecent;
    this.#first = first;
  }

  /** Whether one more consumer's cursor can be kept. */
  takes(consumer: string): boolean {
    return this.#cursors.has(consumer) || this.#cursors.size < this.#most;
  }

  /** The next offset to be read; the first one for a consumer that has read nothing yet. */
  of(consumer: string): number {
    return this.#cursors.get(consumer)?.at ?? this.#first;
  }

  move({ consumer, from, to }: CursorMove, end: number): Moved {
    if (this.of(consumer) !== from || to <= from || to > end) return refused;
    const cursor = this.#put(consumer, to);
    const fenced = cursor.session !== 0;
    if (fenced) cursor.admits = cursor.session + 1;
    cursor.session = 0;
    return { done: true, fenced };
  }

  attach({ consumer, session, start, reset }: Attach, end: number): Attached {
    const known = this.#cursors.get(consumer);
    const admits = known?.admits ?? firstSession;
    if (session < admits) return { ok: false, why: 'fenced', admits };
    const fresh = known === undefined || reset;
    const at = start === fromEnd ? end : Math.max(start, this.#first);
    if (fresh && at > end) return { ok: false, why: 'beyond-end', end };
    if (!this.takes(consumer)) return { ok: false, why: 'table-full', limit: this.#most };
    const cursor = this.#put(consumer, fresh ? at : known.at);
    cursor.admits = session;
    cursor.session = session;
    return { ok: true, cursor: cursor.at };
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

  /** The consumers whose cursors moved last, the newest first: a few of perhaps very many. */
  recent(): readonly { readonly id: string; readonly cursor: number }[] {
    return [...this.#recent].toReversed().map((id) => ({ id, cursor: this.of(id) }));
  }

  *describe(): Generator<string> {
    for (const [consumer, { at, admits, session }] of this.#cursors) {
      yield `${consumer} ${at} ${admits} ${session}`;
    }
  }

  #put(consumer: string, at: number): Cursor {
    this.#touch(consumer);
    const known = this.#cursors.get(consumer);
    if (known !== undefined) {
      known.at = at;
      return known;
    }
    const cursor: Cursor = { at, admits: firstSession, session: 0 };
    this.#cursors.set(consumer, cursor);
    return cursor;
  }
  #touch(consumer: string): void {
    this.#recent.delete(consumer);
    this.#recent.add(consumer);
    if (this.#recent.size <= this.#mostRecent) return;
    const [oldest = consumer] = this.#recent;
    this.#recent.delete(oldest);
  }
}
