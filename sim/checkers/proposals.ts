/**
 * What leaders said of proposals against what became of these (SEMANTICS S2): what was reported `not_applied` is never committed, under
 * whatever leader. Of an index and a term there is one entry, so these two name a proposal in its group.
 */
export interface Proposal {
  readonly group: number;
  readonly index: number;
  readonly term: number;
}

export type ToldOutcome = 'applied' | 'not_applied' | 'unknown';

export interface ProposalOptions {
  /** The term of the entry that is committed there; undefined: none is yet. */
  readonly committedTerm: (group: number, index: number) => number | undefined;
  /** A proposal whose asker was told that its fate is unknown was decided. */
  readonly onDoubtEnded: (committed: boolean) => void;
  readonly report: (text: string) => void;
}

export class ProposalChecker {
  readonly #options: ProposalOptions;
  /** Proposals whose askers wait, by who asked. */
  readonly #open = new Map<string, Proposal[]>();
  /** Those that are not decided, by group and index: what was said of them, by term. */
  readonly #told = new Map<string, Map<number, ToldOutcome>>();

  constructor(options: ProposalOptions) {
    this.#options = options;
  }

  proposed(ask: string, proposal: Proposal): void {
    const known = this.#open.get(ask);
    if (known === undefined) this.#open.set(ask, [proposal]);
    else known.push(proposal);
  }

  /** Who asked was told this. What is told of a question that led to no proposal is no concern of this checker. */
  told(ask: string, outcome: ToldOutcome): void {
    const proposals = this.#open.get(ask);
    if (proposals === undefined) return;
    this.#open.delete(ask);
    if (outcome === 'applied') return;
    for (const proposal of proposals) {
      const { group, index, term } = proposal;
      const decided = this.#options.committedTerm(group, index);
      if (decided !== undefined) {
        this.#judge(proposal, outcome, decided);
        continue;
      }
      const key = `${group} ${index}`;
      const terms = this.#told.get(key) ?? new Map<number, ToldOutcome>();
      this.#told.set(key, terms.set(term, outcome));
    }
  }

  /** The entry of `term` was committed at this place. */
  committed(group: number, index: number, term: number): void {
    if (this.#told.size === 0) return;
    const key = `${group} ${index}`;
    const terms = this.#told.get(key);
    this.#told.delete(key);
    for (const [proposedIn, outcome] of terms ?? []) {
      this.#judge({ group, index, term: proposedIn }, outcome, term);
    }
  }

  #judge({ group, index, term }: Proposal, outcome: ToldOutcome, decided: number): void {
    if (outcome === 'unknown') this.#options.onDoubtEnded(term === decided);
    else if (term === decided) {
      this.#options.report(
        `the proposal of term ${term} at index ${index} of group ${group} was reported not_applied, and is committed`,
      );
    }
  }
}
