/**
 * Producers that registered with a topic, and the epoch under which each one's numbered records are stored. It is the topic's at the
 * time of the registration, which rises as partitions forget producers: an id that is younger than all that were forgotten has a higher one.
 */
import type { DirectoryEvent } from './contract.ts';

interface Registered {
  readonly topic: string;
  readonly epoch: number;
}

export class ProducerIds {
  readonly #ids = new Map<string, Registered>();
  /** By topic; of those not here it is 0. */
  readonly #epochs = new Map<string, number>();

  get size(): number {
    return this.#ids.size;
  }

  topicOf(id: string): string | undefined {
    return this.#ids.get(id)?.topic;
  }

  /** Of those that register with the topic from here on. */
  epochOf(topic: string): number {
    return this.#epochs.get(topic) ?? 0;
  }

  register(id: string, topic: string): DirectoryEvent {
    this.#ids.set(id, { topic, epoch: this.epochOf(topic) });
    return this.#event(id, { topic, epoch: this.epochOf(topic) });
  }

  raise(topic: string, epoch: number): void {
    if (epoch > this.epochOf(topic)) this.#epochs.set(topic, epoch);
  }

  forgetTopic(topic: string): void {
    for (const [id, registered] of this.#ids) if (registered.topic === topic) this.#ids.delete(id);
    this.#epochs.delete(topic);
  }

  *events(): Generator<DirectoryEvent> {
    for (const [id, registered] of this.#ids) yield this.#event(id, registered);
  }

  *describe(): Generator<string> {
    for (const [id, { topic, epoch }] of this.#ids) yield JSON.stringify(['producer', id, topic, epoch]);
    for (const [topic, epoch] of this.#epochs) yield JSON.stringify(['epoch', topic, epoch]);
  }

  #event(id: string, { topic, epoch }: Registered): DirectoryEvent {
    return { kind: 'producer', id, topic, ...(epoch === 0 ? {} : { epoch }) };
  }
}
