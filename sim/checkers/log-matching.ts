/**
 * Log matching (RELIABILITY R3): entries of one index and term are the same everywhere. Since a header checksum covers the one
 * before it, this holds for everything below as well. Remembers the entries, so that others can be found by checksum.
 */
export interface SeenEntry {
  readonly index: number;
  readonly term: number;
  readonly checksum: number;
  readonly previous: number;
  readonly bytes: Uint8Array;
}

export class LogMatchingChecker {
  readonly #report: (text: string) => void;
  readonly #groups = new Map<number, Map<number, SeenEntry[]>>();

  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  seen(node: string, group: number, entry: SeenEntry): void {
    let indexes = this.#groups.get(group);
    if (indexes === undefined) this.#groups.set(group, (indexes = new Map()));
    const known = indexes.get(entry.index);
    if (known === undefined) {
      indexes.set(entry.index, [entry]);
      return;
    }
    const same = known.find((other) => other.term === entry.term);
    if (same === undefined) known.push(entry);
    else if (same.checksum !== entry.checksum || same.previous !== entry.previous) {
      this.#report(
        `${node} has another entry ${entry.index} of term ${entry.term} in group ${group} than was seen before`,
      );
    }
  }

  find(group: number, index: number, checksum: number): SeenEntry | undefined {
    return this.#groups
      .get(group)
      ?.get(index)
      ?.find((entry) => entry.checksum === checksum);
  }
}
