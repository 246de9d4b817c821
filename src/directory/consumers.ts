/**
 * Consumers (SEMANTICS S8, S10): who may read which topic under which id, and the session numbers of those that are pushed to.
 *
 * Two kinds of id share one table. A drawn id (32 hexadecimal characters, what HTTP gives) belongs to one topic for good; a name that
 * its user has chosen belongs to its topic, and another topic may have a consumer of the same name. HTTP takes only from what was
 * registered, so it is told apart what was, and what only looks drawn.
 *
 * Who uses one is noted by the hour (see `use-hour`), so that what nobody uses can be found and forgotten.
 *
 * A session that outlives its topic must not pass for one of the namesake's: numbers given there lie above all that were forgotten.
 */
import type { Applied, ConsumerRef, DirectoryCommand, DirectoryResult } from './contract.ts';
import * as errors from './errors.ts';
import { isConsumerName, isId } from './names.ts';

type Opening = Extract<DirectoryCommand, { readonly kind: 'open-consumer' | 'open-session' }>;

interface Consumer {
  readonly id: string;
  readonly topic: string;
  /** Its sessions begin here: lower ones are those of a namesake that is gone. */
  readonly since: number;
  /** The newest session number that was given; 0: none. */
  session: number;
  /** By HTTP. */
  registered: boolean;
  /** Who was given `session`. */
  opener: string | undefined;
  /** The hour in which it was last seen to be in use. */
  used: number;
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
  register(id: string, topic: string, partitions: number, hour: number): Applied {
    if (!isId(id)) return no(errors.badId(id));
    const consumer = this.#admit(id, topic, 1);
    if ('ok' in consumer) return no(consumer);
    const { entry } = consumer;
    entry.used = hour;
    if (entry.registered) return { result: { ok: true, partitions }, events: [] };
    entry.registered = true;
    return { result: { ok: true, partitions }, events: [consumerEvent(entry)] };
  }

  /**
   * Registers the consumer if it is new, and gives it the next session number, strictly above all before; who has the newest one is given
   * it again.
   */
  open(opening: Opening, partitions: number, hour: number): Applied {
    const { id, topic } = opening;
    const opener = opening.kind === 'open-session' ? opening.opener : undefined;
    const { nameBytes } = this.#bounds;
    if (opener !== undefined && !isId(opener)) return no(errors.badOpener(opener));
    if (!isConsumerName(id, nameBytes)) return no(errors.badConsumerName(id, nameBytes));
    const consumer = this.#admit(id, topic, this.#forgotten + 1);
    if ('ok' in consumer) return no(consumer);
    const { entry } = consumer;
    entry.used = hour;
    if (opener !== undefined && opener === entry.opener) {
      return { result: { ok: true, partitions, session: entry.session }, events: [] };
    }
    entry.session = (entry.session === 0 ? this.#forgotten : entry.session) + 1;
    entry.opener = opener;
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

  /** The hour of its last use; undefined: there is no such consumer. */
  lastUse({ id, topic }: ConsumerRef): number | undefined {
    return this.#of(id, topic)?.used;
  }

  use({ id, topic }: ConsumerRef, hour: number): void {
    const known = this.#of(id, topic);
    if (known !== undefined) known.used = hour;
  }

  /** At most `most` that were last used in `hour` or before. */
  unused(hour: number, most: number): readonly ConsumerRef[] {
    const found: ConsumerRef[] = [];
    for (const { id, topic, used } of this.#consumers.values()) {
      if (found.length >= most) break;
      if (used <= hour) found.push({ id, topic });
    }
    return found;
  }

  /**
   * False: there is none. All that its cursors may still admit, the number after its newest session where one was fenced by a take over HTTP,
   * stays below what a namesake is given.
   */
  remove({ id, topic }: ConsumerRef): boolean {
    const known = this.#of(id, topic);
    if (known === undefined) return false;
    this.#consumers.delete(consumerKey(id, topic));
    this.#forgotten = Math.max(this.#forgotten, known.session + 1);
    return true;
  }

  /** See above: part of the state, though no event shows it. */
  get forgotten(): number {
    return this.#forgotten;
  }

  #of(id: string, topic: string): Consumer | undefined {
    const known = this.#consumers.get(consumerKey(id, topic));
    return known?.topic === topic ? known : undefined;
  }

  /** `since`: of a new one. A drawn id had no namesake, and its cursors may be those of takes, which have no session. */
  #admit(id: string, topic: string, since: number): { readonly entry: Consumer } | DirectoryResult {
    const key = consumerKey(id, topic);
    const known = this.#consumers.get(key);
    if (known !== undefined) {
      return known.topic === topic ? { entry: known } : errors.idInUse(id, known.topic);
    }
    const { most } = this.#bounds;
    if (this.#consumers.size >= most) return errors.limitReached('consumers', most);
    const entry: Consumer = {
      id,
      topic,
      since,
      session: 0,
      registered: false,
      opener: undefined,
      used: 0,
    };
    this.#consumers.set(key, entry);
    return { entry };
  }
}

export function consumerEvent(consumer: Consumer): Applied['events'][number] {
  const { id, topic, session, registered, opener, since } = consumer;
  return {
    kind: 'consumer',
    id,
    topic,
    session,
    ...(isId(id) && !registered && { byName: true }),
    ...(opener !== undefined && { opener }),
    ...(since > 1 && { since }),
  };
}
