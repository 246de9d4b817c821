/**
 * What pushed consumers were sent and told, against the committed log (SEMANTICS S7 to S10).
 *
 * - What is delivered is committed, at that offset, with that value; in order; nothing is skipped.
 * - A subscription begins where its session's attach found the cursor: not below an ack that was answered before it was asked for, and
 *   not above what its consumer ever acknowledged, unless its owner moved the cursor itself.
 * - An ack is answered only if the log moved the cursor for that very session: one that was fenced before acknowledges nothing.
 */
import type { PushCursors } from './push-cursors.ts';

export interface PushSubscription {
  readonly group: number;
  readonly consumer: string;
  /** 0: an anonymous reader. */
  readonly session: number;
  readonly reset: boolean;
  /** The cursor that answered acks had promised when this was asked for. */
  readonly promised: number;
  /** How often its owner had moved the cursor then. */
  readonly moves: number;
  /** Next offset expected; undefined: not subscribed yet. */
  next: number | undefined;
}

export interface PushFacts {
  valueAt(group: number, offset: number): Uint8Array | undefined;
  ackedEnd(group: number, beforeMicros: number): number;
  /** Where every consumer begins; 0 unless given. */
  first?(group: number): number;
}

interface Promise {
  /** The highest cursor that was told since the last reset. */
  told: number;
  /** The highest offset that any session tried to acknowledge. */
  tried: number;
  /** How often an owner has asked for a reset. */
  moves: number;
}

export class PushChecker {
  readonly #facts: PushFacts;
  readonly #cursors: PushCursors;
  readonly #report: (text: string) => void;
  readonly #promises = new Map<string, Promise>();
  #deliveries = 0;
  #acks = 0;

  constructor(facts: PushFacts, cursors: PushCursors, report: (text: string) => void) {
    this.#facts = facts;
    this.#cursors = cursors;
    this.#report = report;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get acks(): number {
    return this.#acks;
  }

  /** A subscription is about to be asked for. */
  asked(of: Omit<PushSubscription, 'promised' | 'moves' | 'next'>): PushSubscription {
    const promise = this.#promise(of.group, of.consumer);
    const promised = of.reset ? 0 : promise.told;
    // What was promised ends with a move by the owner, whether or not it is carried out.
    if (of.reset) {
      promise.told = 0;
      promise.tried = Infinity;
      promise.moves += 1;
    }
    return { ...of, promised, moves: promise.moves, next: undefined };
  }

  subscribed(on: PushSubscription, offset: number, end: number, askedMicros: number): void {
    const { group, consumer, session } = on;
    on.next = offset;
    const leastEnd = this.#facts.ackedEnd(group, askedMicros);
    if (end < leastEnd) {
      this.#report(
        `a subscription to group ${group} was told the end ${end}, ${leastEnd} was acknowledged before`,
      );
    }
    if (session === 0) return;
    const who = `session ${session} of ${consumer} in group ${group}`;
    if (!this.#cursors.hasBegun(group, consumer, session, offset)) {
      this.#report(`${who} begins at ${offset}, where no attach of it has found the cursor`);
    }
    const { tried, moves } = this.#promise(group, consumer);
    // The owner may have moved it over another connection while this one waited.
    if (moves === on.moves && offset < on.promised) {
      this.#report(`${who} begins at ${offset}, below the cursor ${on.promised}`);
    }
    if (offset > Math.max(tried, this.#facts.first?.(group) ?? 0)) {
      this.#report(`${who} begins at ${offset}, nobody acknowledged more than ${tried}`);
    }
  }

  delivered(on: PushSubscription, baseOffset: number, values: readonly Uint8Array[]): void {
    const { group, consumer } = on;
    const next = on.next ?? -1;
    const after = baseOffset + values.length;
    if (next < 0 || baseOffset > next || after <= next) {
      this.#report(`${consumer} was sent ${baseOffset} to ${after} of group ${group} instead of ${next}`);
    }
    for (const [i, value] of values.entries()) {
      const stored = this.#facts.valueAt(group, baseOffset + i);
      if (stored === undefined) {
        this.#report(
          `${consumer} was sent offset ${baseOffset + i} of group ${group}, which nobody has committed`,
        );
      } else if (!sameBytes(stored, value)) {
        this.#report(`${consumer} was sent another value at offset ${baseOffset + i} of group ${group}`);
      }
    }
    on.next = after;
    this.#deliveries += values.length;
  }

  tries(on: PushSubscription, upTo: number): void {
    const promise = this.#promise(on.group, on.consumer);
    promise.tried = Math.max(promise.tried, upTo);
  }

  /** An ack of `upTo` was answered with `cursor`. */
  acked(on: PushSubscription, upTo: number, cursor: number): void {
    const { group, consumer, session } = on;
    this.#acks += 1;
    const reached = this.#cursors.ackedBy(group, consumer, session);
    if (reached < upTo || cursor < upTo) {
      this.#report(
        `session ${session} of ${consumer} was told that ${upTo} of group ${group} is acknowledged (cursor ${cursor}); as the owner it reached ${reached}`,
      );
    }
    const promise = this.#promise(group, consumer);
    // One that was sent before its owner moved the cursor says nothing of where it is now.
    if (promise.moves === on.moves) promise.told = Math.max(promise.told, upTo);
  }

  #promise(group: number, consumer: string): Promise {
    const key = `${group} ${consumer}`;
    const known = this.#promises.get(key);
    if (known !== undefined) return known;
    const fresh = { told: 0, tried: 0, moves: 0 };
    this.#promises.set(key, fresh);
    return fresh;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
