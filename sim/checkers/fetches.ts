/**
 * Reads by offset against the committed log (SEMANTICS S7, S13): every record that comes is committed there with that value, a read
 * goes on where the last one ended, and "nothing" is said only where nothing was acknowledged before the read.
 */
export interface FetchFacts {
  valueAt(group: number, offset: number): Uint8Array | undefined;
  ackedEnd(group: number, beforeMicros: number): number;
  /** Offset of the group's first record: above 0 where a partition in memory was begun anew; 0 unless given. */
  first?(group: number): number;
}

export class FetchChecker {
  readonly #facts: FetchFacts;
  readonly #report: (text: string) => void;

  constructor(facts: FetchFacts, report: (text: string) => void) {
    this.#facts = facts;
    this.#report = report;
  }

  /** The records of one chunk; the reader had everything below `from`. */
  fetched(group: number, baseOffset: number, values: readonly Uint8Array[], from: number): void {
    if (baseOffset > Math.max(from, this.#facts.first?.(group) ?? 0)) {
      this.#report(`a read of group ${group} from offset ${from} skipped to ${baseOffset}`);
    }
    for (const [at, value] of values.entries()) {
      const committed = this.#facts.valueAt(group, baseOffset + at);
      const where = `offset ${baseOffset + at} of group ${group}`;
      if (committed === undefined) this.#report(`a read was given ${where}, which is not committed`);
      else if (Buffer.compare(committed, value) !== 0) {
        this.#report(`a read was given other bytes than are committed at ${where}`);
      }
    }
  }

  /** The read was told that the records end here, confirmed by the leader. */
  ended(group: number, end: number, startMicros: number): void {
    const acked = this.#facts.ackedEnd(group, startMicros);
    if (acked > end) {
      this.#report(
        `a read of group ${group} was told that it ends at ${end}, but ${acked} records were acknowledged`,
      );
    }
  }
}
