/**
 * What consumers were given against the committed log (SEMANTICS S7, S8, S11, S13; RELIABILITY Q7 to Q9).
 *
 * - What is delivered is committed, at that offset, with that value, and the cursor was moved past it before.
 * - No record is delivered twice to one consumer.
 * - At most one record per consume is missing, and only where the answer was lost or unknown.
 * - "Nothing to read" is said only if everything that was acknowledged before the call lies below the cursor.
 */
export interface ConsumeCall {
  readonly consumer: string;
  /** The groups that the call could ask, one if it named a partition. */
  readonly groups: readonly number[];
  readonly startMicros: number;
}

/** What the checker needs of the other checkers' models. */
export interface ConsumerFacts {
  valueAt(group: number, offset: number): Uint8Array | undefined;
  cursor(group: number, consumer: string): number;
  ackedEnd(group: number, beforeMicros: number): number;
  /** Where every consumer begins; 0 unless given. */
  first?(group: number): number;
}

interface Consumer {
  readonly delivered: Map<number, Set<number>>;
  unknown: number;
}

export class ConsumerChecker {
  readonly #facts: ConsumerFacts;
  readonly #report: (text: string) => void;
  readonly #consumers = new Map<string, Consumer>();
  #deliveries = 0;

  constructor(facts: ConsumerFacts, report: (text: string) => void) {
    this.#facts = facts;
    this.#report = report;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  delivered(call: ConsumeCall, group: number, offset: number, value: Uint8Array): void {
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
    const seen = this.#of(consumer).delivered;
    const offsets = seen.get(group) ?? new Set();
    seen.set(group, offsets);
    if (offsets.has(offset)) this.#report(`${consumer} was given ${where} twice`);
    offsets.add(offset);
    const cursor = this.#facts.cursor(group, consumer);
    if (cursor <= offset) {
      this.#report(`${consumer} was given ${where} before its cursor (${cursor}) had passed it`);
    }
  }

  /** The answer was lost, or said that it cannot know. */
  unknown(call: ConsumeCall): void {
    this.#of(call.consumer).unknown += 1;
  }

  nothing(call: ConsumeCall): void {
    for (const group of call.groups) {
      const end = this.#facts.ackedEnd(group, call.startMicros);
      const cursor = this.#facts.cursor(group, call.consumer);
      if (end <= cursor) continue;
      this.#report(
        `${call.consumer} was told that group ${group} has nothing, with its cursor at ${cursor} and ${end} records acknowledged`,
      );
    }
  }

  /** When no call is open any more. */
  finish(groups: Iterable<number>): void {
    const all = [...groups];
    for (const [consumer, { delivered, unknown }] of this.#consumers) {
      let missing = 0;
      for (const group of all) {
        const first = this.#facts.first?.(group) ?? 0;
        missing += this.#facts.cursor(group, consumer) - first - (delivered.get(group)?.size ?? 0);
      }
      if (missing > unknown) {
        this.#report(
          `${consumer} never got ${missing} records that its cursors have passed, with only ${unknown} answers lost`,
        );
      }
    }
  }

  #of(consumer: string): Consumer {
    const known = this.#consumers.get(consumer);
    if (known !== undefined) return known;
    const fresh = { delivered: new Map(), unknown: 0 };
    this.#consumers.set(consumer, fresh);
    return fresh;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
