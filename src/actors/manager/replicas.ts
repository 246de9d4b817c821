/**
 * This node's partition replicas: which are born, which the directory has placed here and must be born, which belong to a removed
 * topic and must be deleted, and which it expects of an earlier journal of this node and will never get.
 *
 * A replica's birth is durable before its actor starts: its promises must not be older than its own existence. It dies once, and
 * is not born again when a restarted manager reads the directory's log from its beginning: groups are placed, and so born, in the
 * order of their numbers, so one that is not here and not above the highest that died here has died too.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import type { PartitionPlacement, Topic } from '../../directory/index.ts';
import type { Birth } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { GroupMember } from '../group/messages.ts';
import { logWriterActorId, type LogWriterMessage } from '../log-writer/messages.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import { membersText, parseMembers } from './founders.ts';
import type { ManagerMessage } from './messages.ts';
import type { ManagerOptions } from './options.ts';

/** Births in one request to the journal. */
const birthsAtOnce = 1_024;

interface Waiting {
  readonly birth: Birth;
  readonly members: readonly GroupMember[];
  readonly preferred: boolean;
}

export class Replicas {
  readonly #context: Context<ManagerMessage>;
  readonly #options: ManagerOptions;
  readonly #born = new Set<GroupId>();
  readonly #waiting = new Map<GroupId, Waiting>();
  readonly #asked = new Map<GroupId, Waiting>();
  /** Where the replicas of this node's groups are, for those that the directory has told of. */
  readonly #placements = new Map<GroupId, PartitionPlacement>();
  readonly #lost = new Set<GroupId>();
  /** Being deleted: told to the writer, or still being born. */
  readonly #dying = new Set<GroupId>();

  constructor(context: Context<ManagerMessage>, options: ManagerOptions) {
    this.#context = context;
    this.#options = options;
  }

  get born(): number {
    return this.#born.size;
  }

  /** Groups that the directory has placed on this node's name under a journal id that this node no longer has. */
  get lost(): readonly GroupId[] {
    return [...this.#lost];
  }

  /** Nothing of this group is here, nor will be. */
  isGone(group: GroupId): boolean {
    return !(
      this.#born.has(group) ||
      this.#waiting.has(group) ||
      this.#asked.has(group) ||
      this.#dying.has(group)
    );
  }

  /** Starts what the journal knows. Group 0 is the manager's own. */
  start(): void {
    for (const birth of this.#options.births()) {
      if (birth.group === 0) continue;
      this.#born.add(birth.group);
      this.#options.spawnReplica(birth.group, parseMembers(birth.members), false);
    }
  }

  /** The directory has placed a topic. */
  topic(topic: Topic): void {
    const { node } = this.#context.self;
    for (const placement of topic.partitions) {
      const rank = placement.replicas.findIndex((replica) => replica.node === node);
      const replica = placement.replicas[rank];
      if (replica === undefined) continue;
      if (topic.state === 'deleting') {
        this.#bury(placement.group);
        continue;
      }
      this.#placements.set(placement.group, placement);
      if (replica.replica === this.#options.replica) {
        this.#placed(placement, rank === 0 && topic.state === 'creating');
      } else this.#lost.add(placement.group);
    }
  }

  /** Sends off what waits to be born, one request at a time. */
  settle(): void {
    if (this.#waiting.size === 0 || this.#asked.size > 0) return;
    const births: Birth[] = [];
    for (const [group, waiting] of this.#waiting) {
      if (births.length === birthsAtOnce) break;
      this.#waiting.delete(group);
      this.#asked.set(group, waiting);
      births.push(waiting.birth);
    }
    const writer = refTo<LogWriterMessage>(this.#context.self.node, logWriterActorId);
    this.#context.send(writer, { kind: 'log-birth', replyTo: this.#context.self, births }, 'control');
  }

  journaled(groups: readonly GroupId[]): void {
    for (const group of groups) {
      const asked = this.#asked.get(group);
      if (asked === undefined) continue;
      this.#asked.delete(group);
      if (this.#dying.has(group)) {
        this.#sayDead(group);
        continue;
      }
      this.#born.add(group);
      this.#options.spawnReplica(group, asked.members, asked.preferred);
    }
  }

  died(groups: readonly GroupId[]): void {
    for (const group of groups) this.#dying.delete(group);
  }

  /** Asks the replicas of `groups` to hand over their leadership, where an active broker has another replica. */
  handOver(groups: Iterable<GroupId>, isActive: (node: string) => boolean): void {
    const { node } = this.#context.self;
    for (const group of groups) {
      const others = this.#placements.get(group)?.replicas.filter((replica) => replica.node !== node) ?? [];
      const to = others.map((replica) => replica.node).filter(isActive);
      if (to.length === 0) continue;
      this.#context.send(
        refTo<PartitionReplicaMessage>(node, partitionActorId(group)),
        { kind: 'hand-over', to },
        'control',
      );
    }
  }

  /** Asks the replicas of `groups` to hand over to the node that their partition was placed on first, where that is steady. */
  handHome(groups: Iterable<GroupId>, isSteady: (node: string) => boolean): void {
    const { node } = this.#context.self;
    for (const group of groups) {
      const home = this.#placements.get(group)?.replicas[0]?.node;
      if (home === undefined || home === node || !isSteady(home)) continue;
      this.#context.send(
        refTo<PartitionReplicaMessage>(node, partitionActorId(group)),
        { kind: 'hand-over', to: [home], mostBehind: this.#options.limits.appendEntries },
        'control',
      );
    }
  }

  /** Ends the replica and has its data deleted. One that died before is deleted again: a crash may have left some of it. */
  #bury(group: GroupId): void {
    this.#placements.delete(group);
    this.#lost.delete(group);
    if (this.#dying.has(group)) return;
    if (this.#asked.has(group)) {
      this.#dying.add(group);
      return;
    }
    this.#waiting.delete(group);
    if (this.#born.delete(group)) this.#context.stop(refTo(this.#context.self.node, partitionActorId(group)));
    else if (group > this.#options.diedUpTo()) return;
    this.#dying.add(group);
    this.#sayDead(group);
  }

  #sayDead(group: GroupId): void {
    const writer = refTo<LogWriterMessage>(this.#context.self.node, logWriterActorId);
    this.#context.send(
      writer,
      { kind: 'log-death', replyTo: this.#context.self, groups: [group] },
      'control',
    );
  }

  #placed(placement: PartitionPlacement, preferred: boolean): void {
    const { group, replicas } = placement;
    if (!this.isGone(group) || group <= this.#options.diedUpTo()) return;
    const members = replicas.map(({ node, replica }): GroupMember => ({ node, replica }));
    const birth: Birth = { group, replica: this.#options.replica, members: membersText(members) };
    this.#waiting.set(group, { birth, members, preferred });
  }
}
