/** How far another node's wall clock is from this one's, as its answers to probes tell. */

/** Less is no finding: nothing depends on it, and an answer that is slow on one way makes up for a part of it. */
const findingMs = 60_000;

export class ClockSkew {
  #skewMs: number | undefined;

  /** Ahead of this node's above 0; undefined: not known, or not worth a word. */
  get findingMs(): number | undefined {
    const skewMs = this.#skewMs;
    return skewMs !== undefined && Math.abs(skewMs) >= findingMs ? skewMs : undefined;
  }

  /** An answer that says `theirsMs` has come at `oursMs`, `tripMs` after its question. True: it is a finding, or no longer one. */
  heard(theirsMs: number, oursMs: number, tripMs: number): boolean {
    const before = this.findingMs !== undefined;
    this.#skewMs = Math.round(theirsMs + tripMs / 2 - oursMs);
    return before !== (this.findingMs !== undefined);
  }
}
