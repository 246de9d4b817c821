/**
 * What consumers of the client library handed to their users, against the committed log and against what the users acknowledged
 * (SEMANTICS S7 to S9). What nodes send is another checker's business; here it is the library that may lose, repeat or overstate.
 *
 * - The first record is the one at which the node's subscription begins; each next one follows without gap or repeat, over
 *   any number of reconnects, until the user seeks.
 * - What is handed over is committed, at that offset, with that value.
 * - An `ack` that leaves covers only records that this consumer's user has acknowledged.
 * - The cursor moves back or forth only when the user seeks, and then to where he said.
 * - An acknowledgement resolves only when the log has moved the cursor as far as it allows.
 */
import type { PushCursors } from './push-cursors.ts';

export interface ClientConsumerFacts {
  valueAt(group: number, offset: number): Uint8Array | undefined;
  ackedEnd(group: number, beforeMicros: number): number;
}

/** Where a seek must lead: to this offset, or no lower. */
export interface Sought {
  readonly offset: number;
  readonly exactly: boolean;
}

/** One partition of one consumer object. */
export class ClientReading {
  readonly group: number;
  /** The consumer's id; empty for a reader. */
  readonly consumer: string;
  readonly who: string;
  /** Of the owner, as its last subscription named it. */
  session = 0;
  /** Next offset to be handed over; undefined: not known yet. */
  next: number | undefined;
  /** One above what has come for it, handed over or not. */
  received = 0;
  /** Where it began, and the lowest offset from there that the user has not acknowledged. */
  base = 0;
  lowest = 0;
  /** Acknowledged above the lowest that is not. */
  readonly acked: Set<number> = new Set();
  /** Rises when a seek takes effect: what was handed over before has no meaning any more. */
  generation = 1;
  /** A seek that no subscription has carried out. */
  seeking: Sought | undefined;
  /** A subscription that carries it out has been asked for. */
  moving = false;

  constructor(group: number, consumer: string, who: string) {
    this.group = group;
    this.consumer = consumer;
    this.who = `${who} in group ${group}`;
  }
}

export class ClientConsumerChecker {
  readonly #facts: ClientConsumerFacts;
  readonly #cursors: PushCursors;
  readonly #report: (text: string) => void;
  #deliveries = 0;

  constructor(facts: ClientConsumerFacts, cursors: PushCursors, report: (text: string) => void) {
    this.#facts = facts;
    this.#cursors = cursors;
    this.#report = report;
  }

  /** Records handed to users. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** The user asks for another position. */
  seeks(on: ClientReading, sought: Sought): void {
    on.seeking = sought;
    on.moving = false;
  }

  /** A subscription is being asked for. */
  subscribes(on: ClientReading, session: number, reset: boolean): void {
    const { who, consumer, seeking } = on;
    if (consumer !== '' && reset !== (seeking !== undefined)) {
      this.#report(
        `${who} asks for ${reset ? 'a move of its cursor' : 'its cursor'}, its user has ${reset ? 'not ' : ''}sought`,
      );
    }
    on.session = session;
    if (seeking === undefined || on.moving) return;
    on.moving = true;
    on.next = undefined;
    on.generation += 1;
    on.acked.clear();
  }

  /** True if it goes on where an earlier subscription ended. */
  subscribed(on: ClientReading, offset: number): boolean {
    const { who, next, seeking } = on;
    if (next === undefined) {
      if (seeking !== undefined && (seeking.exactly ? offset !== seeking.offset : offset < seeking.offset)) {
        this.#report(
          `${who} was moved to ${offset}, its user wanted ${seeking.exactly ? '' : 'at least '}${seeking.offset}`,
        );
      }
      on.seeking = undefined;
      on.moving = false;
      on.next = offset;
      on.received = offset;
      on.base = offset;
      on.lowest = offset;
      return false;
    }
    if (offset > on.received) {
      this.#report(`${who} goes on at ${offset}, only what is below ${on.received} has come`);
    }
    return true;
  }

  /** Everything below `end` has come. */
  received(on: ClientReading, end: number): void {
    on.received = Math.max(on.received, end);
  }

  handed(on: ClientReading, offset: number, value: Uint8Array): void {
    const { who, next, group } = on;
    this.#deliveries += 1;
    if (offset !== next) this.#report(`${who} hands over offset ${offset}, ${next ?? 'nothing'} comes next`);
    const stored = this.#facts.valueAt(group, offset);
    if (stored === undefined) this.#report(`${who} hands over offset ${offset}, which nobody has committed`);
    else if (!sameBytes(stored, value)) this.#report(`${who} hands over another value at offset ${offset}`);
    on.next = offset + 1;
  }

  /** The user acknowledges what he was given in this generation. Returns how far the cursor may go now. */
  acknowledges(on: ClientReading, offset: number, generation: number): number {
    if (generation !== on.generation || on.moving) return 0;
    if (offset >= on.lowest) on.acked.add(offset);
    while (on.acked.delete(on.lowest)) on.lowest += 1;
    return on.lowest;
  }

  /** An `ack` leaves the client. */
  leaves(on: ClientReading, upTo: number): void {
    if (upTo <= on.lowest) return;
    this.#report(`${on.who} acknowledges all below ${upTo}, its user has not acknowledged ${on.lowest}`);
  }

  /** An acknowledgement was resolved that allowed the cursor to go up to `upTo`. */
  resolved(on: ClientReading, upTo: number, generation: number): void {
    const { group, consumer, session, who, base } = on;
    if (consumer === '' || generation !== on.generation || on.seeking !== undefined) return;
    const cursor = Math.max(base, this.#cursors.ackedBy(group, consumer, session));
    if (cursor < upTo) {
      this.#report(`${who} says that all below ${upTo} is acknowledged; the cursor reached ${cursor}`);
    }
  }

  /** The lowest offset that a reader of the newest records may be moved to now. */
  newest(group: number, nowMicros: number): number {
    return this.#facts.ackedEnd(group, nowMicros);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
