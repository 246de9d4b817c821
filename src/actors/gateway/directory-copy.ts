/**
 * This gateway's copy of the directory, fed by the local manager's events. What it has is true for good (topics, producers and
 * consumers are never removed), what it lacks may exist already: a negative answer needs a barrier first (S13).
 */
import { consumerKey } from '../../directory/index.ts';
import type { Broker, DirectoryEvent, PartitionPlacement, Topic } from '../../directory/index.ts';

export class DirectoryCopy {
  readonly #topics = new Map<string, Topic>();
  readonly #producers = new Map<string, string>();
  /** By `consumerKey`. */
  readonly #consumers = new Map<string, { readonly topic: string; readonly session: number }>();
  readonly #brokers = new Map<string, Broker>();

  apply(event: DirectoryEvent): void {
    switch (event.kind) {
      case 'topic':
        return this.#putTopic(event.topic);
      case 'producer':
        this.#producers.set(event.id, event.topic);
        return;
      case 'consumer':
        this.#putConsumer(event);
        return;
      case 'broker':
        this.#brokers.set(event.broker.name, event.broker);
        return;
    }
  }

  /** A topic that is ready; those being created are hidden. */
  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  /** In order of creation, which is the order of their group numbers, on every node and after every restart. */
  topicNames(): string[] {
    const created = (topic: Topic): number => topic.partitions[0]?.group ?? 0;
    return [...this.#topics.values()].toSorted((a, b) => created(a) - created(b)).map((topic) => topic.name);
  }

  /** Where a partition lives now. */
  placement(topic: string, partition: number): PartitionPlacement | undefined {
    return this.#topics.get(topic)?.partitions[partition];
  }

  topicOfProducer(id: string): string | undefined {
    return this.#producers.get(id);
  }

  /** The topic of a drawn id, whichever was asked for; of a chosen name, only the one asked for. */
  topicOfConsumer(id: string, topic: string): string | undefined {
    return this.#consumers.get(consumerKey(id, topic))?.topic;
  }

  /** The newest session number that the consumer was given; 0: none. */
  sessionOf(id: string, topic: string): number {
    const known = this.#consumers.get(consumerKey(id, topic));
    return known?.topic === topic ? known.session : 0;
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

  inspect(): Record<string, number> {
    return { topics: this.#topics.size, producers: this.#producers.size, consumers: this.#consumers.size };
  }

  #putConsumer({ id, topic, session }: Extract<DirectoryEvent, { kind: 'consumer' }>): void {
    const key = consumerKey(id, topic);
    // A manager that restarted tells its state from the beginning; a number that was given stays given.
    const known = this.#consumers.get(key)?.session ?? 0;
    this.#consumers.set(key, { topic, session: Math.max(known, session) });
  }

  #putTopic(topic: Topic): void {
    // A manager that restarted tells its state from the beginning; what was ready stays so.
    if (topic.state === 'ready') this.#topics.set(topic.name, topic);
  }
}
