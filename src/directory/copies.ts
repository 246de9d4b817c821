/**
 * What nodes have said of their copies of groups in memory (see `CopiesLost`), and which groups have thereby lost a
 * majority of them.
 *
 * Why a majority is enough, and safe. A node stops a damaged copy before it says that it is lost, and starts it again only when a
 * later word of its own, without that group, has been applied. So at the entry that makes the majority, a majority of the copies is
 * damaged and stopped, and stays so: nodes apply that entry before any later word of theirs. Nothing was acknowledged by
 * these copies since they lost their memory, and nothing can ever be committed in the group again.
 *
 * A node that lost its disk cannot speak of the copies that were placed on it: it never runs them again. That it answers from another
 * journal is taken for its word that all of them are lost. If the disk comes back, so do they only after a later word.
 */
import type { GroupId } from '@callboard/client/protocol';
import type { CopiesLost, PartitionPlacement } from './contract.ts';

export interface CopiesWord {
  readonly start: number;
  readonly turn: number;
  readonly groups: ReadonlySet<GroupId>;
}

export class Copies {
  /** By journal id. */
  readonly #words = new Map<string, CopiesWord>();
  /** Journals whose nodes were seen to run on another one, and have not spoken since. */
  readonly #lostJournals = new Set<string>();

  /** The newest word of a node. */
  of(replica: string): CopiesWord | undefined {
    return this.#words.get(replica);
  }

  /** False: the node has said something later already. */
  hear({ replica, start, turn, groups }: CopiesLost): boolean {
    const known = this.#words.get(replica);
    const later = known === undefined || start > known.start || (start === known.start && turn > known.turn);
    if (!later) return false;
    this.#words.set(replica, { start, turn, groups: new Set(groups) });
    this.#lostJournals.delete(replica);
    return true;
  }

  /** False: it was known. */
  loseJournal(replica: string): boolean {
    const news = !this.#lostJournals.has(replica);
    this.#lostJournals.add(replica);
    return news;
  }

  isJournalLost(replica: string): boolean {
    return this.#lostJournals.has(replica);
  }

  /** A majority of the copies is lost, and as many could run in a group that begins anew. */
  isLost({ group, replicas }: PartitionPlacement): boolean {
    const out = replicas.filter(({ replica }) => this.#lostJournals.has(replica));
    const lost = replicas.filter(
      ({ replica }) =>
        this.#lostJournals.has(replica) || this.#words.get(replica)?.groups.has(group) === true,
    );
    return 2 * lost.length > replicas.length && 2 * out.length < replicas.length;
  }

  *describe(): Iterable<string> {
    for (const [replica, { start, turn, groups }] of this.#words) {
      yield JSON.stringify(['copies', replica, start, turn, [...groups]]);
    }
    yield JSON.stringify(['journals-lost', ...this.#lostJournals]);
  }
}
