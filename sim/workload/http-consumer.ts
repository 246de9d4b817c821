/**
 * A consumer over HTTP: takes records one by one from any node, sometimes several calls at once, and asks for sizes. In the end it takes what
 * is to be given again, until nothing of it is left.
 */
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
    work.followers.add(this);
  }

  /** What was taken for it and neither noted nor given again; undefined: nothing. */
  lag(): string | undefined {
    for (const group of this.#work.now(this.#topic.groups)) {
      const [take] = this.#work.world.checks.pushCursors.open(group, this.#id);
      if (take === undefined) continue;
      const [offset, { node, returnedMicros }] = take;
      const state = returnedMicros === undefined ? 'not noted' : 'not given again';
      return `offset ${offset} of group ${group}, taken for ${this.#id} at ${node}, is ${state}`;
    }
    return undefined;
  }

  /** The work is over: only what is to be given again is still taken. */
  finish(): void {
    const { world } = this.#work;
    const wanted = this.#work
      .now(this.#topic.groups)
      .findIndex((group) =>
        [...world.checks.pushCursors.open(group, this.#id).values()].some(
          ({ returnedMicros }) => returnedMicros !== undefined,
        ),
      );
    const again = (): void => world.after(100 + 100 * this.#random.next(), () => this.finish());
    if (wanted < 0) again();
    else this.#consumeFrom(wanted, again);
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
          world.checks.watchConsumer(this.#id);
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
    const partition = this.#random.chance(0.6) ? this.#random.below(this.#topic.groups.length) : undefined;
    this.#consumeFrom(partition, (patience) => this.#consumeLater(patience));
  }

  #consumeFrom(partition: number | undefined, then: (patience: number) => void): void {
    const { world, clients } = this.#work;
    const { consumers, visibility } = world.checks;
    const node = this.#work.anyNode(this.#random);
    const { name } = this.#topic;
    const groups = this.#work.now(this.#topic.groups);
    const asked = partition === undefined ? groups : [groups[partition] as number];
    const call = { consumer: this.#id, groups: asked, startMicros: world.nowMicros };
    const consume = { op: 'consume', topic: name, consumer: this.#id, partition } as const;
    clients.call(
      node,
      consume,
      (outcome) => {
        if (outcome.kind === 'value') {
          then(1);
          return;
        }
        if (outcome.kind === 'error') {
          const names = { topic: name, consumer: this.#id };
          visibility.failed(outcome.error.code, names, call.startMicros, node.name);
          if (outcome.error.code === 'empty_partition') {
            world.report.sometimes('a consume met the end');
            if (this.#unchanged(asked)) consumers.nothing(call);
          } else if (outcome.error.outcome !== 'not_applied') {
            world.report.sometimes('a consume ended unknown');
          }
          if (/which cannot be asked/.test(outcome.error.message)) {
            world.report.sometimes('a take was held by a node that could not be asked');
          }
        }
        then(2);
      },
      (value, run) => {
        if (value.op !== 'consume') throw new Error(`a consume was answered with ${value.op}`);
        const { repeats } = consumers;
        const group = groups[value.partition] ?? -1;
        const from = world.checks.generations.holding(group, value.offset);
        // A partition that was begun anew meanwhile is the one that was asked for.
        const since = from === group ? call : { ...call, groups: [...asked, ...this.#work.now(asked)] };
        consumers.handed(since, { ...value, group: from }, run);
        if (consumers.repeats > repeats) world.report.sometimes('a record was given twice');
        world.report.mix(value.offset);
      },
    );
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
    const cursorsAtStart = asked.map((group) => checks.pushCursors.cursor(group, this.#id));
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
