/** Creates the topics of a run, some at the start and some in the middle of whatever goes on, and uses each at once on other nodes. */
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { KnownTopic, Workload } from './workload.ts';

export class TopicMaker {
  readonly #work: Workload;
  readonly #random: SimRandom;
  #ready: (topic: KnownTopic) => void = () => undefined;

  constructor(work: Workload, random: SimRandom) {
    this.#work = work;
    this.#random = random;
  }

  start(count: number, ready: (topic: KnownTopic) => void): void {
    this.#ready = ready;
    for (let at = 0; at < count; at += 1) {
      const delayMs = at === 0 ? 500 : this.#random.between(500, 240_000);
      this.#work.world.after(delayMs, () => this.#create(`topic-${at}`));
    }
    this.#list();
  }

  #create(name: string): void {
    const { world, clients } = this.#work;
    const partitions = this.#random.between(1, world.settings.workload.maxPartitions);
    const node = this.#work.anyNode(this.#random);
    const startMicros = world.nowMicros;
    const inMemory = world.settings.memory && (name === 'topic-0' || this.#random.chance(0.5));
    const storage = inMemory ? 'memory' : 'disk';
    clients.call(node, { op: 'create-topic', name, partitions, storage }, (outcome) => {
      const made = outcome.kind === 'value';
      const met = outcome.kind === 'error' && outcome.error.code === 'topic_exists';
      if (met) world.report.sometimes('a repeated create met its topic');
      if (!made && !met) {
        world.after(300 + 1_000 * this.#random.next(), () => this.#create(name));
        return;
      }
      if (world.isDisturbed()) world.report.sometimes('a topic was created during a fault');
      if (made) world.checks.visibility.created('topic', name, world.nowMicros);
      if (made) for (const other of world.nodes) this.#use(other, name);
      world.report.event(node.name, 'topic-created', name, (world.nowMicros - startMicros) / 1_000);
      this.#await(name);
    });
  }

  /** Its placement is known to every node that has answered; here it is taken from any. */
  #await(name: string): void {
    const topic = this.#work.topic(name);
    if (topic === undefined) this.#work.world.after(100, () => this.#await(name));
    else this.#ready(topic);
  }

  /** At once, on another node: it must not deny what was just created (S13, S14). */
  #use(node: SimNode, topic: string): void {
    const { world, clients } = this.#work;
    const startMicros = world.nowMicros;
    clients.call(
      node,
      { op: 'consume', topic, consumer: 'f'.repeat(32), partition: undefined },
      (outcome) => {
        if (outcome.kind === 'error') {
          world.checks.visibility.failed(outcome.error.code, { topic }, startMicros, node.name);
        }
      },
    );
  }

  #list(): void {
    this.#work.later(this.#random, 8_000, () => {
      const { world, clients } = this.#work;
      const node = this.#work.anyNode(this.#random);
      const startMicros = world.nowMicros;
      clients.call(node, { op: 'topics' }, (outcome) => {
        if (outcome.kind === 'value' && outcome.value.op === 'topics') {
          world.checks.visibility.listed(outcome.value.names, startMicros, node.name);
        }
      });
      this.#list();
    });
  }
}
