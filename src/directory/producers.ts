/**
 * Producers that registered with a topic, and the epoch under which each one's numbered records are stored. It is the topic's at the
 * time of the registration, which rises as partitions forget producers: an id that is younger than all that were forgotten has a higher one.
 */
import type { Applied, DirectoryEvent, DirectoryResult } from './contract.ts';
import { idInUse, limitReached } from './errors.ts';

interface Registered {
  readonly topic: string;
  readonly epoch: number;
  /** The hour in which it was last seen to be in use. */
  readonly used: number;
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
  register(id: string, topic: string, partitions: number, hour: number): Applied {
    const known = this.#ids.get(id);
    if (known !== undefined && known.topic !== topic) return refused(idInUse(id, known.topic));
    if (known !== undefined) {
      this.use(id, hour);
      return { result: { ok: true, partitions }, events: [] };
    }
    if (this.#ids.size >= this.#most) return refused(limitReached('producers', this.#most));
    const registered = { topic, epoch: this.epochOf(topic), used: hour };
    this.#ids.set(id, registered);
    return { result: { ok: true, partitions }, events: [this.#event(id, registered)] };
  }

  topicOf(id: string): string | undefined {
    return this.#ids.get(id)?.topic;
  }

  /** The hour of its last use; undefined: it is not registered. */
  lastUse(id: string): number | undefined {
    return this.#ids.get(id)?.used;
  }

  use(id: string, hour: number): void {
    const known = this.#ids.get(id);
    if (known !== undefined) this.#ids.set(id, { ...known, used: hour });
  }

  /** At most `most` that were last used in `hour` or before. */
  unused(hour: number, most: number): readonly string[] {
    const found: string[] = [];
    for (const [id, { used }] of this.#ids) {
      if (found.length >= most) break;
      if (used <= hour) found.push(id);
    }
    return found;
  }

  remove(id: string): void {
    this.#ids.delete(id);
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
    for (const [id, { topic, epoch, used }] of this.#ids) {
      yield JSON.stringify(['producer', id, topic, epoch, used]);
    }
    for (const [topic, epoch] of this.#epochs) yield JSON.stringify(['epoch', topic, epoch]);
  }

  #event(id: string, { topic, epoch }: Registered): DirectoryEvent {
    return { kind: 'producer', id, topic, ...(epoch === 0 ? {} : { epoch }) };
  }
}
