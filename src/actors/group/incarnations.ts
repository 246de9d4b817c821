/** Who the members of a group are, where they live, and which incarnation of each was last heard of. */
import type { ReplicaId } from '@callboard/client/protocol';
import type { GroupMember } from './messages.ts';

/** `past`: sent by an incarnation that has been replaced since. `restarted`: newer than the one known before. */
export type Met = 'known' | 'restarted' | 'past';

export class Incarnations {
  readonly #nodes = new Map<ReplicaId, string>();
  readonly #replicas = new Map<string, ReplicaId>();
  readonly #latest = new Map<string, number>();

  constructor(members: readonly GroupMember[]) {
    for (const member of members) {
      this.#nodes.set(member.replica as ReplicaId, member.node);
      this.#replicas.set(member.node, member.replica as ReplicaId);
    }
  }

  nodeOf(replica: ReplicaId): string | undefined {
    return this.#nodes.get(replica);
  }

  replicaOf(node: string): ReplicaId | undefined {
    return this.#replicas.get(node);
  }

  /** 0 until the node was heard of. */
  incarnationOf(node: string): number {
    return this.#latest.get(node) ?? 0;
  }

  meet(node: string, incarnation: number): Met {
    const latest = this.#latest.get(node);
    if (!this.#replicas.has(node) || (latest !== undefined && incarnation < latest)) return 'past';
    this.#latest.set(node, incarnation);
    return latest === undefined || latest === incarnation ? 'known' : 'restarted';
  }
}
