/**
 * The directory: topics and where their replicas live, brokers, producers and consumers. Deterministic: the same entries
 * in the same order give the same results, events and state on every manager.
 */
import {
  groupId,
  partitionGenerations,
  type GroupId,
  type Limits,
  type TopicStorage,
} from '@callboard/client/protocol';
import { consumerEvent, ConsumerTable } from './consumers.ts';
import { admin, registerNode, setAlive, type BrokerTable } from './brokers.ts';
import type {
  Applied,
  Broker,
  ConsumerRef,
  CopiesLost,
  DirectoryCommand,
  DirectoryEvent,
  DirectoryNode,
  DirectoryResult,
  PartitionPlacement,
  ReplicasDied,
  Topic,
} from './contract.ts';
import { Copies, type CopiesWord } from './copies.ts';
import * as errors from './errors.ts';
import { digest } from './hash.ts';
import { isId, isTopicName } from './names.ts';
import { Loads } from './loads.ts';
import { placePartitions } from './placement.ts';
import { ProducerIds } from './producers.ts';
import { Removals, type RemovalProgress } from './removals.ts';
import { RecentTags } from './tags.ts';
import { Uses } from './uses.ts';

export type DirectoryLimits = Pick<
  Limits,
  | 'topicPartitions'
  | 'topicNameBytes'
  | 'clusterPartitions'
  | 'directoryBrokers'
  | 'directoryProducers'
  | 'directoryConsumers'
  | 'directoryTags'
>;

export interface DirectoryOptions {
  readonly limits: DirectoryLimits;
  /** Replicas of each partition. The same on every manager: it follows from the founders' list. */
  readonly replicationFactor: number;
}

function ok(partitions: number, events: readonly DirectoryEvent[] = []): Applied {
  return { result: { ok: true, partitions }, events };
}

/** Nothing changes. */
function no(result: DirectoryResult): Applied {
  return { result, events: [] };
}

/** A topic has at least one partition, and its groups are its own for ever. */
function firstGroup(topic: Topic): GroupId {
  const first = topic.partitions[0];
  if (first === undefined) throw new Error(`topic ${topic.name} has no partition`);
  return first.group;
}

export class DirectoryMachine {
  readonly #limits: DirectoryLimits;
  readonly #factor: number;
  readonly #brokers = new Map<string, Broker>();
  readonly #nodes = new Map<string, DirectoryNode>();
  /** In the order in which they became ready; those still being created may stand anywhere. */
  readonly #topics = new Map<string, Topic>();
  readonly #creating = new Set<string>();
  /** Topics that are being deleted. No other topic has the name of one. */
  readonly #removals = new Removals();
  readonly #producers: ProducerIds;
  readonly #consumers: ConsumerTable;
  readonly #uses: Uses;
  readonly #loads = new Loads();
  readonly #tags: RecentTags;
  readonly #copies = new Copies();
  /** Names of the topics of the groups in memory. */
  readonly #inMemory = new Map<GroupId, string>();
  #groups = 0;
  /** Partitions that take up room: of all topics, those being deleted included. */
  #held = 0;

  constructor(options: DirectoryOptions) {
    const { replicationFactor } = options;
    if (!Number.isSafeInteger(replicationFactor) || replicationFactor < 1 || replicationFactor % 2 === 0) {
      throw new RangeError(`a replication factor is an odd number from 1, got ${replicationFactor}`);
    }
    this.#limits = options.limits;
    this.#factor = replicationFactor;
    this.#tags = new RecentTags(options.limits.directoryTags);
    const { directoryConsumers: most, topicNameBytes: nameBytes } = options.limits;
    this.#producers = new ProducerIds(options.limits.directoryProducers);
    this.#consumers = new ConsumerTable({ most, nameBytes });
    this.#uses = new Uses(this.#producers, this.#consumers);
  }

  /** Applies one entry of the log. `tag`: see `DirectoryEntry`. */
  apply(command: DirectoryCommand, tag = ''): Applied {
    const before = this.#tags.find(tag);
    if (before !== undefined) return no(before);
    const applied = this.#run(command);
    this.#tags.remember(tag, applied.result);
    return applied;
  }

  /** What became of the change with this tag; undefined: it was not decided, or too long ago. */
  decided(tag: string): DirectoryResult | undefined {
    return this.#tags.find(tag);
  }

  /** The whole state as events. A fresh subscriber that is given these and then each change knows what others know. */
  snapshotEvents(): readonly DirectoryEvent[] {
    const events: DirectoryEvent[] = [];
    for (const broker of this.#brokers.values()) events.push({ kind: 'broker', broker });
    for (const topic of this.#removals.topics()) events.push({ kind: 'topic', topic });
    for (const topic of this.#topics.values()) events.push({ kind: 'topic', topic });
    events.push(...this.#producers.events());
    for (const consumer of this.#consumers.entries()) events.push(consumerEvent(consumer));
    return events;
  }

  /** Equal on two managers that have applied the same entries; includes what no event shows. */
  stateHash(): string {
    return digest(this.#describe());
  }

  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  topics(): Iterable<Topic> {
    return this.#topics.values();
  }

  /** Names of the topics that are being created, oldest first. */
  creating(): Iterable<string> {
    return this.#creating;
  }

  /** Topics that are being deleted, the longest removed first. */
  deleting(): Iterable<Topic> {
    return this.#removals.topics();
  }

  /** How far the removal of a topic is; undefined: no topic of this name is being deleted. */
  removal(name: string): RemovalProgress | undefined {
    return this.#removals.progress(name);
  }

  /** The group of the first partition of the topic of this name that is being deleted. */
  deletingGroup(name: string): GroupId | undefined {
    const topic = this.#removals.topic(name);
    return topic === undefined ? undefined : firstGroup(topic);
  }

  /** Whether no word of the death of this replica is needed (any more). */
  knowsDeath(group: GroupId, replica: string): boolean {
    return this.#removals.isKnown(group, replica);
  }

  /** The groups of all topics, also of those that are being created or deleted. */
  *listedGroups(): Iterable<GroupId> {
    for (const { partitions } of this.#topics.values()) for (const { group } of partitions) yield group;
    for (const { partitions } of this.#removals.topics()) for (const { group } of partitions) yield group;
  }

  broker(name: string): Broker | undefined {
    return this.#brokers.get(name);
  }

  brokers(): Iterable<Broker> {
    return this.#brokers.values();
  }

  /** What a node of this name last said of itself. */
  node(name: string): DirectoryNode | undefined {
    return this.#nodes.get(name);
  }

  /** What the node with this journal last said of its copies in memory. */
  copiesOf(replica: string): CopiesWord | undefined {
    return this.#copies.of(replica);
  }

  producerEpoch(topic: string): number {
    return this.#producers.epochOf(topic);
  }

  /** The node with this journal was seen to run on another one. */
  isJournalLost(replica: string): boolean {
    return this.#copies.isJournalLost(replica);
  }

  /** Who uses what, by the hours that were counted. */
  get uses(): Pick<Uses, 'unused' | 'notLatelyUsed'> {
    return this.#uses;
  }

  /** Whether the topic has this consumer. */
  hasConsumer(consumer: ConsumerRef): boolean {
    return this.#consumers.lastUse(consumer) !== undefined;
  }

  /** How many groups there ever were; the highest group number. */
  get groups(): number {
    return this.#groups;
  }

  #run(command: DirectoryCommand): Applied {
    switch (command.kind) {
      case 'create-topic':
        return this.#createTopic(command.name, command.partitions, 'disk');
      case 'create-memory-topic':
        return this.#createTopic(command.name, command.partitions, 'memory');
      case 'copies-lost':
        return this.#copiesLost(command);
      case 'journal-lost':
        return this.#journalLost(command.replica);
      case 'topic-ready':
        return this.#topicReady(command.name);
      case 'remove-topic':
        return this.#removeTopic(command.name, command.force === true);
      case 'replicas-died':
        return this.#replicasDied(command);
      case 'register-producer':
        return this.#registerProducer(command.id, command.topic);
      case 'raise-epoch':
        if (!this.#topics.has(command.topic)) return no(errors.topicNotFound(command.topic));
        this.#producers.raise(command.topic, command.epoch);
        return ok(0);
      case 'register-consumer':
      case 'open-consumer':
      case 'open-session':
        return this.#consumer(command);
      case 'use-hour':
      case 'ids-used':
      case 'forget-unused':
      case 'remove-consumer':
      case 'remove-producer':
        return this.#uses.run(command);
      case 'register-node':
        return registerNode(this.#brokerTable(), command);
      case 'set-alive':
        return setAlive(this.#brokerTable(), command.broker, command.alive);
      case 'admin':
        return admin(this.#brokerTable(), command.action, command.broker);
    }
  }

  #brokerTable(): BrokerTable {
    return {
      brokers: this.#brokers,
      nodes: this.#nodes,
      mostBrokers: this.#limits.directoryBrokers,
      nameBytes: this.#limits.topicNameBytes,
    };
  }

  #createTopic(name: string, partitions: number, storage: TopicStorage): Applied {
    const { topicNameBytes, topicPartitions, clusterPartitions } = this.#limits;
    if (!isTopicName(name, topicNameBytes)) return no(errors.badTopicName(name, topicNameBytes));
    if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > topicPartitions) {
      return no(errors.badPartitions(partitions, topicPartitions));
    }
    if (this.#topics.has(name)) return no(errors.topicExists(name));
    const removal = this.#removals.progress(name);
    if (removal !== undefined) return no(errors.topicDeleting(name, removal));
    if (this.#held + partitions > clusterPartitions) {
      return no(errors.limitReached('partitions', clusterPartitions));
    }
    const placed = placePartitions(this.#loads.candidates(this.#brokers.values()), partitions, this.#factor);
    if (placed === undefined) return no(errors.notEnoughBrokers());
    const placements = placed.map((replicas): PartitionPlacement => {
      this.#groups += 1;
      replicas.forEach((replica, rank) => this.#loads.add(replica.node, rank === 0, 1));
      return { group: groupId(this.#groups), replicas };
    });
    this.#held += partitions;
    if (storage === 'memory') for (const { group } of placements) this.#inMemory.set(group, name);
    const stored = storage === 'memory' ? { storage } : {};
    const topic: Topic = { name, state: 'creating', ...stored, partitions: placements };
    this.#topics.set(name, topic);
    this.#creating.add(name);
    return ok(partitions, [{ kind: 'topic', topic }]);
  }

  #topicReady(name: string): Applied {
    const topic = this.#topics.get(name);
    if (topic === undefined) return no(errors.topicNotFound(name));
    if (topic.state === 'ready') return ok(topic.partitions.length);
    const ready: Topic = { ...topic, state: 'ready' };
    // Moved to the end, so that a list made from the state and one made from events agree in their order.
    this.#topics.delete(name);
    this.#topics.set(name, ready);
    this.#creating.delete(name);
    return ok(ready.partitions.length, [{ kind: 'topic', topic: ready }]);
  }

  #copiesLost(command: CopiesLost): Applied {
    if (!isId(command.replica)) return no(errors.badId(command.replica));
    if (!this.#copies.hear(command)) return ok(0);
    const names = new Set(command.groups.map((group) => this.#inMemory.get(group)));
    const events = [...names].flatMap((name) => (name === undefined ? [] : this.#beginAnew(name)));
    return ok(0, events);
  }

  #journalLost(replica: string): Applied {
    if (!isId(replica)) return no(errors.badId(replica));
    if (!this.#copies.loseJournal(replica)) return ok(0);
    const names = new Set(this.#inMemory.values());
    return ok(
      0,
      [...names].flatMap((name) => this.#beginAnew(name)),
    );
  }

  /** Gives each partition of the topic that has lost its copies a new group on the same nodes. */
  #beginAnew(name: string): readonly DirectoryEvent[] {
    const topic = this.#topics.get(name);
    const isLost = (placement: PartitionPlacement): boolean =>
      this.#copies.isLost(placement) && (placement.generation ?? 0) + 1 < partitionGenerations;
    if (topic === undefined || !topic.partitions.some(isLost)) return [];
    const partitions = topic.partitions.map((placement): PartitionPlacement => {
      if (!isLost(placement)) return placement;
      this.#inMemory.delete(placement.group);
      this.#groups += 1;
      const group = groupId(this.#groups);
      this.#inMemory.set(group, name);
      return { group, generation: (placement.generation ?? 0) + 1, replicas: placement.replicas };
    });
    const anew: Topic = { ...topic, created: topic.created ?? firstGroup(topic), partitions };
    this.#topics.set(name, anew);
    return [{ kind: 'topic', topic: anew }];
  }

  /**
   * Its producers and consumers go with it; the replicas are deleted by whoever hears the event. A topic that is still being created is
   * removed alike: it may wait for brokers that never come back.
   */
  #removeTopic(name: string, force: boolean): Applied {
    const removal = this.#removals.progress(name);
    if (removal !== undefined) return this.#join(name, removal, force);
    const topic = this.#topics.get(name);
    if (topic === undefined) return no(errors.topicNotFound(name));
    const deleting: Topic = { ...topic, state: 'deleting' };
    this.#topics.delete(name);
    this.#creating.delete(name);
    this.#removals.begin(deleting);
    for (const { group, replicas } of topic.partitions) {
      this.#inMemory.delete(group);
      replicas.forEach((replica, rank) => this.#loads.add(replica.node, rank === 0, -1));
    }
    this.#producers.forgetTopic(name);
    this.#consumers.forgetTopic(name);
    return ok(topic.partitions.length, [{ kind: 'topic', topic: deleting }]);
  }

  /** A removal under way is asked for again. Forced, it ends at once, or is refused for the sake of a broker that may come back. */
  #join(name: string, { partitions, waitsFor }: RemovalProgress, force: boolean): Applied {
    if (!force) return ok(partitions);
    const missing = waitsFor.filter((node) => this.#brokers.get(node)?.leaving === false);
    if (missing.length > 0) return no(errors.brokersNotRemoved(name, missing));
    const topic = this.#removals.topic(name);
    const isGone = this.#removals.giveUp(name, new Set(waitsFor));
    if (topic === undefined || !isGone) throw new Error(`the removal of topic ${name} waits for nobody`);
    return ok(partitions, this.#gone([topic]));
  }

  #replicasDied({ replica, groups }: ReplicasDied): Applied {
    if (!isId(replica)) return no(errors.badId(replica));
    return ok(0, this.#gone(this.#removals.died(replica, groups)));
  }

  #gone(topics: readonly Topic[]): readonly DirectoryEvent[] {
    for (const { partitions } of topics) this.#held -= partitions.length;
    return topics.map((topic) => ({ kind: 'topic-gone', topic }));
  }

  #registerProducer(id: string, name: string): Applied {
    if (!isId(id)) return no(errors.badId(id));
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.state === 'creating') return no(errors.topicNotFound(name));
    return this.#producers.register(id, name, topic.partitions.length, this.#uses.hour);
  }

  #consumer(
    command: Extract<DirectoryCommand, { kind: 'register-consumer' | 'open-consumer' | 'open-session' }>,
  ): Applied {
    const { id, topic: name } = command;
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.state === 'creating') return no(errors.topicNotFound(name));
    const { length } = topic.partitions;
    return command.kind === 'register-consumer'
      ? this.#consumers.register(id, name, length, this.#uses.hour)
      : this.#consumers.open(command, length, this.#uses.hour);
  }

  *#describe(): Iterable<string> {
    yield JSON.stringify(['groups', this.#groups, this.#held, this.#factor, this.#uses.hour]);
    for (const broker of this.#brokers.values()) {
      const { name, replica, url, deactivated, alive, leaving } = broker;
      yield JSON.stringify(['broker', name, replica, url, deactivated, alive, leaving]);
    }
    for (const { name, replica, url } of this.#nodes.values()) {
      yield JSON.stringify(['node', name, replica, url]);
    }
    for (const { name, state, storage, created, partitions } of this.#topics.values()) {
      const places = partitions.map((one) => [one.group, one.generation, one.replicas]);
      yield JSON.stringify(['topic', name, state, storage, created, places]);
    }
    yield* this.#copies.describe();
    yield* this.#removals.describe();
    for (const name of this.#creating) yield JSON.stringify(['creating', name]);
    yield* this.#producers.describe();
    yield JSON.stringify(['sessions', this.#consumers.forgotten]);
    for (const { id, topic, since, session, registered, opener, used } of this.#consumers.entries()) {
      yield JSON.stringify(['consumer', id, topic, since, session, registered, opener, used]);
    }
    yield* this.#loads.describe();
    for (const [tag, result] of this.#tags.entries()) yield JSON.stringify(['tag', tag, result]);
  }
}
