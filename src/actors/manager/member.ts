/**
 * A manager's seat in group 0: the group's driver, this node's copy of the directory, and what follows from its entries.
 */
import {
  brokerState,
  decodeEntry,
  DirectoryMachine,
  type DirectoryCommand,
  type DirectoryEvent,
} from '../../directory/index.ts';
import type { Entry } from '../../raft/index.ts';
import {
  chunkHeaderBytes,
  chunkKind,
  groupId,
  readChunkHeader,
  type GroupId,
  type Limits,
  type ReplicaId,
} from '@callboard/client/protocol';
import type { Context } from '../../kernel/index.ts';
import { GroupDriver } from '../group/driver.ts';
import type { GroupMessage } from '../group/messages.ts';
import { Balance } from './balance.ts';
import type { Founders } from './founders.ts';
import { managerActorId, type BrokerHealth } from './messages.ts';
import type { ManagerMessage } from './messages.ts';
import type { ManagerOptions } from './options.ts';
import { Primary } from './primary.ts';
import { Readiness } from './readiness.ts';
import type { Replicas } from './replicas.ts';

export interface MemberEvents {
  /** Another node leads, or none; or this one has begun to take proposals. */
  leaderChanged(): void;
}

/** Replicas of each partition: a cluster of one or two nodes cannot have a majority that outlives a node. */
function replicationFactor(founders: Founders): number {
  return founders.members.length <= 2 ? 1 : 3;
}

export class Member {
  readonly machine: DirectoryMachine;
  readonly driver: GroupDriver;
  readonly primary: Primary;
  readonly readiness: Readiness = new Readiness();
  readonly #balance: Balance;
  readonly #context: Context<ManagerMessage>;
  readonly #replicas: Replicas;
  readonly #limits: Limits;
  readonly #replica: ReplicaId;
  #events: DirectoryEvent[] = [];
  /** Whether this node's word on dead replicas is on its way. */
  #saying: () => boolean = () => false;
  /** Groups led here that are still to be asked to hand over. */
  #toHandOver: GroupId[] = [];
  /** Set when the directory deactivates this node's broker: its leaderships must go, now and when new ones come. */
  #deactivated = false;

  constructor(
    context: Context<ManagerMessage>,
    options: ManagerOptions,
    founders: Founders,
    replicas: Replicas,
    events: MemberEvents,
  ) {
    const { limits, crc32, replica, startCount } = options;
    this.#context = context;
    this.#replicas = replicas;
    this.#limits = limits;
    this.#replica = replica;
    this.#balance = new Balance(limits.balanceAfterMs, limits.balanceGroups);
    this.machine = new DirectoryMachine({ limits, replicationFactor: replicationFactor(founders) });
    this.driver = new GroupDriver({
      context,
      group: groupId(0),
      actorId: managerActorId,
      members: founders.members,
      self: replica,
      startCount,
      limits,
      crc32,
      // Every manager answers reads: it should have a change as soon as it is committed.
      lazyCommit: false,
      events: {
        apply: (entry) => this.#apply(entry),
        roleChanged: ({ role }) => {
          if (role !== 'leader') this.primary.abandon();
          events.leaderChanged();
        },
        ready: () => events.leaderChanged(),
        durable: () => undefined,
      },
    });
    const { noReserve } = options;
    const { managerPendingChanges, creatingPartitions, creationMs, callDeadlineMs } = limits;
    this.primary = new Primary(context, this.driver, crc32, {
      most: managerPendingChanges,
      noReserve,
      creations: {
        most: creatingPartitions,
        msEach: creationMs,
        longestMs: 2 * callDeadlineMs,
        isCreating: (name) => this.machine.topic(name)?.state === 'creating',
      },
      decided: (tag) => {
        const result = this.machine.decided(tag);
        return result === undefined ? undefined : { index: this.driver.applied, result };
      },
    });
  }

  handle(message: GroupMessage): void {
    this.driver.handle(message);
  }

  /** What was applied since the last call. */
  takeEvents(): readonly DirectoryEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  isActive(node: string): boolean {
    const broker = this.machine.broker(node);
    return broker !== undefined && brokerState(broker) === 'active';
  }

  /** What the checker found, where the directory says otherwise. Only the primary acts; the checker repeats itself. */
  health({ broker, alive, lost }: BrokerHealth): void {
    const known = this.machine.broker(broker);
    if (known?.replica === undefined) return;
    if (lost === known.replica && !this.machine.isJournalLost(lost)) {
      this.primary.want(`lost ${lost}`, { kind: 'journal-lost', replica: lost });
    }
    if (known.alive === alive) return;
    this.primary.want(`alive ${broker}`, { kind: 'set-alive', broker, alive });
  }

  /** Groups are known to have a leader; the primary collects. */
  partitionsReady(groups: readonly GroupId[]): void {
    if (!this.driver.isReady) return;
    for (const group of groups) this.readiness.heard(group);
    this.#wantReadyTopics();
  }

  /**
   * Has the directory told which replicas of topics that are being deleted are dead here, for as long as it does not know. One word
   * at a time: those that die meanwhile go with the next.
   */
  sayDead(want: (command: DirectoryCommand) => () => boolean): void {
    if (this.#saying()) return;
    const groups = this.#deadHere();
    if (groups.length > 0) this.#saying = want({ kind: 'replicas-died', replica: this.#replica, groups });
  }

  #deadHere(): readonly GroupId[] {
    const dead: GroupId[] = [];
    for (const { partitions } of this.machine.deleting()) {
      for (const { group, replicas } of partitions) {
        if (dead.length === this.#limits.managerWordGroups) return dead;
        const isNews = !this.machine.knowsDeath(group, this.#replica) && this.#replicas.isDead(group);
        if (isNews && replicas.some(({ replica }) => replica === this.#replica)) dead.push(group);
      }
    }
    return dead;
  }

  /** The directory has everything that was decided before it was asked: replicas here that it does not list belong to nobody. */
  confirmed(): void {
    this.#replicas.buryStragglers(new Set(this.machine.listedGroups()), this.machine.groups);
  }

  leaderReady(group: GroupId): void {
    this.readiness.ledHere(group);
    this.#balance.led(group, this.#context.now());
    if (this.#deactivated) this.#handOver([group]);
  }

  leaderLost(group: GroupId): void {
    this.#balance.left(group, this.#context.now());
  }

  /** What the primary wants by itself, and what a deactivated node repeats until it leads nothing. */
  repeat(): void {
    this.#wantReadyTopics();
    // A primary that was taken for dead: nobody else would say so, and its own checker does not probe itself.
    this.health({ kind: 'broker-health', broker: this.#context.self.node, alive: true });
    if (!this.#deactivated) this.#goHome();
    else if (this.#toHandOver.length === 0) this.#toHandOver = [...this.readiness.led()];
  }

  /** The next few leaderships leave a node that is deactivated. */
  tick(): void {
    if (!this.#deactivated || this.#toHandOver.length === 0) return;
    this.#handOver(this.#toHandOver.splice(0, this.#limits.managerSliceGroups));
  }

  #goHome(): void {
    const nowMs = this.#context.now();
    const groups = this.#balance
      .next(this.readiness.led())
      .filter((group) => this.#balance.mayGo(group, nowMs));
    const asked = this.#replicas.handHome(groups, (node) => this.#balance.isSteady(node, nowMs));
    for (const group of asked) this.#balance.asked(group, nowMs);
  }

  #wantReadyTopics(): void {
    if (!this.driver.isReady) return;
    for (const name of this.readiness.complete()) {
      this.primary.want(`ready ${name}`, { kind: 'topic-ready', name });
    }
  }

  #apply(entry: Entry): void {
    if (readChunkHeader(entry.bytes).kind !== chunkKind.command) {
      this.primary.applied(entry.index, entry.term, undefined);
      return;
    }
    const decoded = decodeEntry(entry.bytes.subarray(chunkHeaderBytes));
    if (!decoded.ok) {
      throw new Error(`entry ${entry.index} of the directory cannot be applied: ${decoded.detail}`);
    }
    const { command, tag } = decoded.entry;
    const { result, events } = this.machine.apply(command, tag);
    for (const event of events) this.#follow(event);
    this.primary.applied(entry.index, entry.term, result);
  }

  #follow(event: DirectoryEvent): void {
    this.#events.push(event);
    if (event.kind === 'topic') {
      this.readiness.topic(event.topic);
      this.#replicas.topic(event.topic);
      if (event.topic.state === 'deleting') {
        for (const { group } of event.topic.partitions) this.#balance.groupGone(group);
      }
      return;
    }
    if (event.kind === 'broker-gone') this.#balance.nodeGone(event.broker);
    if (event.kind !== 'broker') return;
    const { broker } = event;
    this.#balance.node(broker.name, brokerState(broker) === 'active', this.#context.now());
    if (broker.name !== this.#context.self.node) return;
    const { deactivated } = broker;
    const becomes = deactivated && !this.#deactivated;
    this.#deactivated = deactivated;
    if (becomes) this.#toHandOver = [...this.readiness.led()];
  }

  #handOver(groups: Iterable<GroupId>): void {
    this.#replicas.handOver(groups, (node) => this.isActive(node));
  }
}
