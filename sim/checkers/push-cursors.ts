/**
 * What the committed log says of pushed consumers' cursors: a second, plain telling of the rules in src/partition/cursors.ts, so that an
 * answer can be compared with something that the program did not compute (SEMANTICS S8, S10).
 */
import { fromEnd, type CursorCommand } from '../../src/partition/index.ts';

interface PushCursor {
  cursor: number;
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
  readonly #report: (text: string) => void;
  readonly #first: (group: number) => number;
  readonly #cursors = new Map<string, PushCursor>();

  /** `first`: offset of a group's first record, where every consumer begins. */
  constructor(report: (text: string) => void, first: (group: number) => number = () => 0) {
    this.#report = report;
    this.#first = first;
  }

  cursor(group: number, consumer: string): number {
    return this.#cursors.get(`${group} ${consumer}`)?.cursor ?? this.#first(group);
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
    if (command.kind === 'moves') for (const move of command.moves) this.#move(group, move);
    else if (command.kind === 'attach') this.#attach(group, command.attach, end);
    else for (const advance of command.advances) this.#advance(group, advance, end);
  }

  #of(group: number, consumer: string): PushCursor {
    const key = `${group} ${consumer}`;
    const known = this.#cursors.get(key);
    if (known !== undefined) return known;
    const fresh = { cursor: -1, session: 0, lowest: 1, acked: new Map(), begun: new Map() };
    this.#cursors.set(key, fresh);
    return fresh;
  }

  #move(
    group: number,
    move: { readonly consumer: string; readonly from: number; readonly to: number },
  ): void {
    const of = this.#of(group, move.consumer);
    if (Math.max(this.#first(group), of.cursor) !== move.from || move.to <= move.from) return;
    of.cursor = move.to;
    if (of.session > 0) of.lowest = of.session + 1;
    of.session = 0;
  }

  #attach(group: number, attach: Extract<CursorCommand, { kind: 'attach' }>['attach'], end: number): void {
    const { consumer, session, reset } = attach;
    const of = this.#of(group, consumer);
    const start = attach.start === fromEnd ? end : Math.max(attach.start, this.#first(group));
    const fresh = of.cursor < 0 || reset;
    if (session < of.lowest || (fresh && start > end)) return;
    if (fresh) of.cursor = start;
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
      this.#report(
        `session ${session} of ${consumer} acknowledges ${upTo} in group ${group}, which ends at ${end}`,
      );
    }
    if (of.session !== session) return;
    of.cursor = Math.max(of.cursor, upTo);
    of.acked.set(session, of.cursor);
  }
}
