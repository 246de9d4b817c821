/**
 * What the committed log says of consumers' cursors and of what they took: a second, plain telling of the rules in src/partition, so that
 * an answer can be compared with something that the program did not compute (SEMANTICS S8, S10, S11).
 */
import {
  fromEnd,
  type CursorCommand,
  type IdleCursor,
  type Settlement,
  type TakeId,
} from '../../src/partition/index.ts';

/** A record that a call took and that is not noted. */
export interface LoggedTake extends TakeId {
  /** It is to be given again, since then. */
  returnedMicros: number | undefined;
}

export interface PushCursorsOptions {
  nowMicros(): number;
  /** Offset of a group's first record, where every consumer begins; 0 unless given. */
  first?(group: number): number;
  /** The log says that what this call took was handed over. */
  onNoted(group: number, consumer: string, offset: number, take: TakeId): void;
  /** The log says that a record was given to another call. */
  onAgain(): void;
  report(text: string): void;
}

interface PushCursor {
  /** The next offset that nobody has had; -1: none was. */
  cursor: number;
  /** By offset. */
  readonly open: Map<number, LoggedTake>;
  /** The owner's session; 0: none. */
  session: number;
  /** Sessions below this one are fenced. */
  lowest: number;
  /** By session: where the cursor stood after its last ack as the owner. */
  readonly acked: Map<number, number>;
  /** By session: where it began, each time it attached. */
  readonly begun: Map<number, Set<number>>;
}

export class PushCursors {
  readonly #options: PushCursorsOptions;
  readonly #cursors = new Map<string, PushCursor>();

  constructor(options: PushCursorsOptions) {
    this.#options = options;
  }

  #first(group: number): number {
    return this.#options.first?.(group) ?? 0;
  }

  /** The lowest offset that is not acknowledged. */
  cursor(group: number, consumer: string): number {
    return Math.min(this.position(group, consumer), ...this.open(group, consumer).keys());
  }

  /** The next offset that nobody has had. */
  position(group: number, consumer: string): number {
    return Math.max(this.#first(group), this.#cursors.get(`${group} ${consumer}`)?.cursor ?? 0);
  }

  open(group: number, consumer: string): ReadonlyMap<number, LoggedTake> {
    return this.#cursors.get(`${group} ${consumer}`)?.open ?? new Map<number, LoggedTake>();
  }

  /** Where the cursor stood after the last ack of a session as the owner; -1: it had none. */
  ackedBy(group: number, consumer: string, session: number): number {
    return this.#cursors.get(`${group} ${consumer}`)?.acked.get(session) ?? -1;
  }

  /** Whether that session once attached with the cursor there. */
  hasBegun(group: number, consumer: string, session: number, offset: number): boolean {
    return this.#cursors.get(`${group} ${consumer}`)?.begun.get(session)?.has(offset) ?? false;
  }

  /** A command was committed in `group`, whose records end at `end`. */
  apply(group: number, command: CursorCommand, end: number): void {
    if (command.kind === 'take') this.#take(group, command.take, end);
    else if (command.kind === 'attach') this.#attach(group, command.attach, end);
    else if (command.kind === 'advances') {
      for (const advance of command.advances) this.#advance(group, advance, end);
    } else if (command.kind === 'settlements') {
      for (const settlement of command.settlements) this.#settle(group, settlement);
    } else for (const cursor of command.cursors) this.#forget(group, cursor);
  }

  /** Of a consumer that the directory has no more; one that has moved since is a namesake's. */
  #forget(group: number, { consumer, at, admits }: IdleCursor): void {
    const known = this.#cursors.get(`${group} ${consumer}`);
    if (known?.cursor === at && known.lowest === admits) this.#cursors.delete(`${group} ${consumer}`);
  }

  #of(group: number, consumer: string): PushCursor {
    const key = `${group} ${consumer}`;
    const known = this.#cursors.get(key);
    if (known !== undefined) return known;
    const fresh = {
      cursor: -1,
      open: new Map(),
      session: 0,
      lowest: 1,
      acked: new Map(),
      begun: new Map(),
    };
    this.#cursors.set(key, fresh);
    return fresh;
  }

  #settle(group: number, { consumer, noted, returned }: Settlement): void {
    const { open } = this.#of(group, consumer);
    for (const [offset, take] of open) {
      const is = (id: TakeId): boolean =>
        id.call === take.call && id.start === take.start && id.node === take.node;
      if (noted.some(is)) {
        open.delete(offset);
        this.#options.onNoted(group, consumer, offset, take);
      } else if (returned.some(is)) take.returnedMicros ??= this.#options.nowMicros();
    }
  }

  #take(group: number, take: Extract<CursorCommand, { kind: 'take' }>['take'], end: number): void {
    const { consumer, from, again, takes, noted } = take;
    this.#settle(group, { consumer, noted, returned: [] });
    const of = this.#of(group, consumer);
    const { open } = of;
    const waiting = [...open.keys()]
      .filter((offset) => open.get(offset)?.returnedMicros !== undefined)
      .toSorted((a, b) => a - b);
    const to = from + takes.length - again.length;
    if (Math.max(this.#first(group), of.cursor) !== from || to < from || takes.length === 0) return;
    if (again.some((offset, i) => waiting[i] !== offset)) return;
    if (to > from && again.length < waiting.length) return;
    if (to > end) {
      const where = `the cursor of ${consumer} in group ${group}`;
      this.#options.report(`${where} was moved to ${to}, the log ends at ${end}`);
      return;
    }
    for (const [i, { node, start, call }] of takes.entries()) {
      const offset = again[i] ?? from + i - again.length;
      open.set(offset, { node, start, call, returnedMicros: undefined });
    }
    if (again.length > 0) this.#options.onAgain();
    of.cursor = to;
    if (of.session > 0) of.lowest = of.session + 1;
    of.session = 0;
  }

  #attach(group: number, attach: Extract<CursorCommand, { kind: 'attach' }>['attach'], end: number): void {
    const { consumer, session, reset } = attach;
    const of = this.#of(group, consumer);
    const start = attach.start === fromEnd ? end : Math.max(attach.start, this.#first(group));
    const fresh = of.cursor < 0 || reset;
    if (session < of.lowest || (fresh && start > end)) return;
    of.cursor = fresh ? start : Math.min(of.cursor, ...of.open.keys());
    of.open.clear();
    of.lowest = session;
    of.session = session;
    const begun = of.begun.get(session) ?? new Set();
    of.begun.set(session, begun.add(of.cursor));
  }

  #advance(
    group: number,
    advance: { readonly consumer: string; readonly session: number; readonly upTo: number },
    end: number,
  ): void {
    const { consumer, session, upTo } = advance;
    const of = this.#of(group, consumer);
    if (upTo > end) {
      this.#options.report(
        `session ${session} of ${consumer} acknowledges ${upTo} in group ${group}, which ends at ${end}`,
      );
    }
    if (of.session !== session) return;
    of.cursor = Math.max(of.cursor, upTo);
    of.acked.set(session, of.cursor);
  }
}
