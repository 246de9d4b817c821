/**
 * Who uses which producer and consumer, by hours that a primary has counted (`use-hour`), so that what nobody uses can be forgotten. What is
 * in use is noted coarsely and seldom: the answer to "unused for days" need not be sharper than hours.
 */
import type { ConsumerTable } from './consumers.ts';
import type { Applied, DirectoryCommand, DirectoryEvent, ForgetUnused, IdsUsed } from './contract.ts';
import * as errors from './errors.ts';
import type { ProducerIds } from './producers.ts';

type UseCommand = Extract<
  DirectoryCommand,
  { readonly kind: 'use-hour' | 'ids-used' | 'forget-unused' | 'remove-consumer' | 'remove-producer' }
>;

type Ids = Pick<IdsUsed, 'producers' | 'consumers'>;

function done(events: readonly DirectoryEvent[] = []): Applied {
  return { result: { ok: true, partitions: 0 }, events };
}

export class Uses {
  readonly #producers: ProducerIds;
  readonly #consumers: ConsumerTable;
  #hour = 0;

  constructor(producers: ProducerIds, consumers: ConsumerTable) {
    this.#producers = producers;
    this.#consumers = consumers;
  }

  /** How many were counted. */
  get hour(): number {
    return this.#hour;
  }

  run(command: UseCommand): Applied {
    switch (command.kind) {
      case 'use-hour':
        this.#hour += 1;
        return done();
      case 'ids-used':
        for (const id of command.producers) this.#producers.use(id, this.#hour);
        for (const consumer of command.consumers) this.#consumers.use(consumer, this.#hour);
        return done();
      case 'forget-unused':
        return this.#forget(command);
      case 'remove-consumer': {
        const { id, topic } = command;
        if (!this.#consumers.remove(command)) return { result: errors.noConsumer(id, topic), events: [] };
        return done([{ kind: 'consumer-gone', id, topic }]);
      }
      case 'remove-producer': {
        const { id, topic } = command;
        if (this.#producers.topicOf(id) !== topic) {
          return { result: errors.noProducer(id, topic), events: [] };
        }
        this.#producers.remove(id);
        return done([{ kind: 'producer-gone', id, topic }]);
      }
    }
  }

  /** Producers and consumers, at most `most` of each, that nobody was seen to use for this many hours. */
  unused(hours: number, most: number): Ids {
    const since = this.#hour - hours;
    return {
      producers: this.#producers.unused(since, most),
      consumers: this.#consumers.unused(since, most),
    };
  }

  /** Of these, those whose use was last noted at least `hours` ago. */
  notLatelyUsed({ producers, consumers }: Ids, hours: number): Ids {
    return {
      producers: producers.filter((id) => this.#isOld(this.#producers.lastUse(id), hours)),
      consumers: consumers.filter((consumer) => this.#isOld(this.#consumers.lastUse(consumer), hours)),
    };
  }

  /** Who was used since the question was put is passed over. */
  #forget({ hours, producers, consumers }: ForgetUnused): Applied {
    const events: DirectoryEvent[] = [];
    for (const id of producers) {
      const topic = this.#producers.topicOf(id);
      if (topic === undefined || !this.#isOld(this.#producers.lastUse(id), hours)) continue;
      this.#producers.remove(id);
      events.push({ kind: 'producer-gone', id, topic });
    }
    for (const consumer of consumers) {
      if (!this.#isOld(this.#consumers.lastUse(consumer), hours)) continue;
      this.#consumers.remove(consumer);
      events.push({ kind: 'consumer-gone', id: consumer.id, topic: consumer.topic });
    }
    return done(events);
  }

  #isOld(used: number | undefined, hours: number): boolean {
    return used !== undefined && used + hours <= this.#hour;
  }
}
