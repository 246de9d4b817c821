/**
 * A consumer that is pushed to, over a connection of its own to any node. Durable ones share their name with another instance: each
 * opens a session when it begins, and is fenced when the other does. It acknowledges some of what it was sent, stops reading now and
 * then, moves its cursor, and begins anew elsewhere.
 */
import {
  chunkHeaderBytes,
  decodeRecords,
  offset,
  readChunkHeader,
  type ErrorCode,
  type NodeFrame,
  type Offset,
} from '@callboard/client/protocol';
import type { PushSubscription } from '../checkers/pushes.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import { SimConnection } from './connection.ts';
import type { KnownTopic, Workload } from './workload.ts';

interface Reading {
  checked: PushSubscription;
  readonly partition: number;
  readonly askedMicros: number;
  /** Acks on their way, by correlation. */
  readonly acks: Map<number, number>;
  ended: boolean;
}

/** Refusals in a row after which it tries another node: this one may be no member of the cluster any more. */
const patience = 30;

export class PushConsumer {
  readonly #work: Workload;
  readonly #topic: KnownTopic;
  readonly #random: SimRandom;
  /** Empty: an anonymous reader. */
  readonly #name: string;
  readonly #creditRecords: number;
  readonly #seeks: boolean;
  #connection: SimConnection | undefined;
  #session = 0;
  #opening = 0;
  #correlation = 0;
  #fenced = false;
  #refusals = 0;
  readonly #readings = new Map<number, Reading>();

  constructor(
    work: Workload,
    topic: KnownTopic,
    options: { readonly random: SimRandom; readonly name: string; readonly seeks: boolean },
  ) {
    const { random, name, seeks } = options;
    this.#work = work;
    this.#topic = topic;
    this.#random = random;
    this.#name = name;
    this.#seeks = seeks;
    this.#creditRecords = random.pick([1, 7, 1_000]);
    work.followers.add(this);
  }

  start(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.world.after(thinkMs * this.#random.next() * 4, () => this.#connect());
    this.#restless();
  }

  processEnded(node: string): void {
    if (this.#connection?.node.name === node) this.#connection.lost();
  }

  /** The work is over: reads on, and ends up with everything; only a fenced one rests. */
  finish(): void {
    this.#connection?.read(true);
  }

  /** What is still to come; undefined: nothing. */
  lag(): string | undefined {
    if (this.#fenced) return undefined;
    for (const [partition, group] of this.#work.now(this.#topic.groups).entries()) {
      const reading = [...this.#readings.values()].find((one) => one.partition === partition && !one.ended);
      const { end } = this.#work.world.checks.committed.group(group);
      const next = reading?.checked.next;
      if (next === end && reading?.checked.group === group) continue;
      return `the pushed consumer '${this.#name}' of ${this.#topic.name} has ${next ?? 'no subscription'} of ${end} records of group ${group}`;
    }
    return undefined;
  }

  #connect(): void {
    const { world } = this.#work;
    const connection = SimConnection.open(world, this.#work.anyNode(this.#random), {
      id: this.#work.nextConnection(),
      random: this.#random,
      handlers: { frame: (frame) => this.#frame(frame), closed: () => this.#closed(connection) },
    });
    this.#readings.clear();
    this.#connection = connection;
    if (connection === undefined) {
      world.after(300, () => this.#connect());
      return;
    }
    if (this.#name === '' || this.#session > 0) this.#subscribeAll();
    else this.#openSession();
  }

  #closed(connection: SimConnection | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#readings.clear();
    if (!this.#fenced) this.#work.world.after(200 * this.#random.next(), () => this.#connect());
  }

  #openSession(): void {
    this.#opening = this.#next();
    this.#connection?.send({
      kind: 'open-consumer',
      correlation: this.#opening,
      topic: this.#topic.name,
      consumer: this.#name,
    });
  }

  #subscribeAll(): void {
    for (const partition of this.#topic.groups.keys()) this.#subscribe(partition, undefined);
  }

  #subscribe(partition: number, seek: Offset | undefined): void {
    const { world } = this.#work;
    const correlation = this.#next();
    const group = this.#work.now(this.#topic.groups)[partition] ?? -1;
    const reset = seek !== undefined;
    const of = { group, consumer: this.#name || `reader ${partition}`, session: this.#session, reset };
    const checked = world.checks.pushes.asked(of);
    const reading = { checked, partition, askedMicros: world.nowMicros, acks: new Map(), ended: false };
    this.#readings.set(correlation, reading);
    const owner = this.#session === 0 ? {} : { owner: { consumer: this.#name, session: this.#session } };
    this.#connection?.send({
      kind: 'subscribe',
      correlation,
      topic: this.#topic.name,
      partition,
      ...owner,
      start: seek === undefined ? { at: 'earliest', value: 0 } : { at: 'offset', value: seek },
      reset,
      creditRecords: this.#creditRecords,
      creditBytes: 1 << 20,
    });
  }

  #frame(frame: NodeFrame): void {
    switch (frame.kind) {
      case 'consumer-opened':
        if (frame.correlation !== this.#opening) return;
        this.#session = frame.session;
        this.#refusals = 0;
        this.#subscribeAll();
        return;
      case 'subscribed': {
        const reading = this.#readings.get(frame.correlation);
        const { generations, pushes } = this.#work.world.checks;
        this.#refusals = 0;
        if (reading !== undefined) {
          // The node may know of another generation of the partition than was the newest when it was asked.
          const group = generations.holding(reading.checked.group, frame.offset);
          if (group !== reading.checked.group) reading.checked = pushes.asked({ ...reading.checked, group });
          pushes.subscribed(reading.checked, frame.offset, frame.end, reading.askedMicros);
        }
        return;
      }
      case 'delivery':
        return this.#delivered(frame.correlation, frame.chunks);
      case 'acked':
        return this.#acked(frame.correlation, frame.cursor);
      case 'error':
        return this.#failed(frame.correlation, frame.code);
      default:
        return;
    }
  }

  #delivered(correlation: number, chunks: readonly Uint8Array[]): void {
    const reading = this.#readings.get(correlation);
    if (reading === undefined) return;
    const { world } = this.#work;
    let records = 0;
    for (const chunk of chunks) {
      const { baseOffset, recordCount } = readChunkHeader(chunk);
      const values = decodeRecords(chunk.subarray(chunkHeaderBytes), recordCount).map(({ value }) => value);
      world.checks.pushes.delivered(reading.checked, baseOffset, values);
      records += recordCount;
    }
    world.report.mix(records);
    this.#connection?.send({ kind: 'credit', correlation, records, bytes: 1 << 16 });
    if (this.#session > 0 && !this.#work.stopped && this.#random.chance(0.6)) this.#ack(correlation, reading);
  }

  #ack(correlation: number, reading: Reading): void {
    const { checked } = reading;
    if (checked.next === undefined || reading.ended) return;
    const upTo = Math.max(0, checked.next - this.#random.pick([0, 0, 0, 1, 3]));
    const id = this.#next();
    reading.acks.set(id, upTo);
    this.#work.world.checks.pushes.tries(checked, upTo);
    this.#connection?.send({ kind: 'ack', correlation: id, subscription: correlation, upTo: offset(upTo) });
  }

  #acked(correlation: number, cursor: number): void {
    for (const reading of this.#readings.values()) {
      const upTo = reading.acks.get(correlation);
      if (upTo === undefined) continue;
      reading.acks.delete(correlation);
      this.#work.world.checks.pushes.acked(reading.checked, upTo, cursor);
      return;
    }
  }

  #failed(correlation: number, code: ErrorCode): void {
    const { world } = this.#work;
    if (code === 'fenced') {
      world.report.sometimes('a session was fenced');
      this.#becomeFenced();
      return;
    }
    this.#refusals += 1;
    if (this.#refusals > patience) {
      this.#refusals = 0;
      this.#leave();
      this.#again(() => this.#connect());
      return;
    }
    const reading = this.#readings.get(correlation);
    if (reading !== undefined) {
      reading.ended = true;
      world.report.sometimes('a subscription ended and was taken up again');
      this.#again(() => {
        this.#readings.delete(correlation);
        this.#subscribe(reading.partition, undefined);
      });
    } else if (correlation === this.#opening) this.#again(() => this.#openSession());
  }

  /** After a pause, if it is still the same connection. */
  #again(step: () => void): void {
    const connection = this.#connection;
    this.#work.world.after(50 + 200 * this.#random.next(), () => {
      if (this.#connection === connection && connection?.open !== false) step();
    });
  }

  /** Rests, then takes its name back under a new session. */
  #becomeFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#leave();
    this.#session = 0;
    this.#work.later(this.#random, 4_000, () => {
      this.#fenced = false;
      this.#connect();
    });
  }

  #leave(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#readings.clear();
    connection?.close();
  }

  /** Now and then: stops reading, moves its cursor, or goes to another node. */
  #restless(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs * 20, () => {
      const drawn = this.#random.next();
      if (this.#connection !== undefined) {
        if (drawn < 0.3) this.#pauseReading(this.#connection);
        else if (drawn < 0.5 && this.#seeks) this.#seek();
        else if (drawn < 0.8) this.#move();
      }
      this.#restless();
    });
  }

  #pauseReading(connection: SimConnection): void {
    connection.read(false);
    this.#work.world.report.sometimes('a client stopped reading');
    this.#work.world.after(3_000 * this.#random.next(), () => connection.read(true));
  }

  #seek(): void {
    const [entry] = [...this.#readings].filter(([, one]) => !one.ended && one.checked.next !== undefined);
    if (entry === undefined || this.#session === 0) return;
    const [correlation, { partition, checked }] = entry;
    this.#readings.delete(correlation);
    this.#connection?.send({ kind: 'unsubscribe', correlation: this.#next(), subscription: correlation });
    this.#subscribe(partition, offset(this.#random.below((checked.next ?? 0) + 1)));
  }

  #move(): void {
    this.#leave();
    // A new session fences the other instance; the same one goes on, as after a broken connection.
    if (this.#random.chance(0.5)) this.#session = 0;
    this.#work.world.after(100 * this.#random.next(), () => this.#connect());
  }

  #next(): number {
    this.#correlation += 1;
    return this.#correlation;
  }
}
