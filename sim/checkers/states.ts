/** Replicas that have applied the same index hold the same state (RELIABILITY R11). */
export class StateChecker {
  readonly #report: (text: string) => void;
  readonly #states = new Map<string, { readonly node: string; readonly digest: string }>();
  #compared = 0;

  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  /** How many states found an equal index of another node to be compared with. */
  get compared(): number {
    return this.#compared;
  }

  state(node: string, group: number, index: number, digest: string): void {
    const key = `${group} ${index}`;
    const known = this.#states.get(key);
    if (known === undefined) {
      this.#states.set(key, { node, digest });
      return;
    }
    if (known.node !== node) this.#compared += 1;
    if (known.digest === digest) return;
    this.#report(
      `${node} and ${known.node} have applied ${index} of group ${group} and differ: ${digest} and ${known.digest}`,
    );
  }
}
