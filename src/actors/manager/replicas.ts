/**
 * This node's partition replicas: which are born, which the directory has placed here and must be born, which belong to a removed
 * topic and must be deleted, and which it expects of an earlier journal of this node and will never get.
 *
 * A replica's birth is durable before its actor starts: its promises must not be older than its own existence. It dies once, and
 * is not born again when a restarted manager reads the directory's log from its beginning: groups are placed, and so born, in the
 * order of their numbers, so one that is not here and not above the highest that died here has died too.
 *
 * Replicas in memory are born like the others, but run only when `MemoryCopies` lets them.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import type { CopiesLost, CopiesWord, PartitionPlacement, Topic } from '../../directory/index.ts';
import type { Birth } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { GroupMember } from '../group/messages.ts';
import { logWriterActorId, type LogWriterMessage } from '../log-writer/messages.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import { membersText, parseMembers } from './founders.ts';
import { MemoryCopies } from './memory-copies.ts';
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
  readonly #copies: MemoryCopies;
  /** Groups in memory by topic, as the directory last told, wherever they are. */
  readonly #inMemory = new Map<string, Topic>();
  /** Replicas in memory that are to campaign once they run. */
  readonly #preferred = new Set<GroupId>();

  constructor(context: Context<ManagerMessage>, options: ManagerOptions) {
    const { replica, startCount, limits } = options;
    this.#context = context;
    this.#options = options;
    this.#copies = new MemoryCopies({
      replica,
      start: startCount * 2 ** 20 + context.incarnation,
      first: startCount === 1 && context.incarnation === 1,
      limits,
      run: (group) => this.#runCopy(group),
      rerun: (group) => {
        context.stop(refTo(context.self.node, partitionActorId(group)));
        options.givenUp.delete(group);
        this.#runCopy(group);
      },
    });
  }

  /** Groups in memory whose copy here is damaged and has found no leader to heal from. */
  get copiesLost(): readonly GroupId[] {
    return this.#copies.lost;
  }

  /** Groups in memory whose copy here does not run yet: what the directory says of it is not known. */
  get copiesWaiting(): readonly GroupId[] {
    return this.#copies.waiting;
  }

  copyGivenUp(group: GroupId): void {
    // A late word of an incarnation that was taken back long ago says nothing of the one that runs.
    if (this.#options.givenUp.has(group)) this.#copies.givenUp(group, this.#context.now());
  }

  tick(nowMs: number, say: (command: CopiesLost) => () => boolean): void {
    this.#copies.tick(nowMs, say);
  }

  #runCopy(group: GroupId): void {
    const placement = this.#placements.get(group);
    if (placement === undefined) throw new Error(`group ${group} runs nowhere: it is not placed here`);
    const preferred = this.#preferred.delete(group);
    this.#options.spawnReplica(group, membersOf(placement), preferred, placement.generation ?? 0);
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
      if (birth.storage === 'memory') this.#copies.born(birth.group);
      else this.#options.spawnReplica(birth.group, parseMembers(birth.members), false, undefined);
    }
  }

  /** The directory has placed a topic. */
  topic(topic: Topic): void {
    const { node } = this.#context.self;
    if (topic.storage === 'memory') this.#followLosses(topic);
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
        const fresh = topic.state === 'creating' || placement.generation !== undefined;
        this.#placed(placement, topic, rank === 0 && fresh);
      } else this.#lost.add(placement.group);
    }
  }

  /** A partition that was begun anew leaves its group before behind. */
  #followLosses(topic: Topic): void {
    const before = this.#inMemory.get(topic.name);
    if (topic.state === 'deleting') this.#inMemory.delete(topic.name);
    else this.#inMemory.set(topic.name, topic);
    if (before === undefined || topic.state === 'deleting') return;
    const groups = new Set(topic.partitions.map(({ group }) => group));
    before.partitions.forEach(({ group }, partition) => {
      if (groups.has(group)) return;
      this.#bury(group);
      if (!this.#copies.open) return;
      const successor = topic.partitions[partition]?.group;
      this.#context.trace.note('error', 'memory.partition-lost', {
        topic: topic.name,
        partition,
        group,
        successor,
      });
    });
  }

  /** Sends off what waits to be born, one request at a time. `word`: see `MemoryCopies.settle`. */
  settle(word: CopiesWord | undefined): void {
    this.#copies.settle(word);
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
      if (asked.birth.storage === 'memory') {
        if (asked.preferred) this.#preferred.add(group);
        this.#copies.born(group);
      } else this.#options.spawnReplica(group, asked.members, asked.preferred, undefined);
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

  /** Asks the replicas of `groups` to hand over to the node that their partition was placed on first, where that is steady. Returns which it has asked. */
  handHome(groups: Iterable<GroupId>, isSteady: (node: string) => boolean): readonly GroupId[] {
    const { node } = this.#context.self;
    const asked: GroupId[] = [];
    for (const group of groups) {
      const home = this.#placements.get(group)?.replicas[0]?.node;
      if (home === undefined || home === node || !isSteady(home)) continue;
      this.#context.send(
        refTo<PartitionReplicaMessage>(node, partitionActorId(group)),
        { kind: 'hand-over', to: [home], mostBehind: this.#options.limits.appendEntries },
        'control',
      );
      asked.push(group);
    }
    return asked;
  }

  /** Ends the replica and has its data deleted. One that died before is deleted again: a crash may have left some of it. */
  #bury(group: GroupId): void {
    this.#placements.delete(group);
    this.#lost.delete(group);
    this.#copies.gone(group);
    this.#options.givenUp.delete(group);
    this.#preferred.delete(group);
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

  #placed(placement: PartitionPlacement, topic: Topic, preferred: boolean): void {
    const { group } = placement;
    if (topic.storage === 'memory') this.#copies.placed(group);
    if (!this.isGone(group) || group <= this.#options.diedUpTo()) return;
    const members = membersOf(placement);
    const { replica } = this.#options;
    const stored = topic.storage === 'memory' ? ({ storage: 'memory' } as const) : {};
    const birth: Birth = { group, replica, members: membersText(members), ...stored };
    this.#waiting.set(group, { birth, members, preferred });
  }
}

function membersOf({ replicas }: PartitionPlacement): readonly GroupMember[] {
  return replicas.map(({ node, replica }) => ({ node, replica }));
}
