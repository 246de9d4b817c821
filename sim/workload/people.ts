/** The clients of one run: who makes topics, who writes, who reads. */
import type { SimRandom } from '../ports/sim-random.ts';
import { Turns } from '../ports/turns.ts';
import { DirectProducer } from './direct-producer.ts';
import { FetchReader } from './fetch-reader.ts';
import { FleetingTopic } from './fleeting-topic.ts';
import { HttpConsumer } from './http-consumer.ts';
import { HttpProducer } from './http-producer.ts';
import { PushConsumer } from './push-consumer.ts';
import { RealClient } from './real/real-client.ts';
import { TopicMaker } from './topic-maker.ts';
import { fleetingPrefix, type KnownTopic, type Workload } from './workload.ts';

export class People {
  readonly #work: Workload;
  #turns: Turns | undefined;

  constructor(work: Workload) {
    this.#work = work;
  }

  start(): void {
    const work = this.#work;
    const { topics, fleeting } = work.world.settings.workload;
    const maker = new TopicMaker(work, work.fork('topics'));
    maker.start(topics, (topic) => this.#gather(topic));
    for (let at = 0; at < fleeting; at += 1) {
      const name = `${fleetingPrefix}${at}`;
      new FleetingTopic(work, work.fork(name), name).start();
    }
    work.beat();
  }

  /** Around a topic that is ready. */
  #gather(topic: KnownTopic): void {
    const work = this.#work;
    const { httpProducers, directProducers, consumers } = work.world.settings.workload;
    const each = (
      count: number,
      make: (random: SimRandom, name: string) => { start(): void },
      what: string,
    ): void => {
      for (let at = 0; at < count; at += 1) {
        const name = `${topic.name}-${what}-${at}`;
        make(work.fork(name), name).start();
      }
    };
    each(httpProducers, (random, name) => new HttpProducer(work, topic, random, name), 'http');
    each(directProducers, (random, name) => new DirectProducer(work, topic, random, name), 'direct');
    each(consumers, (random) => new HttpConsumer(work, topic, random), 'consumer');
    each(1, (random) => new FetchReader(work, topic, random), 'fetch');
    this.#pushed(topic);
    this.#real(topic);
  }

  /** Instances of one durable consumer, and readers without a name. */
  #pushed(topic: KnownTopic): void {
    const work = this.#work;
    const { pushed, pushReaders } = work.world.settings.workload;
    const seeks = work.fork(`${topic.name}-seeks`).chance(0.3);
    const make = (name: string, at: number): void => {
      new PushConsumer(work, topic, {
        random: work.fork(`${topic.name}-push-${name}-${at}`),
        name,
        seeks,
      }).start();
    };
    for (let at = 0; at < pushed; at += 1) make('pushed', at);
    for (let at = 0; at < pushReaders; at += 1) make('', at);
  }

  /** Programs that use the client library. */
  #real(topic: KnownTopic): void {
    const work = this.#work;
    const { report, settings } = work.world;
    // Partitions in memory may be begun anew, which the checker of what the library hands over does not follow.
    if (settings.workload.realClients === 0 || settings.memory) return;
    this.#turns ??= new Turns((error) => {
      report.violation('client', `a client threw: ${error instanceof Error ? error.stack : String(error)}`);
    });
    for (let at = 0; at < settings.workload.realClients; at += 1) {
      const name = `${topic.name}-client-${at}`;
      const client = new RealClient(work, this.#turns, topic, work.fork(name), name);
      work.followers.add(client);
      client.start();
    }
  }
}
