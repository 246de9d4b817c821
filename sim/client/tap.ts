/**
 * Listens at a client's end of all its connections: tells the checkers of pushed consumers what the nodes said and what the library
 * said, and notes what the library does about failures.
 */
import {
  chunkHeaderBytes,
  clientFrames,
  decodeRecords,
  frameBounds,
  nodeFrames,
  readChunkHeader,
  unpackFrame,
  type ClientFrame,
  type Limits,
  type NodeFrame,
} from '@callboard/client/protocol';
import type { ClientConsumerChecker, ClientReading } from '../checkers/client-consumers.ts';
import type { PushChecker, PushSubscription } from '../checkers/pushes.ts';
import type { Report } from '../observe/report.ts';
import { valueId } from '../workload/values.ts';
import type { WireTap } from './wire.ts';

export interface TapOptions {
  readonly report: Report;
  readonly limits: Limits;
  readonly pushes: PushChecker;
  readonly consumers: ClientConsumerChecker;
  readonly nowMicros: () => number;
  readonly groupOf: (topic: string, partition: number) => number;
  /** The client's consumer that speaks under this id now, empty for its reader. */
  readonly reading: (consumer: string, partition: number) => ClientReading | undefined;
}

interface Subscription {
  readonly checked: PushSubscription;
  readonly reading: ClientReading | undefined;
  readonly askedMicros: number;
}

/** What is remembered over all connections of a client. */
export class ClientTap {
  readonly options: TapOptions;
  /** The newest subscription of each partition of a consumer. */
  readonly current: WeakMap<ClientReading, Subscription> = new WeakMap();
  /** The newest number of each record, and the newest epoch of each producer. */
  readonly #numbers = new Map<number, string>();
  readonly #epochs = new Map<string, number>();
  #lostInFlight = false;

  constructor(options: TapOptions) {
    this.options = options;
  }

  wire(): WireTap {
    return new OneWire(this);
  }

  /** A connection ended while produces waited for their answers. */
  lostInFlight(): void {
    this.#lostInFlight = true;
  }

  greeted(): void {
    if (!this.#lostInFlight) return;
    this.#lostInFlight = false;
    this.options.report.sometimes('a client reconnected with records in flight');
  }

  produces(group: number, chunk: Uint8Array): void {
    const { report } = this.options;
    const { producerId, producerEpoch: epoch, firstSequence, recordCount } = readChunkHeader(chunk);
    const lane = `${producerId} ${group}`;
    const before = this.#epochs.get(lane) ?? 0;
    if (epoch > before) {
      this.#epochs.set(lane, epoch);
      report.sometimes('a client raised its epoch');
    }
    for (const [at, { value }] of decodeRecords(chunk.subarray(chunkHeaderBytes), recordCount).entries()) {
      const id = valueId(value);
      const number = `${lane} ${epoch} ${firstSequence + at}`;
      const known = this.#numbers.get(id);
      if (known !== undefined && known !== number) report.sometimes('a client renumbered a record');
      this.#numbers.set(id, number);
    }
  }
}

class OneWire implements WireTap {
  readonly #tap: ClientTap;
  readonly #produces = new Set<number>();
  readonly #subscriptions = new Map<number, Subscription>();
  /** Acks that wait for their answer: the subscription, and how far. */
  readonly #acks = new Map<number, { readonly of: Subscription; readonly upTo: number }>();

  constructor(tap: ClientTap) {
    this.#tap = tap;
  }

  sent(bytes: Uint8Array): void {
    this.#asked(clientFrames.decode(unpackFrame(bytes, frameBounds(this.#tap.options.limits))));
  }

  received(bytes: Uint8Array): void {
    this.#told(nodeFrames.decode(unpackFrame(bytes, frameBounds(this.#tap.options.limits))));
  }

  ended(): void {
    if (this.#produces.size > 0) this.#tap.lostInFlight();
  }

  #asked(frame: ClientFrame): void {
    const { groupOf, consumers, pushes } = this.#tap.options;
    switch (frame.kind) {
      case 'produce':
        this.#produces.add(frame.correlation);
        this.#tap.produces(groupOf(frame.topic, frame.partition), frame.chunk);
        return;
      case 'subscribe':
        return this.#subscribes(frame);
      case 'ack': {
        const of = this.#subscriptions.get(frame.subscription);
        if (of === undefined) return;
        this.#tap.options.report.detail(
          '',
          () => `ack ${frame.correlation} of subscription ${frame.subscription} up to ${frame.upTo}`,
        );
        this.#acks.set(frame.correlation, { of, upTo: frame.upTo });
        pushes.tries(of.checked, frame.upTo);
        const reading = this.#current(of);
        if (reading !== undefined) consumers.leaves(reading, frame.upTo);
        return;
      }
      default:
    }
  }

  #subscribes(frame: Extract<ClientFrame, { kind: 'subscribe' }>): void {
    const { groupOf, reading: readingOf, nowMicros, consumers, pushes } = this.#tap.options;
    const { topic, partition, owner, reset, correlation } = frame;
    const session = owner?.session ?? 0;
    const reading = readingOf(owner?.consumer ?? '', partition);
    const consumer = owner?.consumer ?? `reader ${partition}`;
    if (reading !== undefined) consumers.subscribes(reading, session, reset);
    const checked = pushes.asked({ group: groupOf(topic, partition), consumer, session, reset });
    const subscription = { checked, reading, askedMicros: nowMicros() };
    this.#subscriptions.set(correlation, subscription);
    if (reading !== undefined) this.#tap.current.set(reading, subscription);
    this.#tap.options.report.detail(
      '',
      () =>
        `subscribe ${correlation} of '${consumer}' session ${session} partition ${partition}${reset ? ' resets' : ''} from ${frame.start.at} ${frame.start.value}`,
    );
  }

  #told(frame: NodeFrame): void {
    const { pushes, consumers, report } = this.#tap.options;
    const { correlation } = frame;
    this.#produces.delete(correlation);
    switch (frame.kind) {
      case 'hello-reply':
        return this.#tap.greeted();
      case 'subscribed': {
        const of = this.#subscriptions.get(correlation);
        if (of === undefined) return;
        report.detail('', () => `subscribed ${correlation} at ${frame.offset} of ${frame.end}`);
        pushes.subscribed(of.checked, frame.offset, frame.end, of.askedMicros);
        const reading = this.#current(of);
        if (reading !== undefined && consumers.subscribed(reading, frame.offset)) {
          report.sometimes("a client's consumer went on at its cursor");
        }
        return;
      }
      case 'delivery':
        return this.#delivered(correlation, frame.chunks);
      case 'acked': {
        const ack = this.#acks.get(correlation);
        this.#acks.delete(correlation);
        report.detail('', () => `acked ${correlation} cursor ${frame.cursor}`);
        if (ack !== undefined) pushes.acked(ack.of.checked, ack.upTo, frame.cursor);
        return;
      }
      default:
    }
  }

  /** What comes for a subscription that was left is of no meaning for its consumer. */
  #current(of: Subscription): ClientReading | undefined {
    const { reading } = of;
    return reading !== undefined && this.#tap.current.get(reading) === of ? reading : undefined;
  }

  #delivered(correlation: number, chunks: readonly Uint8Array[]): void {
    const of = this.#subscriptions.get(correlation);
    if (of === undefined) return;
    const { pushes, consumers } = this.#tap.options;
    const reading = this.#current(of);
    for (const chunk of chunks) {
      const { baseOffset, recordCount } = readChunkHeader(chunk);
      const records = decodeRecords(chunk.subarray(chunkHeaderBytes), recordCount);
      pushes.delivered(
        of.checked,
        baseOffset,
        records.map(({ value }) => value),
      );
      if (reading !== undefined) consumers.received(reading, baseOffset + recordCount);
    }
  }
}
