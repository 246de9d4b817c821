/**
 * A manager's seat in group 0: the group's driver, this node's copy of the directory, and what follows from its entries.
 */
import { brokerState, decodeEntry, DirectoryMachine, type DirectoryEvent } from '../../directory/index.ts';
import type { Entry } from '../../raft/index.ts';
import {
  chunkHeaderBytes,
  chunkKind,
  groupId,
  readChunkHeader,
  type GroupId,
} from '@callboard/client/protocol';
import { refTo, type Context } from '../../kernel/index.ts';
import { GroupDriver } from '../group/driver.ts';
import type { GroupMessage } from '../group/messages.ts';
import { Balance } from './balance.ts';
import { Burials, goneHere } from './burials.ts';
import type { Founders } from './founders.ts';
import { managerActorId, type BrokerHealth, type ManagerMessage, type PartitionGone } from './messages.ts';
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
  readonly #burials = new Burials();
  readonly #balance: Balance;
  readonly #context: Context<ManagerMessage>;
  readonly #replicas: Replicas;
  #events: DirectoryEvent[] = [];
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
        roleChanged: () => events.leaderChanged(),
        ready: () => events.leaderChanged(),
        lost: (index) => this.primary.lost(index),
        durable: () => undefined,
      },
    });
    const { noReserve } = options;
    this.primary = new Primary(context, this.driver, crc32, limits.managerPendingChanges, noReserve);
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
  health({ broker, alive }: BrokerHealth): void {
    const known = this.machine.broker(broker);
    if (known?.replica === undefined || known.alive === alive) return;
    this.primary.want(`alive ${broker}`, { kind: 'set-alive', broker, alive });
  }

  /** A group is known to have a leader; the primary collects. */
  partitionReady(group: GroupId): void {
    if (!this.driver.isReady) return;
    this.readiness.heard(group);
    this.#wantReadyTopics();
  }

  /** A node has deleted its replica of a removed topic; the primary collects. */
  partitionGone({ group, node }: PartitionGone): void {
    if (!this.driver.isReady) return;
    this.#burials.heard(group, node);
    this.#wantDeletedTopics();
  }

  /** Tells the primary of what is deleted here, for as long as the directory waits for it. */
  tellGone(): void {
    const leader = this.driver.leaderNode;
    if (leader === undefined) return;
    const { node } = this.#context.self;
    const primary = refTo<ManagerMessage>(leader, managerActorId);
    for (const group of goneHere(this.machine.deleting(), node, (one) => this.#replicas.isGone(one))) {
      this.#context.send(primary, { kind: 'partition-gone', group, node }, 'control');
    }
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
    this.#wantDeletedTopics();
    this.tellGone();
    // A primary that was taken for dead: nobody else would say so, and its own checker does not probe itself.
    this.health({ kind: 'broker-health', broker: this.#context.self.node, alive: true });
    if (this.#deactivated) this.#handOver(this.readiness.led());
    else this.#goHome();
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

  #wantDeletedTopics(): void {
    if (!this.driver.isReady) return;
    for (const { partitions } of this.#burials.complete(this.machine.deleting())) {
      const [first] = partitions;
      if (first === undefined) continue;
      this.primary.want(`deleted ${first.group}`, { kind: 'topic-deleted', group: first.group });
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
    if (becomes) this.#handOver(this.readiness.led());
  }

  #handOver(groups: Iterable<GroupId>): void {
    this.#replicas.handOver(groups, (node) => this.isActive(node));
  }
}
