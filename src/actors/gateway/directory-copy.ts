/**
 * This gateway's copy of the directory, fed by the local manager's events. What it lacks may exist already: a negative answer
 * needs a barrier first (S13). What it has may have been removed only where this node was too late to be waited for.
 */
import type { GroupId } from '@callboard/client/protocol';
import { consumerKey } from '../../directory/index.ts';
import { isId } from '../../directory/names.ts';
import type { Broker, DirectoryEvent, PartitionPlacement, Topic } from '../../directory/index.ts';
import type { DirectoryEvents } from '../manager/messages.ts';

/** Rises from one topic to the next in the order of their creation, and stays. */
export function createdAs({ created, partitions }: Topic): number {
  return created ?? partitions[0]?.group ?? 0;
}

export class DirectoryCopy {
  readonly #topics = new Map<string, Topic>();
  /** For those who ask what is there; nobody else knows them any more. */
  readonly #deleting = new Map<string, Topic>();
  readonly #placements = new Map<GroupId, PartitionPlacement>();
  readonly #producers = new Map<string, { readonly topic: string; readonly epoch: number }>();
  /** By `consumerKey`. */
  readonly #consumers = new Map<
    string,
    {
      readonly topic: string;
      readonly session: number;
      readonly registered: boolean;
      readonly opener: string | undefined;
      readonly since: number;
    }
  >();
  /** Ids by topic. */
  readonly #consumersOf = new Map<string, Set<string>>();
  readonly #brokers = new Map<string, Broker>();

  /**
   * Answers the topics that were removed. A manager that tells its whole state may have restarted and know little yet: what it does not
   * name is forgotten, but not known to be removed.
   */
  apply({ events, whole }: Pick<DirectoryEvents, 'events' | 'whole'>): readonly Topic[] {
    if (whole === true) this.#forget();
    return events.flatMap((event) => this.#put(event) ?? []);
  }

  /** A topic that is ready; those being created or deleted are hidden. */
  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  /** In order of creation, which is the order of their group numbers, on every node and after every restart. */
  topicNames(): string[] {
    return this.topicsFrom(0).map(({ name }) => name);
  }

  /** Those that were created as `mark` or later, in that order; those too that are being deleted, if asked for. */
  topicsFrom(mark: number, deleting = false): readonly Topic[] {
    return [...this.#topics.values(), ...(deleting ? this.#deleting.values() : [])]
      .filter((topic) => createdAs(topic) >= mark)
      .toSorted((a, b) => createdAs(a) - createdAs(b));
  }

  isDeleting(name: string): boolean {
    return this.#deleting.has(name);
  }

  /** Where the partition of this group lives now. */
  placement(group: GroupId): PartitionPlacement | undefined {
    return this.#placements.get(group);
  }

  topicOfProducer(id: string): string | undefined {
    return this.#producers.get(id)?.topic;
  }

  /** Under which the records are stored that the producer numbers itself. */
  epochOfProducer(id: string): number {
    return this.#producers.get(id)?.epoch ?? 0;
  }

  /** The topic of a drawn id, whichever was asked for; of a chosen name, only the one asked for. */
  topicOfConsumer(id: string, topic: string): string | undefined {
    return this.#consumers.get(consumerKey(id, topic))?.topic;
  }

  /** Ids of the topic's consumers behind `after`, in their order. */
  consumersOf(topic: string, after: string): readonly string[] {
    return [...(this.#consumersOf.get(topic) ?? [])].filter((id) => id > after).toSorted(byUnits);
  }

  /** Over HTTP: what a client has opened by name is not open there, whatever the name looks like. */
  isRegistered(id: string, topic: string): boolean {
    return isId(id) && this.#consumers.get(consumerKey(id, topic))?.registered === true;
  }

  /** The newest session number that the consumer was given; 0: none. */
  sessionOf(id: string, topic: string): number {
    const known = this.#consumers.get(consumerKey(id, topic));
    return known?.topic === topic ? known.session : 0;
  }

  /** The lowest session number that may be its own. */
  sessionsSince(id: string, topic: string): number {
    return this.#consumers.get(consumerKey(id, topic))?.since ?? 1;
  }

  /** The number that this opener was given, if no other has been given since as far as is known here. */
  sessionOfOpener(id: string, topic: string, opener: string | undefined): number | undefined {
    const known = this.#consumers.get(consumerKey(id, topic));
    const isTheirs = opener !== undefined && known?.topic === topic && known.opener === opener;
    return isTheirs ? known.session : undefined;
  }

  /** Some replica is on a broker that is neither dead nor deactivated; one that is leaving serves on. */
  hasActiveBroker(placement: PartitionPlacement): boolean {
    return placement.replicas.some(({ node }) => {
      const broker = this.#brokers.get(node);
      return broker !== undefined && broker.alive && !broker.deactivated;
    });
  }

  /** Where clients reach a node, `http://host:port`. */
  urlOf(node: string): string | undefined {
    return this.#brokers.get(node)?.url;
  }

  /** An admin has removed the broker. One that was never added is not known to be. */
  isRemoved(node: string): boolean {
    return this.#brokers.get(node)?.leaving === true;
  }

  inspect(): Record<string, number> {
    return { topics: this.#topics.size, producers: this.#producers.size, consumers: this.#consumers.size };
  }

  /** What the event removed. */
  #put(event: DirectoryEvent): Topic | undefined {
    switch (event.kind) {
      case 'topic':
        return this.#putTopic(event.topic);
      case 'topic-gone':
        // For all others it was forgotten when its removal began.
        if (this.#deleting.get(event.topic.name)?.partitions[0]?.group === event.topic.partitions[0]?.group) {
          this.#deleting.delete(event.topic.name);
        }
        return undefined;
      case 'producer':
        this.#producers.set(event.id, { topic: event.topic, epoch: event.epoch ?? 0 });
        return undefined;
      case 'consumer':
        this.#putConsumer(event);
        return undefined;
      case 'producer-gone':
        this.#producers.delete(event.id);
        return undefined;
      case 'consumer-gone':
        this.#consumers.delete(consumerKey(event.id, event.topic));
        this.#consumersOf.get(event.topic)?.delete(event.id);
        return undefined;
      case 'broker':
        this.#brokers.set(event.broker.name, event.broker);
        return undefined;
      case 'broker-gone':
        this.#brokers.delete(event.broker);
        return undefined;
    }
  }

  #putConsumer({
    id,
    topic,
    session,
    byName,
    opener,
    since = 1,
  }: Extract<DirectoryEvent, { kind: 'consumer' }>): void {
    const key = consumerKey(id, topic);
    // A manager that restarted tells its state from the beginning; a number that was given stays given, and so does the registration.
    const known = this.#consumers.get(key);
    const registered = known?.registered === true || byName === undefined;
    const ids = this.#consumersOf.get(topic) ?? new Set<string>();
    this.#consumersOf.set(topic, ids.add(id));
    const isNewest = session >= (known?.session ?? 0);
    this.#consumers.set(key, {
      topic,
      session: isNewest ? session : (known?.session ?? 0),
      registered,
      opener: isNewest ? opener : known?.opener,
      since: Math.max(since, known?.since ?? 1),
    });
  }

  #putTopic(topic: Topic): Topic | undefined {
    if (topic.state === 'deleting') {
      this.#deleting.set(topic.name, topic);
      return this.#remove(topic);
    }
    // The name is free again.
    this.#deleting.delete(topic.name);
    if (topic.state === 'creating') return undefined;
    // A partition that was begun anew has another group; whoever still asks the one before finds it nowhere.
    for (const { group } of this.#topics.get(topic.name)?.partitions ?? []) this.#placements.delete(group);
    this.#topics.set(topic.name, topic);
    for (const placement of topic.partitions) this.#placements.set(placement.group, placement);
    return undefined;
  }

  /** A namesake stays. */
  #remove(topic: Topic): Topic {
    for (const { group } of topic.partitions) this.#placements.delete(group);
    if (this.#topics.get(topic.name)?.partitions[0]?.group !== topic.partitions[0]?.group) return topic;
    this.#topics.delete(topic.name);
    this.#consumersOf.delete(topic.name);
    for (const [id, owner] of this.#producers) if (owner.topic === topic.name) this.#producers.delete(id);
    for (const [key, consumer] of this.#consumers) {
      if (consumer.topic === topic.name) this.#consumers.delete(key);
    }
    return topic;
  }

  #forget(): void {
    const topics = [this.#topics, this.#deleting, this.#placements];
    const others = [this.#producers, this.#consumers, this.#consumersOf];
    for (const table of [...topics, ...others]) table.clear();
  }
}

/** The same on every node, whatever its language. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
