/**
 * Producers that registered with a topic, and the epoch under which each one's numbered records are stored. It is the topic's at the
 * time of the registration, which rises as partitions forget producers: an id that is younger than all that were forgotten has a higher one.
 */
import type { Applied, DirectoryEvent, DirectoryResult } from './contract.ts';
import { idInUse, limitReached } from './errors.ts';

interface Registered {
  readonly topic: string;
  readonly epoch: number;
}

function refused(result: DirectoryResult): Applied {
  return { result, events: [] };
}

export class ProducerIds {
  readonly #most: number;
  readonly #ids = new Map<string, Registered>();
  /** By topic; of those not here it is 0. */
  readonly #epochs = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Of those that register with the topic from here on. */
  epochOf(topic: string): number {
    return this.#epochs.get(topic) ?? 0;
  }

  /** `partitions`: the topic's. */
  register(id: string, topic: string, partitions: number): Applied {
    const known = this.#ids.get(id);
    if (known !== undefined && known.topic !== topic) return refused(idInUse(id, known.topic));
    if (known !== undefined) return { result: { ok: true, partitions }, events: [] };
    if (this.#ids.size >= this.#most) return refused(limitReached('producers', this.#most));
    const registered = { topic, epoch: this.epochOf(topic) };
    this.#ids.set(id, registered);
    return { result: { ok: true, partitions }, events: [this.#event(id, registered)] };
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
