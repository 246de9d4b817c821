/**
 * A program that uses the client library: the real one, on a simulated machine. It connects to some nodes, keeps producers, a durable
 * consumer and now and then a reader, closes and opens them again, and begins anew when its process was killed.
 */
import type { Client } from '@callboard/client';
import type { ClientReading } from '../../checkers/client-consumers.ts';
import { connectOn, type Platform } from '../../client/inside.ts';
import { ClientMachine } from '../../client/machine.ts';
import { ClientTap } from '../../client/tap.ts';
import type { SimRandom } from '../../ports/sim-random.ts';
import type { Turns } from '../../ports/turns.ts';
import type { World } from '../../world.ts';
import type { Follower, KnownTopic, Workload } from '../workload.ts';
import { expectFailure, type Program, type Running } from './program.ts';
import { RealConsumer } from './real-consumer.ts';
import { RealProducer } from './real-producer.ts';
import { Waits } from './waits.ts';

/** Of producers with a deadline of their own. */
const longestSendMs = 3_000;

export class RealClient implements Follower, Program {
  readonly work: Workload;
  readonly topic: KnownTopic;
  readonly name: string;
  readonly machine: ClientMachine;
  readonly random: SimRandom;
  readonly waits: Waits;
  readonly #turns: Turns;
  readonly #tap: ClientTap;
  #producers: RealProducer[] = [];
  #consumers: RealConsumer[] = [];
  #clients = 0;
  #nodes: readonly string[] = [];
  #running: Running | undefined;

  constructor(work: Workload, turns: Turns, topic: KnownTopic, random: SimRandom, name: string) {
    const { world } = work;
    const { loop, report, nodes } = world;
    this.work = work;
    this.topic = topic;
    this.name = name;
    this.random = random;
    this.#turns = turns;
    this.machine = new ClientMachine({ name, loop, report, turns, nodes, random: random.fork('machine') });
    this.waits = new Waits(name, report);
    this.#tap = new ClientTap({
      report,
      limits: world.settings.limits,
      pushes: world.checks.pushes,
      consumers: world.checks.clientConsumers,
      nowMicros: () => world.nowMicros,
      groupOf: (_topic, partition) => topic.groups[partition] ?? -1,
      reading: (consumer, partition) => this.#reading(consumer, partition),
    });
    this.machine.onCrashed = () => this.#crashed();
  }

  get world(): World {
    return this.work.world;
  }

  start(): void {
    this.world.after(this.world.settings.workload.thinkMs * this.random.next(), () => {
      this.work.clients.machines.push(this.machine);
      this.#boot();
    });
  }

  /** The work is over: everything is answered, and the consumers end up with everything. */
  finish(): void {
    for (const way of this.machine.ways) way.mend();
    const { atlas } = this.world;
    this.#turns.run(() => {
      for (const producer of this.#producers) producer.finish();
      // Its people find out that none of its nodes will ever be a member again.
      const stranded = this.#nodes.every((name) => atlas.isWiped(name));
      if (stranded && this.#running !== undefined) this.#close(this.#running);
    });
  }

  /** What is still to come; undefined: nothing. */
  lag(): string | undefined {
    if (this.#consumers.length === 0) return `the client ${this.name} is not connected`;
    for (const part of [...this.#producers, ...this.#consumers]) {
      const lag = part.lag();
      if (lag !== undefined) return lag;
    }
    return undefined;
  }

  later(meanMs: number, step: () => void): void {
    const { clock } = this.machine;
    clock.setTimer(meanMs * (0.5 + this.random.next()), () => {
      if (this.work.stopped) return;
      if (this.work.idle) this.later(meanMs, step);
      else this.#turns.run(step);
    });
  }

  soon(meanMs: number, step: () => void): void {
    this.machine.clock.setTimer(meanMs * (0.5 + this.random.next()), () => this.#turns.run(step));
  }

  #boot(): void {
    const { random, machine, work } = this;
    const platform = machine.platform(() => this.#tap.wire());
    const deadlineMs = random.pick([2_000, 5_000, 10_000, 30_000]);
    const { atlas, nodes } = this.world;
    const names = random.shuffle(nodes.map(({ name }) => name)).slice(0, random.between(1, 3));
    if (names.every((name) => atlas.isWiped(name))) {
      names.push(...nodes.map(({ name }) => name).filter((name) => !atlas.isWiped(name)));
    }
    this.#nodes = names;
    const urls = names.map((name) => `http://${name}:8080`);
    const options = { name: this.name, deadlineMs, direct: random.chance(0.8) };
    this.#clients += 1;
    this.waits.begin(platform);
    this.#turns.run(() => {
      const connecting = connectOn(platform, urls, options);
      this.waits.await('connect', deadlineMs, connecting);
      connecting.then(
        (client) => this.#connected(client, platform, deadlineMs),
        (error: unknown) => {
          this.#expect(error, ['unavailable', 'timeout'], 'connect');
          this.soon(500, () => this.#boot());
        },
      );
    });
    work.world.report.event(this.name, 'client-starts', urls.join(), deadlineMs);
  }

  #connected(client: Client, platform: Platform, deadlineMs: number): void {
    const number = this.#clients;
    const { life } = this.machine;
    const over = (): boolean => this.machine.life !== life || this.#clients !== number;
    const running: Running = { client, platform, deadlineMs, over };
    this.#running = running;
    this.world.report.event(this.name, 'client-connected');
    const producers = this.random.between(1, 2);
    this.#producers = [];
    for (let at = 0; at < producers; at += 1) this.#addProducer(running);
    this.#consumers = [];
    this.#addConsumer(running, 'real');
    if (this.random.chance(0.4)) this.#addConsumer(running, '');
    const { thinkMs } = this.world.settings.workload;
    this.later(thinkMs * 25, () => this.#close(running));
  }

  #addProducer(running: Running): void {
    const producer = new RealProducer(this, running, () => {
      this.#producers = this.#producers.filter((one) => one !== producer);
      if (!running.over() && !this.work.stopped) this.#addProducer(running);
    });
    this.#producers.push(producer);
    if (this.work.stopped) producer.finish();
  }

  /** A fenced one rests, then takes its id back under a new session. */
  #addConsumer(running: Running, id: string): void {
    const consumer: RealConsumer = new RealConsumer(this, running, id, (fenced) => {
      if (running.over()) return;
      const again = (): void => {
        if (running.over()) return;
        this.#consumers = this.#consumers.filter((one) => one !== consumer);
        this.#addConsumer(running, id);
      };
      if (fenced) this.later(20_000, again);
      else this.soon(300, again);
    });
    this.#consumers.push(consumer);
  }

  #reading(consumer: string, partition: number): ClientReading | undefined {
    return this.#consumers.findLast((one) => one.id === consumer)?.readings[partition];
  }

  /** Ends in good order: what was sent is answered, and what was acknowledged is committed. */
  #close(running: Running): void {
    if (running.over()) return;
    this.#clients += 1;
    const closing = running.client.close();
    // Producers flush, which takes a record's deadline at most; consumers commit their acks, within theirs.
    this.waits.await('close', Math.max(running.deadlineMs, longestSendMs), closing);
    void closing.then(() => {
      const open = this.#producers.reduce((sum, producer) => sum + producer.open, 0);
      if (open > 0) {
        this.world.report.violation('client', `${this.name} was closed with ${open} records unanswered`);
      }
      this.#consumers = [];
      this.#boot();
    });
  }

  #crashed(): void {
    for (const producer of this.#producers) producer.crashed();
    this.#producers = [];
    this.#consumers = [];
    this.waits.crashed();
    const { life } = this.machine;
    this.world.after(this.random.between(100, 5_000), () => {
      if (this.machine.life === life) this.#boot();
    });
  }

  /** What went wrong must be one of these. */
  #expect(error: unknown, codes: readonly string[], what: string): void {
    expectFailure(this.world, error, codes, `${what} of ${this.name}`);
  }
}
