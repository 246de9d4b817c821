/** A consumer over HTTP: takes records one by one from any node, sometimes several calls at once, and asks for sizes. */
import type { SimRandom } from '../ports/sim-random.ts';
import type { SimNode } from '../node.ts';
import type { CallError } from '@callboard/client/protocol';
import type { KnownTopic, Workload } from './workload.ts';

export class HttpConsumer {
  readonly #work: Workload;
  readonly #topic: KnownTopic;
  readonly #random: SimRandom;
  readonly #lanes: number;
  /** Takes as fast as it can; the others at leisure. */
  readonly #eager: boolean;
  #id = '';

  constructor(work: Workload, topic: KnownTopic, random: SimRandom) {
    this.#work = work;
    this.#topic = topic;
    this.#random = random;
    this.#lanes = random.pick([1, 1, 2, 3]);
    this.#eager = random.chance(0.3);
  }

  start(): void {
    const { world, clients } = this.#work;
    clients.call(
      this.#work.anyNode(this.#random),
      { op: 'register-consumer', topic: this.#topic.name },
      (outcome) => {
        if (outcome.kind === 'value' && outcome.value.op === 'register-consumer') {
          this.#id = outcome.value.id;
          world.checks.visibility.created('consumer', this.#id, world.nowMicros);
          if (this.#lanes > 1) world.report.sometimes('parallel consumes of one id');
          for (let lane = 0; lane < this.#lanes; lane += 1) this.#consumeLater(1);
          this.#sizeLater();
          return;
        }
        world.after(500, () => (this.#work.stopped ? undefined : this.start()));
      },
    );
  }

  #consumeLater(patience: number): void {
    const { thinkMs } = this.#work.world.settings.workload;
    const pauseMs = this.#eager ? thinkMs / 2 : thinkMs * 2;
    this.#work.later(this.#random, pauseMs * patience, () => this.#consume());
  }

  #consume(): void {
    const { world, clients } = this.#work;
    const { consumers, visibility } = world.checks;
    const node = this.#work.anyNode(this.#random);
    const { name } = this.#topic;
    const groups = this.#work.now(this.#topic.groups);
    const partition = this.#random.chance(0.6) ? this.#random.below(groups.length) : undefined;
    const asked = partition === undefined ? groups : [groups[partition] as number];
    const call = { consumer: this.#id, groups: asked, startMicros: world.nowMicros };
    clients.call(node, { op: 'consume', topic: name, consumer: this.#id, partition }, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'consume') {
        const { offset, value } = outcome.value;
        const group = groups[outcome.value.partition] ?? -1;
        const from = world.checks.generations.holding(group, offset);
        // A partition that was begun anew meanwhile is the one that was asked for.
        const since = from === group ? call : { ...call, groups: [...asked, ...this.#work.now(asked)] };
        consumers.delivered(since, from, offset, value);
        world.report.mix(offset);
        this.#consumeLater(1);
        return;
      }
      if (outcome.kind === 'error') {
        visibility.failed(
          outcome.error.code,
          { topic: name, consumer: this.#id },
          call.startMicros,
          node.name,
        );
        if (outcome.error.code === 'empty_partition') {
          world.report.sometimes('a consume met the end');
          if (this.#unchanged(asked)) consumers.nothing(call);
        }
      }
      const certain =
        outcome.kind === 'refused' || (outcome.kind === 'error' && outcome.error.outcome === 'not_applied');
      if (!certain) {
        world.report.sometimes('a consume ended unknown');
        consumers.unknown(call);
      }
      this.#consumeLater(2);
    });
  }

  #sizeLater(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs * 10, () => this.#size());
  }

  #size(): void {
    const { world, clients } = this.#work;
    const { checks } = world;
    const node = this.#work.anyNode(this.#random);
    const { name } = this.#topic;
    const groups = this.#work.now(this.#topic.groups);
    const partition = this.#random.chance(0.5) ? this.#random.below(groups.length) : undefined;
    const asked = partition === undefined ? groups : [groups[partition] as number];
    const cursorsAtStart = asked.map((group) => checks.committed.group(group).cursor(this.#id));
    const call = { consumer: this.#id, groups: asked, startMicros: world.nowMicros, cursorsAtStart };
    clients.call(node, { op: 'size', topic: name, consumer: this.#id, partition }, (outcome) => {
      if (outcome.kind === 'value' && outcome.value.op === 'size') {
        const sizes = outcome.value.sizes.map(({ size }) => size);
        if (this.#unchanged(asked)) checks.visibility.sized(call, sizes, node.name);
      } else if (outcome.kind === 'error') this.#denied(outcome.error, call.startMicros, node);
      this.#sizeLater();
    });
  }

  /** No partition of these was begun anew since. */
  #unchanged(groups: readonly number[]): boolean {
    return groups.join() === this.#work.now(groups).join();
  }

  #denied(error: CallError, startMicros: number, node: SimNode): void {
    const names = { topic: this.#topic.name, consumer: this.#id };
    this.#work.world.checks.visibility.failed(error.code, names, startMicros, node.name);
  }
}
