/**
 * When a removed topic is deleted everywhere: once each node that held one of its replicas has said that nothing of it is left there.
 *
 * Every manager tells the primary of its own node for as long as the directory lists the topic as `deleting`. The primary collects; a new
 * one is told again, and a node that was down when the topic was removed tells when it is back and has deleted.
 */
import type { Topic } from '../../directory/index.ts';
import type { GroupId } from '@callboard/client/protocol';

export class Burials {
  /** Group by group the nodes that hold nothing of it; the primary's. */
  readonly #heard = new Map<GroupId, Set<string>>();

  /** To the primary: nothing of this group is left on `node`. */
  heard(group: GroupId, node: string): void {
    const nodes = this.#heard.get(group) ?? new Set();
    this.#heard.set(group, nodes.add(node));
  }

  /** The topics that every node has deleted; what was heard of others is forgotten. */
  complete(deleting: Iterable<Topic>): readonly Topic[] {
    const complete: Topic[] = [];
    const known = new Set<GroupId>();
    for (const topic of deleting) {
      for (const { group } of topic.partitions) known.add(group);
      if (topic.partitions.every((placement) => this.#isGone(placement))) complete.push(topic);
    }
    for (const group of this.#heard.keys()) if (!known.has(group)) this.#heard.delete(group);
    return complete;
  }

  #isGone({ group, replicas }: Topic['partitions'][number]): boolean {
    const nodes = this.#heard.get(group);
    return nodes !== undefined && replicas.every(({ node }) => nodes.has(node));
  }
}

/** The groups of topics that are being deleted which were placed on `node` and of which nothing is left there. */
export function goneHere(
  deleting: Iterable<Topic>,
  node: string,
  isGone: (group: GroupId) => boolean,
): readonly GroupId[] {
  const groups: GroupId[] = [];
  for (const { partitions } of deleting) {
    for (const { group, replicas } of partitions) {
      if (replicas.some((replica) => replica.node === node) && isGone(group)) groups.push(group);
    }
  }
  return groups;
}
