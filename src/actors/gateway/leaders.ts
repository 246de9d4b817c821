/**
 * Which node leads which group, as far as this gateway knows: learnt from answers and from the hints of replicas that do
 * not lead. Without any knowledge the replicas are asked in turn, the preferred one first.
 */
import type { GroupId } from '@callboard/client/protocol';

interface Knowledge {
  leader: string | undefined;
  /** Which replica to ask next while no leader is known. */
  turn: number;
}

export class Leaders {
  readonly #groups = new Map<GroupId, Knowledge>();

  /** The node to ask; undefined if there are no replicas. */
  pick(group: GroupId, replicas: readonly string[]): string | undefined {
    const known = this.#groups.get(group);
    if (known === undefined) return replicas[0];
    if (known.leader !== undefined && replicas.includes(known.leader)) return known.leader;
    return replicas[known.turn % replicas.length];
  }

  /** Somebody said that `node` leads. True if this is news about a group whose leader was believed to be another. */
  learn(group: GroupId, node: string): boolean {
    const known = this.#of(group);
    const changed = known.leader !== undefined && known.leader !== node;
    known.leader = node;
    return changed;
  }

  /** `node` did not serve: ask another one next. */
  miss(group: GroupId, node: string, replicas: readonly string[]): void {
    const known = this.#of(group);
    // Somebody else has learnt better since this node was asked.
    if (known.leader !== undefined && known.leader !== node) return;
    known.leader = undefined;
    known.turn = (Math.max(0, replicas.indexOf(node)) + 1) % Math.max(1, replicas.length);
  }

  leader(group: GroupId): string | undefined {
    return this.#groups.get(group)?.leader;
  }

  forget(group: GroupId): void {
    this.#groups.delete(group);
  }

  #of(group: GroupId): Knowledge {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const fresh = { leader: undefined, turn: 0 };
    this.#groups.set(group, fresh);
    return fresh;
  }
}
