/**
 * What may leave a replica only once its disk covers it, and what may count as committed (RELIABILITY R9): an ack, a vote, a
 * vote request, and an entry that is said to be committed before a majority has promised it. And what a damaged replica must
 * have again before it counts as whole.
 */
import type { Promises, ReadDisk } from './promises.ts';

export interface DurabilityOptions {
  readonly promises: Promises;
  readonly readDisk: ReadDisk;
  /** Checksums of the group's committed entries by index, as far as anybody has said so. */
  readonly committed: (group: number) => readonly number[];
  /** Faults may have changed what is on this node's disk. */
  readonly excused: (node: string) => boolean;
  readonly report: (text: string) => void;
}

export class DurabilityChecker {
  readonly #options: DurabilityOptions;
  /** Highest index per group that was found on a majority, with its checksum checked then. */
  readonly #committed = new Map<number, number>();

  constructor(options: DurabilityOptions) {
    this.#options = options;
  }

  /** An ack for everything up to `index` leaves `node`. */
  acked(node: string, group: number, index: number): void {
    const { promises, readDisk, excused, report } = this.#options;
    const promised = promises.of(node, group);
    this.#checkIn(node, group);
    if (promised.damaged) {
      report(`${node} acknowledged entry ${index} of group ${group} although it is damaged`);
    } else if (index > promised.last) {
      report(
        `${node} acknowledged entry ${index} of group ${group}, but only ${promised.last} are durable there`,
      );
    } else if (index > 0 && !excused(node)) {
      const stored = readDisk(node, group, index);
      if (stored?.checksum !== promised.entries[index]?.checksum) {
        report(`${node} acknowledged entry ${index} of group ${group}, but it is not on its disk`);
      }
    }
  }

  /** A granted vote leaves `node`. */
  voted(node: string, group: number, term: number, candidate: string): void {
    const { promises, report } = this.#options;
    const { hard, damaged, owedKnown } = promises.of(node, group);
    this.#checkIn(node, group);
    const durable = hard.term > term || (hard.term === term && hard.vote === candidate);
    if (!durable) {
      report(
        `${node} voted in term ${term} of group ${group} before that was durable (it has term ${hard.term})`,
      );
    }
    if (damaged && !owedKnown) report(`${node} voted in group ${group} without knowing what it owes`);
  }

  /** A request for votes leaves `node`: its own vote must be safe, or it could ask again for another. */
  askedForVotes(node: string, group: number, term: number): void {
    const { promises, report } = this.#options;
    const { hard, damaged } = promises.of(node, group);
    this.#checkIn(node, group);
    if (hard.term < term) {
      report(`${node} asked for votes in term ${term} of group ${group} before that was durable`);
    }
    if (damaged) report(`${node} campaigns in group ${group} although it is damaged`);
  }

  /** `node` decided to vote for a candidate whose log ends here. */
  decided(node: string, group: number, lastIndex: number, lastTerm: number): void {
    const { promises, report } = this.#options;
    const promised = promises.of(node, group);
    const below =
      lastTerm < promised.lastTerm || (lastTerm === promised.lastTerm && lastIndex < promised.last);
    if (!below) return;
    const owed = `${promised.last} of term ${promised.lastTerm}`;
    report(
      `${node} votes in group ${group} for a log that ends at ${lastIndex} of term ${lastTerm}, but has promised ${owed}`,
    );
  }

  /**
   * A damaged `node` is whole again, with a log that ends at `tailIndex`. From now on it counts for votes and commits, so what
   * it had a part in committing must be there. Told before the promise is exchanged for the new log.
   */
  healed(node: string, group: number, tailIndex: number): void {
    const { promises, committed, report } = this.#options;
    const { entries } = promises.of(node, group);
    const checksums = committed(group);
    for (let index = Math.min(entries.length, checksums.length) - 1; index > tailIndex; index -= 1) {
      if (entries[index]?.checksum !== checksums[index]) continue;
      report(
        `${node} healed in group ${group} up to ${tailIndex}, but had promised entry ${index}, which is committed`,
      );
      return;
    }
  }

  /** A node that lost its disk takes no part in what it was a member of. */
  #checkIn(node: string, group: number): void {
    const { promises, report } = this.#options;
    if (promises.isOut(node, group)) {
      report(`${node} takes part in group ${group} although its disk was wiped`);
    }
  }

  /** `node` says that `index` is committed. */
  committed(node: string, group: number, index: number, checksum: number): void {
    if (index <= (this.#committed.get(group) ?? 0)) return;
    this.#committed.set(group, index);
    const { promises, report } = this.#options;
    const members = promises.members(group);
    const holders = members.filter(
      (member) => promises.of(member, group).entries[index]?.checksum === checksum,
    );
    if (holders.length * 2 > members.length) return;
    const where = `durable only on ${holders.join() || 'no node'} of ${members.join()}`;
    report(`${node} committed entry ${index} of group ${group}, ${where}`);
  }
}
