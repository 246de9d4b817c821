/**
 * Consumers (SEMANTICS S8, S10): who may read which topic under which id, and the session numbers of those that are pushed to.
 *
 * Two kinds of id share one table. A drawn id (32 hexadecimal characters, what HTTP gives) belongs to one topic for good; a name that
 * its user has chosen belongs to its topic, and another topic may have a consumer of the same name. HTTP takes only from what was
 * registered, so it is told apart what was, and what only looks drawn.
 *
 * A session that outlives its topic must not pass for one of the namesake's: numbers given there lie above all that were forgotten.
 */
import type { Applied, DirectoryResult } from './contract.ts';
import * as errors from './errors.ts';
import { isConsumerName, isId } from './names.ts';

interface Consumer {
  readonly id: string;
  readonly topic: string;
  /** The newest session number that was given; 0: none. */
  session: number;
  /** By HTTP. */
  registered: boolean;
}

/** What a consumer is found by. No topic has a slash in its name, and no drawn id. */
export function consumerKey(id: string, topic: string): string {
  return isId(id) ? id : `${topic}/${id}`;
}

export interface ConsumerBounds {
  readonly most: number;
  readonly nameBytes: number;
}

function no(result: DirectoryResult): Applied {
  return { result, events: [] };
}

export class ConsumerTable {
  readonly #consumers = new Map<string, Consumer>();
  readonly #bounds: ConsumerBounds;
  /** The highest session number of the consumers that went with their topics. */
  #forgotten = 0;

  constructor(bounds: ConsumerBounds) {
    this.#bounds = bounds;
  }

  /** Of HTTP: only drawn ids. */
  register(id: string, topic: string, partitions: number): Applied {
    if (!isId(id)) return no(errors.badId(id));
    const consumer = this.#admit(id, topic);
    if ('ok' in consumer) return no(consumer);
    const { entry } = consumer;
    if (entry.registered) return { result: { ok: true, partitions }, events: [] };
    entry.registered = true;
    return { result: { ok: true, partitions }, events: [consumerEvent(entry)] };
  }

  /** Registers the consumer if it is new, and gives it the next session number, strictly above all before. */
  open(id: string, topic: string, partitions: number): Applied {
    const { nameBytes } = this.#bounds;
    if (!isConsumerName(id, nameBytes)) return no(errors.badConsumerName(id, nameBytes));
    const consumer = this.#admit(id, topic);
    if ('ok' in consumer) return no(consumer);
    const { entry } = consumer;
    entry.session = (entry.session === 0 ? this.#forgotten : entry.session) + 1;
    return { result: { ok: true, partitions, session: entry.session }, events: [consumerEvent(entry)] };
  }

  /** In the order of their first registration. */
  *entries(): Iterable<Readonly<Consumer>> {
    yield* this.#consumers.values();
  }

  /** The topic was removed: its names are free, and its drawn ids are nobody's. */
  forgetTopic(topic: string): void {
    for (const [key, consumer] of this.#consumers) {
      if (consumer.topic !== topic) continue;
      this.#consumers.delete(key);
      this.#forgotten = Math.max(this.#forgotten, consumer.session);
    }
  }

  /** See above: part of the state, though no event shows it. */
  get forgotten(): number {
    return this.#forgotten;
  }

  #admit(id: string, topic: string): { readonly entry: Consumer } | DirectoryResult {
    const key = consumerKey(id, topic);
    const known = this.#consumers.get(key);
    if (known !== undefined) {
      return known.topic === topic ? { entry: known } : errors.idInUse(id, known.topic);
    }
    const { most } = this.#bounds;
    if (this.#consumers.size >= most) return errors.limitReached('consumers', most);
    const entry: Consumer = { id, topic, session: 0, registered: false };
    this.#consumers.set(key, entry);
    return { entry };
  }
}

export function consumerEvent({ id, topic, session, registered }: Consumer): Applied['events'][number] {
  return { kind: 'consumer', id, topic, session, ...(isId(id) && !registered && { byName: true }) };
}
