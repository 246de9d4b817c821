/**
 * This node's partition replicas: which are born, which the directory has placed here and must be born, which belong to a removed
 * topic and must be deleted, and which it expects of an earlier journal of this node and will never get.
 *
 * A replica's birth is durable before its actor starts: its promises must not be older than its own existence. It dies once, and
 * is not born again when a restarted manager reads the directory's log from its beginning: groups are placed, and so born, in the
 * order of their numbers, so one that is not here and not above the highest that died here has died too. For that the death of
 * one that was never born is journaled as well, and none before all with lower numbers are born.
 *
 * Replicas in memory are born like the others, but run only when `MemoryCopies` lets them.
 *
 * A topic has many partitions, and a node many topics: births, starts and deaths go in slices, or others' mailboxes would
 * run over.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import type { CopiesLost, CopiesWord, PartitionPlacement, Topic } from '../../directory/index.ts';
import type { Birth } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { GroupMember } from '../group/messages.ts';
import { logWriterActorId, type LogWriterMessage } from '../log-writer/messages.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import { Deaths } from './deaths.ts';
import { membersText, parseMembers } from './founders.ts';
import { MemoryCopies } from './memory-copies.ts';
import type { ManagerMessage } from './messages.ts';
import type { ManagerOptions } from './options.ts';

interface Waiting {
  readonly birth: Birth;
  readonly members: readonly GroupMember[];
  readonly preferred: boolean;
}

/** How a born replica is to be started; `again`: its actor is ended first. */
interface Start {
  readonly members: readonly GroupMember[];
  readonly preferred: boolean;
  readonly generation: number | undefined;
  readonly again: boolean;
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
  /** Born, and waiting for their turn to be started. */
  readonly #starts = new Map<GroupId, Start>();
  readonly #deaths: Deaths;
  readonly #copies: MemoryCopies;
  /** Groups in memory by topic, as the directory last told, wherever they are. */
  readonly #inMemory = new Map<string, Topic>();
  /** Replicas in memory that are to campaign once they run. */
  readonly #preferred = new Set<GroupId>();
  #slicing = false;

  constructor(context: Context<ManagerMessage>, options: ManagerOptions) {
    const { replica, startCount, limits } = options;
    this.#context = context;
    this.#options = options;
    this.#deaths = new Deaths(limits.managerSliceGroups);
    this.#copies = new MemoryCopies({
      replica,
      start: startCount * 2 ** 20 + context.incarnation,
      first: startCount === 1 && context.incarnation === 1,
      limits,
      run: (group) => this.#runCopy(group, false),
      rerun: (group) => this.#runCopy(group, true),
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
    const isNews = this.#options.givenUp.has(group) && !this.#starts.has(group);
    if (isNews) this.#copies.givenUp(group, this.#context.now());
  }

  tick(nowMs: number, say: (command: CopiesLost) => () => boolean): void {
    this.#copies.tick(nowMs, say);
  }

  #runCopy(group: GroupId, again: boolean): void {
    const placement = this.#placements.get(group);
    if (placement === undefined) throw new Error(`group ${group} runs nowhere: it is not placed here`);
    const preferred = this.#preferred.delete(group);
    this.#start(group, {
      members: membersOf(placement),
      preferred,
      generation: placement.generation ?? 0,
      again,
    });
  }

  #start(group: GroupId, start: Start): void {
    this.#starts.set(group, start);
    this.#slice();
  }

  #slice(): void {
    if (this.#slicing) return;
    this.#slicing = true;
    this.#context.after(0, { kind: 'manager-slice' });
  }

  /** Starts the next few replicas. */
  slice(): void {
    this.#slicing = false;
    const { spawnReplica, givenUp, limits } = this.#options;
    let room = limits.managerSliceGroups;
    for (const [group, { members, preferred, generation, again }] of this.#starts) {
      if (room === 0) break;
      room -= 1;
      this.#starts.delete(group);
      if (again) {
        this.#context.stop(refTo(this.#context.self.node, partitionActorId(group)));
        givenUp.delete(group);
      }
      spawnReplica(group, members, preferred, generation);
    }
    if (this.#starts.size > 0) this.#slice();
  }

  /** Replicas that are born and wait for their turn to start. */
  get toStart(): number {
    return this.#starts.size;
  }

  get born(): number {
    return this.#born.size;
  }

  /** Groups that the directory has placed on this node's name under a journal id that this node no longer has. */
  get lost(): readonly GroupId[] {
    return [...this.#lost];
  }

  /** The journal says that this node's replica of the group is over, for good. */
  isDead(group: GroupId): boolean {
    return group <= this.#options.diedUpTo() && !this.#isHere(group) && !this.#deaths.has(group);
  }

  /** Born, or on its way to be. */
  #isHere(group: GroupId): boolean {
    return this.#born.has(group) || this.#waiting.has(group) || this.#asked.has(group);
  }

  /** Starts what the journal knows. Group 0 is the manager's own. */
  start(): void {
    for (const birth of this.#options.births()) {
      if (birth.group === 0) continue;
      this.#born.add(birth.group);
      if (birth.storage === 'memory') this.#copies.born(birth.group);
      else {
        const members = parseMembers(birth.members);
        this.#start(birth.group, { members, preferred: false, generation: undefined, again: false });
      }
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
        if (replica.replica === this.#options.replica) this.#bury(placement.group);
        else this.#lost.delete(placement.group);
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

  /**
   * Replicas here of groups that no topic has any more. `listed` and `upTo`, the highest number that was ever given to a group, are
   * of a directory that is known to have everything that was decided before the question: only then what it does not list is gone.
   */
  buryStragglers(listed: ReadonlySet<GroupId>, upTo: number): void {
    for (const group of [...this.#born]) {
      if (group > upTo || listed.has(group)) continue;
      this.#context.trace.note('warn', 'manager.straggler', { group });
      this.#bury(group);
    }
  }

  /** Sends off what waits to be born and to die, one slice of each at a time. `word`: see `MemoryCopies.settle`. */
  settle(word: CopiesWord | undefined): void {
    this.#copies.settle(word);
    this.#bear();
    if (this.#deaths.hasWork) this.#kill();
  }

  #bear(): void {
    if (this.#waiting.size === 0 || this.#asked.size > 0) return;
    const births: Birth[] = [];
    for (const [group, waiting] of this.#waiting) {
      if (births.length === this.#options.limits.managerSliceGroups) break;
      this.#waiting.delete(group);
      this.#asked.set(group, waiting);
      births.push(waiting.birth);
    }
    this.#writer({ kind: 'log-birth', replyTo: this.#context.self, births });
  }

  /** Their actors end now: what they have promised until then is all that they ever will. */
  #kill(): void {
    const groups = this.#deaths.next(this.#lowestUnborn);
    if (groups.length === 0) return;
    for (const group of groups) {
      if (!this.#born.delete(group)) continue;
      this.#context.stop(refTo(this.#context.self.node, partitionActorId(group)));
      this.#options.givenUp.delete(group);
    }
    this.#writer({ kind: 'log-death', replyTo: this.#context.self, groups });
  }

  /** Of the groups that are still to be born; they are in the order of their numbers. */
  get #lowestUnborn(): number {
    const [asked] = this.#asked.keys();
    const [waiting] = this.#waiting.keys();
    return Math.min(asked ?? Infinity, waiting ?? Infinity);
  }

  journaled(groups: readonly GroupId[]): void {
    for (const group of groups) {
      const asked = this.#asked.get(group);
      if (asked === undefined) continue;
      this.#asked.delete(group);
      this.#born.add(group);
      if (this.#deaths.has(group)) continue;
      if (asked.birth.storage === 'memory') {
        if (asked.preferred) this.#preferred.add(group);
        this.#copies.born(group);
      } else {
        const { members, preferred } = asked;
        this.#start(group, { members, preferred, generation: undefined, again: false });
      }
    }
  }

  died(groups: readonly GroupId[]): void {
    this.#deaths.died(groups);
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

  /** The replica is to end, and its data to be deleted. One that died before is deleted again: a crash may have left some of it. */
  #bury(group: GroupId): void {
    this.#placements.delete(group);
    this.#lost.delete(group);
    this.#copies.gone(group);
    this.#preferred.delete(group);
    this.#starts.delete(group);
    const wasToCome = this.#waiting.delete(group);
    if (wasToCome || this.#asked.has(group) || this.#born.has(group)) this.#deaths.add(group);
    else if (group <= this.#options.diedUpTo()) this.#deaths.addRemains(group);
  }

  #writer(message: LogWriterMessage): void {
    const writer = refTo<LogWriterMessage>(this.#context.self.node, logWriterActorId);
    this.#context.send(writer, message, 'control');
  }

  #placed(placement: PartitionPlacement, topic: Topic, preferred: boolean): void {
    const { group } = placement;
    if (topic.storage === 'memory') this.#copies.placed(group);
    if (this.#isHere(group) || this.#deaths.has(group) || group <= this.#options.diedUpTo()) return;
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
