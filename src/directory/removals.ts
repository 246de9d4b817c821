/**
 * Removed topics that are not gone yet, and what is known of their replicas' deaths (SEMANTICS S24).
 *
 * A partition is over once a majority of its replicas has journaled its death: no leader can commit anything without one of these
 * any more, wherever it is cut off. A topic is gone, and its name free, when all of its partitions are over. What the minority
 * says is of no interest: a node that was away finds the removal in the log, or the group in no topic, and deletes what it has.
 */
import type { GroupId } from '@callboard/client/protocol';
import type { PartitionPlacement, Topic } from './contract.ts';

/** How far the removal of a topic is. */
export interface RemovalProgress {
  readonly partitions: number;
  /** Those that are over. */
  readonly over: number;
  /** The brokers of the others which have not confirmed, by name. */
  readonly waitsFor: readonly string[];
}

interface Dying {
  readonly removal: Removal;
  readonly placement: PartitionPlacement;
}

interface Removal {
  readonly topic: Topic;
  /** Partition by partition the journal ids of the replicas that are dead. */
  readonly dead: ReadonlyMap<GroupId, Set<string>>;
}

function isOver({ dead }: Removal, { group, replicas }: PartitionPlacement): boolean {
  return 2 * (dead.get(group)?.size ?? 0) > replicas.length;
}

export class Removals {
  readonly #byName = new Map<string, Removal>();
  readonly #byGroup = new Map<GroupId, Dying>();

  begin(topic: Topic): void {
    const dead = new Map(topic.partitions.map(({ group }) => [group, new Set<string>()]));
    const removal: Removal = { topic, dead };
    this.#byName.set(topic.name, removal);
    for (const placement of topic.partitions) this.#byGroup.set(placement.group, { removal, placement });
  }

  /** In the order of their removal. */
  *topics(): Iterable<Topic> {
    for (const { topic } of this.#byName.values()) yield topic;
  }

  topic(name: string): Topic | undefined {
    return this.#byName.get(name)?.topic;
  }

  progress(name: string): RemovalProgress | undefined {
    const removal = this.#byName.get(name);
    if (removal === undefined) return undefined;
    const { partitions } = removal.topic;
    const open = partitions.filter((placement) => !isOver(removal, placement));
    const waitsFor = new Set(
      open
        .flatMap(({ group, replicas }) =>
          replicas.filter(({ replica }) => removal.dead.get(group)?.has(replica) !== true),
        )
        .map(({ node }) => node),
    );
    return {
      partitions: partitions.length,
      over: partitions.length - open.length,
      waitsFor: [...waitsFor].toSorted(),
    };
  }

  /** Whether the death of this replica is known, or of no interest any more. */
  isKnown(group: GroupId, replica: string): boolean {
    return this.#byGroup.get(group)?.removal.dead.get(group)?.has(replica) ?? true;
  }

  /** The node with this journal has journaled the death of its replicas of `groups`. Answers the topics that are gone thereby. */
  died(replica: string, groups: readonly GroupId[]): readonly Topic[] {
    const touched = new Set<Removal>();
    for (const group of groups) {
      const dying = this.#byGroup.get(group);
      if (dying?.placement.replicas.some((one) => one.replica === replica) !== true) continue;
      const { removal } = dying;
      removal.dead.get(group)?.add(replica);
      touched.add(removal);
    }
    return [...touched].filter((removal) => this.#endIfOver(removal)).map(({ topic }) => topic);
  }

  /** An operator's word takes the place of the replicas on these nodes. Answers whether the topic is gone thereby. */
  giveUp(name: string, nodes: ReadonlySet<string>): boolean {
    const removal = this.#byName.get(name);
    if (removal === undefined) return false;
    for (const { group, replicas } of removal.topic.partitions) {
      for (const { node, replica } of replicas) if (nodes.has(node)) removal.dead.get(group)?.add(replica);
    }
    return this.#endIfOver(removal);
  }

  *describe(): Iterable<string> {
    for (const [name, { topic, dead }] of this.#byName) {
      const groups = topic.partitions.map(({ group, replicas }) => [
        group,
        replicas,
        [...(dead.get(group) ?? [])],
      ]);
      yield JSON.stringify(['deleting', name, topic.storage, topic.created, groups]);
    }
  }

  #endIfOver(removal: Removal): boolean {
    const { name, partitions } = removal.topic;
    if (!partitions.every((placement) => isOver(removal, placement))) return false;
    this.#byName.delete(name);
    for (const { group } of partitions) this.#byGroup.delete(group);
    return true;
  }
}
