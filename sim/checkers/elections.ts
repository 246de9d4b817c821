/** Election safety (RELIABILITY R1, R4): one leader per term and group, one vote per voter and term, and a leader's log holds what was committed. */
export class ElectionChecker {
  readonly #report: (text: string) => void;
  readonly #leaders = new Map<string, string>();
  readonly #votes = new Map<string, string>();
  readonly #newestTerm = new Map<number, number>();

  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  get elections(): number {
    return this.#leaders.size;
  }

  leader(group: number, term: number, node: string): void {
    const key = `${group} ${term}`;
    const known = this.#leaders.get(key);
    if (known !== undefined && known !== node) {
      this.#report(`group ${group} has two leaders in term ${term}: ${known} and ${node}`);
    }
    this.#leaders.set(key, node);
    this.#newestTerm.set(group, Math.max(term, this.#newestTerm.get(group) ?? 0));
  }

  vote(group: number, term: number, voter: string, candidate: string): void {
    const key = `${group} ${term} ${voter}`;
    const known = this.#votes.get(key);
    if (known !== undefined && known !== candidate) {
      this.#report(`${voter} voted twice in term ${term} of group ${group}: for ${known} and ${candidate}`);
    }
    this.#votes.set(key, candidate);
  }

  /**
   * A leader of `term` with this log. Only what was committed in a lower term must be in it: a leader that is paused
   * may well miss what a newer one has committed.
   */
  complete(group: number, term: number, node: string, committedTerm: number, holds: boolean): void {
    if (holds || committedTerm >= term) return;
    this.#report(
      `${node} leads term ${term} of group ${group} without an entry that was committed in term ${committedTerm}`,
    );
  }
}
