/**
 * Bad copies that replication meets (DESIGN 7): a leader that is asked for an entry which is bad on its own disk says so within a few
 * heartbeats of the answer. It must not go on leading, read it again and again, and let the follower wait for the scrubber.
 */
import type { RaftView } from '../observe/raft-probe.ts';

/** Heartbeat rounds that it may begin after the answer came. */
const mostRounds = 3;

interface Met {
  readonly view: RaftView;
  readonly index: number;
  readonly term: number;
  readonly load: number;
  answered: boolean;
  /** The newest round of heartbeats that was seen, and how many there were. */
  context: number;
  rounds: number;
}

export class NoticingChecker {
  readonly #report: (text: string) => void;
  readonly #onNoticed: () => void;
  #met: Met[] = [];

  constructor(onNoticed: () => void, report: (text: string) => void) {
    this.#onNoticed = onNoticed;
    this.#report = report;
  }

  /** The entry at `index`, the first that `load` of this leader is about to read, has just been damaged. */
  damaged(view: RaftView, load: number, index: number): void {
    const { term } = view.raft;
    this.#met.push({ view, index, term, load, answered: false, context: 0, rounds: 0 });
  }

  /** A core took a step; `loaded`: the load that was answered, `context`: the round of heartbeats that it began. */
  stepped(view: RaftView, loaded: number | undefined, context: number | undefined): void {
    if (this.#met.length === 0) return;
    for (const met of this.#met) if (met.view === view) this.#follow(met, loaded, context);
  }

  #follow(met: Met, loaded: number | undefined, context: number | undefined): void {
    const { raft, node, group } = met.view;
    if (raft.damaged) this.#onNoticed();
    if (raft.damaged || raft.role !== 'leader' || raft.term !== met.term) {
      this.#met = this.#met.filter((other) => other !== met);
      return;
    }
    if (loaded === met.load) met.answered = true;
    if (!met.answered || context === undefined || context <= met.context) return;
    met.context = context;
    met.rounds += 1;
    if (met.rounds <= mostRounds) return;
    this.#met = this.#met.filter((other) => other !== met);
    this.#report(
      `${node} has read its bad entry ${met.index} of group ${group} for a follower, and goes on leading ${met.rounds} heartbeats later`,
    );
  }
}
