/** The clients of one run: who makes topics, who writes, who reads; and what they share. */
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { World } from '../world.ts';
import { Clients } from './clients.ts';
import { DirectProducer } from './direct-producer.ts';
import { FetchReader } from './fetch-reader.ts';
import { FleetingTopic, fleetingPrefix } from './fleeting-topic.ts';
import { HttpConsumer } from './http-consumer.ts';
import { HttpProducer } from './http-producer.ts';
import { PushConsumer } from './push-consumer.ts';
import { TopicMaker } from './topic-maker.ts';

/** A topic that was seen ready, with its groups by partition as they were then: in memory, others may have taken their places (`now`). */
export interface KnownTopic {
  readonly name: string;
  readonly groups: readonly number[];
}

export interface OpCounts {
  acked: number;
  unknown: number;
  failed: number;
}

export class Workload {
  readonly world: World;
  readonly clients: Clients;
  readonly counts: OpCounts = { acked: 0, unknown: 0, failed: 0 };
  /** No new operations are begun. */
  stopped = false;
  readonly pushed: Set<PushConsumer> = new Set();
  readonly consumers: Set<HttpConsumer> = new Set();
  /** Numbered records that are being sent until they are known to be stored. */
  insisting = 0;
  readonly #random: SimRandom;
  readonly #topics = new Map<string, KnownTopic>();
  #idleUntil = 0;
  #lastRecord = 0;
  #lastConnection = 0;

  constructor(world: World) {
    this.world = world;
    this.clients = new Clients(world);
    this.clients.onProcessEnded = (node) => {
      for (const consumer of this.pushed) consumer.processEnded(node.name);
    };
    this.#random = world.random.fork('workload');
  }

  start(): void {
    const { topics, fleeting } = this.world.settings.workload;
    const maker = new TopicMaker(this, this.fork('topics'));
    maker.start(topics, (topic) => this.#people(topic));
    for (let at = 0; at < fleeting; at += 1) {
      const name = `${fleetingPrefix}${at}`;
      new FleetingTopic(this, this.fork(name), name).start();
    }
    this.#beat();
  }

  fork(name: string): SimRandom {
    return this.#random.fork(name);
  }

  /** Numbers the connections of the whole run. */
  nextConnection(): number {
    this.#lastConnection += 1;
    return this.#lastConnection;
  }

  nextRecord(): number {
    this.#lastRecord += 1;
    return this.#lastRecord;
  }

  /** Calls `step` after a pause around `meanMs`, not in idle windows, and not any more once stopped. */
  later(random: SimRandom, meanMs: number, step: () => void): void {
    this.world.after(meanMs * (0.5 + random.next()), () => {
      if (this.stopped) return;
      const idleMs = (this.#idleUntil - this.world.nowMicros) / 1_000;
      if (idleMs > 0) {
        this.world.after(idleMs + meanMs * random.next(), () => (this.stopped ? undefined : step()));
      } else step();
    });
  }

  /** The groups of these partitions as they are now. */
  now(groups: readonly number[]): readonly number[] {
    return groups.map((group) => this.world.checks.generations.now(group));
  }

  anyNode(random: SimRandom): SimNode {
    return random.pick(this.world.nodes);
  }

  /** What some node's directory says of a ready topic. */
  topic(name: string): KnownTopic | undefined {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    for (const { door } of this.world.nodes) {
      const found = door?.topics.get(name);
      if (found === undefined) continue;
      const topic = { name, groups: found.partitions.map((partition) => partition.group as number) };
      this.#topics.set(name, topic);
      return topic;
    }
    return undefined;
  }

  /** Without the fleeting ones. */
  topics(): readonly KnownTopic[] {
    for (const { door } of this.world.nodes) {
      for (const name of door?.topics.keys() ?? []) if (!name.startsWith(fleetingPrefix)) this.topic(name);
    }
    return [...this.#topics.values()];
  }

  /** Once a second. */
  #beat(): void {
    const { workload } = this.world.settings;
    this.clients.sweep();
    this.world.checks.answers.sweep(this.world.nowMicros);
    if (workload.idle && this.#idleUntil < this.world.nowMicros && this.#random.chance(0.01)) {
      this.#idleUntil = this.world.nowMicros + this.#random.between(5_000_000, 40_000_000);
    }
    this.world.after(1_000, () => this.#beat());
  }

  /** Instances of one durable consumer, and readers without a name. */
  #pushed(topic: KnownTopic): void {
    const { pushed, pushReaders } = this.world.settings.workload;
    const seeks = this.fork(`${topic.name}-seeks`).chance(0.3);
    const make = (name: string, at: number): void => {
      new PushConsumer(this, topic, {
        random: this.fork(`${topic.name}-push-${name}-${at}`),
        name,
        seeks,
      }).start();
    };
    for (let at = 0; at < pushed; at += 1) make('pushed', at);
    for (let at = 0; at < pushReaders; at += 1) make('', at);
  }

  #people(topic: KnownTopic): void {
    const { httpProducers, directProducers, consumers } = this.world.settings.workload;
    const each = (
      count: number,
      make: (random: SimRandom, name: string) => { start(): void },
      what: string,
    ): void => {
      for (let at = 0; at < count; at += 1) {
        const name = `${topic.name}-${what}-${at}`;
        make(this.fork(name), name).start();
      }
    };
    each(httpProducers, (random, name) => new HttpProducer(this, topic, random, name), 'http');
    each(directProducers, (random, name) => new DirectProducer(this, topic, random, name), 'direct');
    each(consumers, (random) => new HttpConsumer(this, topic, random), 'consumer');
    each(1, (random) => new FetchReader(this, topic, random), 'fetch');
    this.#pushed(topic);
  }
}
