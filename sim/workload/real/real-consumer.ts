/**
 * One consumer object of the client library: a durable one, or a reader without an id. It takes what comes one by one, in batches or by a
 * handler, acknowledges in any order or has it done, lingers over records now and then, and seeks.
 */
import type { CallboardError, Consumer, From, IncomingRecord } from '@callboard/client';
import { ClientReading } from '../../checkers/client-consumers.ts';
import { expectFailure, type Program, type Running } from './program.ts';

/** With which a consumer may end. `timeout`, `unavailable`: it could not be opened. */
const failures = ['fenced', 'closed', 'timeout', 'unavailable'];
/** What a user keeps unacknowledged at most. */
const mostHeld = 30;

interface Held {
  readonly record: Acknowledged;
  readonly reading: ClientReading;
  readonly generation: number;
  readonly from: number;
  readonly to: number;
}

interface Acknowledged {
  ack(): Promise<void>;
}

export class RealConsumer {
  /** Empty: a reader. */
  readonly id: string;
  readonly readings: readonly ClientReading[];
  readonly #program: Program;
  readonly #running: Running;
  readonly #consumer: Consumer;
  readonly #auto: boolean;
  readonly #mode: 'run' | 'records' | 'batches';
  readonly #ended: (fenced: boolean) => void;
  readonly #held: Held[] = [];
  #over = false;
  #fenced = false;
  #seeking = false;

  /** `ended`: nothing comes any more. */
  constructor(program: Program, running: Running, id: string, ended: (fenced: boolean) => void) {
    const { random, topic, name } = program;
    this.id = id;
    this.#program = program;
    this.#running = running;
    this.#ended = ended;
    this.readings = topic.groups.map((group) => new ClientReading(group, id, `'${id}' of ${name}`));
    this.#auto = id !== '' && random.chance(0.3);
    this.#mode = random.pick(['run', 'records', 'batches'] as const);
    const from = random.pick(['earliest', 'latest'] as const);
    this.#consumer = running.client.consumer(topic.name, {
      ...(id === '' ? { from } : { id }),
      ack: this.#auto ? 'auto' : 'explicit',
      credit: { records: random.pick([1, 7, 1_000]), bytes: random.pick([1, 3_000, 4 << 20]) },
    });
    this.#restless();
    this.#read();
  }

  lag(): string | undefined {
    if (this.#fenced) return undefined;
    for (const { group, next, who } of this.readings) {
      const { end } = this.#program.world.checks.committed.group(group);
      if (next !== end) return `${who} was given ${next ?? 'nothing'} of ${end}`;
    }
    return undefined;
  }

  #read(): void {
    const reading =
      this.#mode === 'run' ? this.#run() : this.#mode === 'records' ? this.#records() : this.#batches();
    reading.then(
      () => this.#end(undefined),
      (error: unknown) =>
        this.#end(
          expectFailure(this.#program.world, error, failures, `'${this.id}' of ${this.#program.name}`),
        ),
    );
  }

  #end(error: CallboardError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#fenced = error?.code === 'fenced';
    if (this.#fenced) this.#program.world.report.sometimes("a client's consumer was fenced");
    this.#ended(this.#fenced);
  }

  #run(): Promise<void> {
    const { random } = this.#program;
    const concurrency = random.pick([1, 2, Infinity]);
    return this.#consumer.run(
      (record) => {
        const generation = this.#handed(record);
        if (!this.#lingers()) {
          this.#took(record, generation);
          return undefined;
        }
        return this.#linger().then(() => this.#took(record, generation));
      },
      { concurrency },
    );
  }

  async #records(): Promise<void> {
    let done = (): void => undefined;
    for await (const record of this.#noting(() => done())) {
      const generation = this.#handed(record);
      if (this.#lingers()) await this.#linger();
      if (this.#auto) done = () => this.#took(record, generation);
      else this.#took(record, generation);
    }
  }

  /** What was handed over last is acknowledged as soon as the next is asked for. */
  #noting(last: () => void): AsyncIterable<IncomingRecord> {
    const iterator = this.#consumer[Symbol.asyncIterator]();
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          last();
          return iterator.next();
        },
      }),
    };
  }

  async #batches(): Promise<void> {
    const iterator = this.#consumer.batches()[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      const { records, partition } = next.value;
      let generation = -1;
      for (const record of records) generation = this.#handed(record);
      if (this.#lingers()) await this.#linger();
      const [first] = records;
      if (first === undefined) continue;
      const end = first.offset + records.length;
      if (this.#auto) this.#acknowledged(partition, first.offset, end, generation);
      else this.#keep(partition, next.value, first.offset, end, generation);
    }
  }

  /** Returns the generation that it belongs to: its user may seek before he is done with it. */
  #handed(record: IncomingRecord): number {
    const { world } = this.#program;
    const reading = this.readings[record.partition];
    if (reading === undefined) return -1;
    world.checks.clientConsumers.handed(reading, record.offset, record.value);
    world.report.mix(record.offset);
    return reading.generation;
  }

  #took(record: IncomingRecord, generation: number): void {
    const { partition, offset } = record;
    if (this.#auto) this.#acknowledged(partition, offset, offset + 1, generation);
    else this.#keep(partition, record, offset, offset + 1, generation);
  }

  /** The library acknowledges by itself what its user was done with. */
  #acknowledged(partition: number, from: number, to: number, generation: number): void {
    const reading = this.readings[partition];
    if (reading === undefined) return;
    const { clientConsumers } = this.#program.world.checks;
    for (let at = from; at < to; at += 1) clientConsumers.acknowledges(reading, at, generation);
  }

  /** Acknowledges some of what it keeps, in any order. */
  #keep(partition: number, record: Acknowledged, from: number, to: number, generation: number): void {
    const { random } = this.#program;
    const reading = this.readings[partition];
    if (reading === undefined || this.id === '') return;
    this.#held.push({ record, reading, generation, from, to });
    while (this.#held.length > mostHeld) this.#ack(this.#held.shift());
    if (random.chance(0.6)) this.#ack(this.#held.splice(random.below(this.#held.length), 1)[0]);
  }

  #ack(held: Held | undefined): void {
    if (held === undefined) return;
    const { record, reading, generation, from, to } = held;
    const { clientConsumers } = this.#program.world.checks;
    let allowed = 0;
    for (let at = from; at < to; at += 1) allowed = clientConsumers.acknowledges(reading, at, generation);
    const acking = record.ack();
    this.#program.waits.await('ack', this.#running.deadlineMs, acking);
    acking.then(
      () => {
        if (allowed > 0 && !this.#over) clientConsumers.resolved(reading, allowed, generation);
      },
      (error: unknown) =>
        expectFailure(this.#program.world, error, [...failures, 'aborted'], `an ack of ${this.id}`),
    );
  }

  #lingers(): boolean {
    return !this.#program.work.stopped && this.#program.random.chance(0.05);
  }

  /** Longer now and then, so that credit runs out. */
  #linger(): Promise<void> {
    const { random } = this.#program;
    const ms = random.chance(0.1) ? random.between(1_000, 8_000) : random.between(1, 200);
    return new Promise((resolve) => void this.#running.platform.setTimer(ms, resolve));
  }

  #restless(): void {
    const { thinkMs } = this.#program.world.settings.workload;
    this.#program.later(thinkMs * 10, () => {
      if (this.#over || this.#running.over()) return;
      const drawn = this.#program.random.next();
      if (drawn < 0.45) this.#seek();
      else if (drawn < 0.55) {
        this.#close();
        return;
      }
      this.#restless();
    });
  }

  #close(): void {
    const closing = this.#consumer.close();
    this.#program.waits.await('consumer.close', this.#running.deadlineMs, closing);
  }

  #seek(): void {
    const { random, world } = this.#program;
    const partition = random.below(this.readings.length);
    const reading = this.readings[partition];
    if (reading?.next === undefined || this.#seeking || reading.seeking !== undefined) return;
    const to = random.pick<From>(['earliest', 'latest', { offset: random.below(reading.next + 1) }]);
    const { clientConsumers } = world.checks;
    if (to === 'latest') {
      const offset = clientConsumers.newest(reading.group, world.nowMicros);
      clientConsumers.seeks(reading, { offset, exactly: false });
    } else {
      const offset = typeof to === 'object' && 'offset' in to ? to.offset : 0;
      clientConsumers.seeks(reading, { offset, exactly: true });
    }
    this.#seeking = true;
    const seeking = this.#consumer.seek(to, partition);
    this.#program.waits.await('seek', this.#running.deadlineMs, seeking);
    seeking.then(
      () => {
        this.#seeking = false;
        if (reading.seeking !== undefined && !this.#over) {
          world.report.violation(
            'client',
            `${reading.who} says that a seek is done, and no subscription has begun`,
          );
        }
        world.report.sometimes("a client's consumer sought");
      },
      (error: unknown) => {
        this.#seeking = false;
        expectFailure(world, error, failures, `a seek of '${this.id}'`);
      },
    );
  }
}
