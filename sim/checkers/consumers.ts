/**
 * What consumers over HTTP were given against the committed log (SEMANTICS S7, S8, S11, S13; RELIABILITY Q7 to Q9).
 *
 * - What is handed over is committed, at that offset, with that value, and the log says that this very run of this gateway took it.
 * - A record is handed over twice only if each run that did it before is over, and ended before the log noted it.
 * - The log notes only what was handed over, and calls nothing given that was not: in the end nothing is missing.
 * - "Nothing to read" is said only if everything that was acknowledged before the call was taken, and nothing is to be given again.
 */
import type { TakeId, Taker } from '../../src/partition/index.ts';
import type { LoggedTake } from './push-cursors.ts';

export interface ConsumeCall {
  readonly consumer: string;
  /** The groups that the call could ask, one if it named a partition. */
  readonly groups: readonly number[];
  readonly startMicros: number;
}

/** A record on its way to a caller. */
export interface Given {
  readonly group: number;
  readonly offset: number;
  readonly value: Uint8Array;
}

/** What the checker needs of the other checkers' models. */
export interface ConsumerFacts {
  valueAt(group: number, offset: number): Uint8Array | undefined;
  /** The next offset that nobody has had. */
  position(group: number, consumer: string): number;
  open(group: number, consumer: string): ReadonlyMap<number, LoggedTake>;
  ackedEnd(group: number, beforeMicros: number): number;
  /** That run of a gateway has ended. */
  isOver(run: Taker): boolean;
  /** Where every consumer begins; 0 unless given. */
  first?(group: number): number;
}

interface Handed {
  readonly runs: Taker[];
  noted: boolean;
}

export class ConsumerChecker {
  readonly #facts: ConsumerFacts;
  readonly #report: (text: string) => void;
  /** By consumer, group and offset. */
  readonly #consumers = new Map<string, Map<number, Map<number, Handed>>>();
  #deliveries = 0;
  #repeats = 0;

  constructor(facts: ConsumerFacts, report: (text: string) => void) {
    this.#facts = facts;
    this.#report = report;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get repeats(): number {
    return this.#repeats;
  }

  /** The answer with this record was handed to its caller's connection, by a door that had it from `run`. */
  handed(call: ConsumeCall, { group, offset, value }: Given, run: Taker): void {
    const { consumer } = call;
    this.#deliveries += 1;
    const where = `offset ${offset} of group ${group}`;
    if (!call.groups.includes(group)) {
      this.#report(`${consumer} was given ${where}, which it did not ask for`);
    }
    const committed = this.#facts.valueAt(group, offset);
    if (committed === undefined) this.#report(`${consumer} was given ${where}, which is not committed`);
    else if (!equal(committed, value)) {
      this.#report(`${consumer} was given other bytes than are committed at ${where}`);
    }
    const take = this.#facts.open(group, consumer).get(offset);
    const own = take?.node === run.node && take.start === run.start;
    if (!own && !this.#facts.isOver(run)) {
      this.#report(`${consumer} was given ${where} by ${run.node}, which has not taken it by the log`);
    }
    const handed = this.#handed(consumer, group, offset);
    if (handed.noted) this.#report(`${consumer} was given ${where} again, which was noted before`);
    for (const before of handed.runs) {
      if (this.#facts.isOver(before)) this.#repeats += 1;
      else this.#report(`${consumer} was given ${where} twice, and ${before.node} did not end in between`);
    }
    handed.runs.push(run);
  }

  /** The log says that what this call took was handed over. */
  noted(group: number, consumer: string, offset: number, { node, start }: TakeId): void {
    const handed = this.#handed(consumer, group, offset);
    handed.noted = true;
    if (handed.runs.some((run) => run.node === node && run.start === start)) return;
    this.#report(
      `offset ${offset} of group ${group} is noted for ${consumer}, and ${node} never handed it over`,
    );
  }

  nothing(call: ConsumeCall): void {
    const { consumer, startMicros } = call;
    for (const group of call.groups) {
      const end = this.#facts.ackedEnd(group, startMicros);
      const position = this.#facts.position(group, consumer);
      const told = `${consumer} was told that group ${group} has nothing`;
      if (end > position) {
        this.#report(`${told}, with its read position at ${position} and ${end} records acknowledged`);
      }
      for (const [offset, { returnedMicros = Infinity }] of this.#facts.open(group, consumer)) {
        if (returnedMicros < startMicros) this.#report(`${told}, and offset ${offset} is to be given again`);
      }
    }
  }

  /** When no call is open any more, and nothing that is to be given again. */
  finish(groups: Iterable<number>): void {
    const all = [...groups];
    for (const [consumer, of] of this.#consumers) {
      for (const group of all) {
        const first = this.#facts.first?.(group) ?? 0;
        const position = this.#facts.position(group, consumer);
        const open = this.#facts.open(group, consumer);
        for (let offset = first; offset < position; offset += 1) {
          if ((of.get(group)?.get(offset)?.runs.length ?? 0) > 0 || open.has(offset)) continue;
          this.#report(`${consumer} never got offset ${offset} of group ${group}, which was taken for it`);
        }
      }
    }
  }

  #handed(consumer: string, group: number, offset: number): Handed {
    const groups = this.#consumers.get(consumer) ?? new Map<number, Map<number, Handed>>();
    this.#consumers.set(consumer, groups);
    const offsets = groups.get(group) ?? new Map<number, Handed>();
    groups.set(group, offsets);
    const handed = offsets.get(offset) ?? { runs: [], noted: false };
    offsets.set(offset, handed);
    return handed;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
