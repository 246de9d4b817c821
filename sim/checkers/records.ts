/**
 * What producers were told against what was stored (SEMANTICS S1 to S5; RELIABILITY Q1 to Q6). Every record has a number of its
 * own in its value, so nothing is confused with anything.
 *
 * - An acknowledged record is in the committed log, at exactly the offset that was told, from that moment on.
 * - Nothing is stored that nobody sent, nothing twice, and nothing that was called `not_applied`.
 * - A record that was sent after another was acknowledged has a larger offset in the same partition.
 * - Records of one ordered producer are stored in the order of sending.
 *
 * What was stored in a generation of a partition in memory that was lost is forgiven, and may be stored again in a later one.
 */
export interface SentRecord {
  readonly id: number;
  readonly client: string;
  /** Groups that it may be stored in, or their later generations. */
  readonly groups: readonly number[];
  /** Sends its records to each partition one by one in rising order of id, retries included. */
  readonly ordered: boolean;
  readonly bytes: number;
}

export type ProduceOutcome = 'applied' | 'not_applied' | 'unknown';

interface Known {
  readonly sent: SentRecord;
  firstStartMicros: number;
  open: number;
  unknown: number;
  refused: number;
  acked: { readonly group: number; readonly offset: number } | undefined;
  stored: { readonly group: number; readonly offset: number } | undefined;
}

interface AckedEnd {
  readonly atMicros: number;
  readonly end: number;
}

/** What became of partitions in memory. */
export interface LossFacts {
  isLost(group: number): boolean;
  /** The group of the partition's first generation. */
  origin(group: number): number;
  /** The groups of the partition up to this one, oldest first. */
  upTo(group: number): readonly number[];
  mayAcknowledge(group: number, firstSentMicros: number): boolean;
}

const noLosses: LossFacts = {
  isLost: () => false,
  origin: (group) => group,
  upTo: (group) => [group],
  mayAcknowledge: () => true,
};

export class RecordChecker {
  readonly #report: (text: string) => void;
  readonly #losses: LossFacts;
  readonly #records = new Map<number, Known>();
  /** Per group, rising: from when on which offsets were known to be acknowledged. */
  readonly #acked = new Map<number, AckedEnd[]>();
  readonly #lastOrdered = new Map<string, number>();
  #acknowledged = 0;

  constructor(report: (text: string) => void, losses: LossFacts = noLosses) {
    this.#report = report;
    this.#losses = losses;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Everything that was sent at least once. */
  get sent(): number {
    return this.#records.size;
  }

  /** One attempt begins. */
  attempt(record: SentRecord, nowMicros: number): void {
    const known = this.#records.get(record.id);
    if (known !== undefined) {
      known.open += 1;
      return;
    }
    this.#records.set(record.id, {
      sent: record,
      firstStartMicros: nowMicros,
      open: 1,
      unknown: 0,
      refused: 0,
      acked: undefined,
      stored: undefined,
    });
  }

  /** An attempt was answered, or will never be (`unknown`). `place`: where it was told to be. */
  answered(
    id: number,
    outcome: ProduceOutcome,
    place: { readonly group: number; readonly offset: number } | undefined,
    nowMicros: number,
  ): void {
    const known = this.#records.get(id);
    if (known === undefined) throw new Error(`record ${id} was never sent`);
    known.open -= 1;
    if (outcome === 'unknown') known.unknown += 1;
    else if (outcome === 'not_applied') this.#refused(known);
    else if (place !== undefined) this.#applied(known, place, nowMicros);
    else known.unknown += 1;
  }

  #refused(known: Known): void {
    known.refused += 1;
    if (!this.#isRefused(known) || known.stored === undefined) return;
    this.#report(`record ${known.sent.id} was called not applied, but is stored at ${place(known.stored)}`);
  }

  /** All attempts ended, and each was said to have come to nothing. */
  #isRefused(known: Known): boolean {
    return known.open === 0 && known.unknown === 0 && known.acked === undefined && known.refused > 0;
  }

  #applied(known: Known, told: { readonly group: number; readonly offset: number }, nowMicros: number): void {
    const { id } = known.sent;
    if (known.acked === undefined) this.#acknowledged += 1;
    else if (place(known.acked) !== place(told) && !this.#losses.isLost(known.acked.group)) {
      this.#report(`record ${id} was acknowledged at ${place(known.acked)} and then at ${place(told)}`);
    }
    known.acked = told;
    if (known.stored === undefined) {
      this.#report(`record ${id} was acknowledged at ${place(told)} but is not committed`);
    } else if (place(known.stored) !== place(told)) {
      this.#report(`record ${id} was acknowledged at ${place(told)} but is stored at ${place(known.stored)}`);
    }
    if (!this.#losses.mayAcknowledge(told.group, known.firstStartMicros)) {
      this.#report(`record ${id} was acknowledged at ${place(told)}, which had been lost before it was sent`);
    }
    const groups = this.#losses.upTo(told.group);
    const before = Math.max(...groups.map((group) => this.ackedEnd(group, known.firstStartMicros)));
    if (told.offset < before) {
      this.#report(
        `record ${id} got offset ${told.offset} in group ${told.group}, although ${before - 1} was acknowledged before it was sent`,
      );
    }
    const ends = this.#acked.get(told.group) ?? [];
    this.#acked.set(told.group, ends);
    if (told.offset + 1 > (ends.at(-1)?.end ?? 0)) ends.push({ atMicros: nowMicros, end: told.offset + 1 });
  }

  /** One above the highest offset acknowledged before `beforeMicros`. */
  ackedEnd(group: number, beforeMicros: number): number {
    const ends = this.#acked.get(group) ?? [];
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as AckedEnd).atMicros < beforeMicros) low = middle + 1;
      else high = middle;
    }
    return ends[low - 1]?.end ?? 0;
  }

  /** A record was committed. */
  stored(group: number, offset: number, id: number, bytes: number): void {
    const where = { group, offset };
    const known = this.#records.get(id);
    if (known === undefined || known.sent.bytes !== bytes) {
      this.#report(`a record that nobody sent is stored at ${place(where)} (number ${id}, ${bytes} bytes)`);
      return;
    }
    if (known.stored !== undefined && !this.#losses.isLost(known.stored.group)) {
      if (this.#losses.isLost(group)) return;
      this.#report(`record ${id} is stored twice, at ${place(known.stored)} and ${place(where)}`);
      return;
    }
    known.stored = where;
    if (!known.sent.groups.some((sent) => this.#losses.origin(sent) === this.#losses.origin(group))) {
      this.#report(`record ${id} is stored in group ${group}, where it was not sent`);
    }
    if (this.#isRefused(known)) {
      this.#report(`record ${id} was called not applied, but is stored at ${place(where)}`);
    }
    if (!known.sent.ordered) return;
    const key = `${known.sent.client} ${group}`;
    const before = this.#lastOrdered.get(key) ?? -1;
    if (id < before) {
      this.#report(
        `records ${before} and ${id} of ${known.sent.client} are stored in the wrong order in group ${group}`,
      );
    }
    this.#lastOrdered.set(key, Math.max(before, id));
  }

  /** How many records ended in each way, for the footer and the `sometimes` points. */
  count(): {
    readonly acked: number;
    readonly unknownStored: number;
    readonly unknownLost: number;
    readonly refused: number;
  } {
    const counts = { acked: 0, unknownStored: 0, unknownLost: 0, refused: 0 };
    for (const known of this.#records.values()) {
      if (known.acked !== undefined) counts.acked += 1;
      else if (this.#isRefused(known)) counts.refused += 1;
      else if (known.stored !== undefined) counts.unknownStored += 1;
      else counts.unknownLost += 1;
    }
    return counts;
  }

  /** The acknowledged records with the places they must be found at. */
  *acks(): Generator<{ readonly id: number; readonly group: number; readonly offset: number }> {
    for (const { sent, acked } of this.#records.values()) {
      if (acked !== undefined && !this.#losses.isLost(acked.group)) yield { id: sent.id, ...acked };
    }
  }
}

function place({ group, offset }: { readonly group: number; readonly offset: number }): string {
  return `offset ${offset} of group ${group}`;
}
