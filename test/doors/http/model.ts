/**
 * The cluster as the contract sees it, in memory: what stands behind the doors while the doors are tested. All gateways of a
 * model share its state; each has its own turns.
 */
import { failure } from '@callboard/client/protocol';
import type { CallError } from '@callboard/client/protocol';
import type { Call, CallValue } from '../../../src/actors/gateway/messages.ts';

interface Partition {
  readonly records: Uint8Array[];
  readonly cursors: Map<string, number>;
  /** Offsets by sequence, per producer. */
  readonly sequences: Map<string, number[]>;
}

type Result = { readonly value: CallValue } | { readonly error: CallError };
type CallOf<O extends Call['op']> = Extract<Call, { readonly op: O }>;

const topicName = /^(?!\.+$)[A-Za-z0-9._:-]{1,200}$/;

export class Model {
  readonly topics: Map<string, Partition[]> = new Map();
  readonly clients: Map<string, string> = new Map();
  readonly brokers: Map<string, boolean> = new Map([['broker-1', true]]);
  #lastId = 0;

  create(name: string, partitions: number): CallError | undefined {
    if (!topicName.test(name)) {
      return failure('bad_request', { message: `Topic name '${name}' is not valid.` });
    }
    if (this.topics.has(name)) return failure('topic_exists');
    if (![...this.brokers.values()].includes(true)) return failure('not_enough_brokers');
    const make = (): Partition => ({ records: [], cursors: new Map(), sequences: new Map() });
    this.topics.set(name, Array.from({ length: partitions }, make));
    return undefined;
  }

  register(who: 'producer' | 'consumer', topic: string): string {
    this.#lastId += 1;
    const id = this.#lastId.toString(16).padStart(32, '0');
    this.clients.set(`${who} ${id}`, topic);
    return id;
  }
}

export class ModelGateway {
  readonly #model: Model;
  readonly #turns = new Map<string, number>();

  constructor(model: Model) {
    this.#model = model;
  }

  answer(call: Call): Result {
    switch (call.op) {
      case 'topics':
        return { value: { op: 'topics', names: [...this.#model.topics.keys()] } };
      case 'create-topic': {
        const error = this.#model.create(call.name, call.partitions);
        return error === undefined ? { value: { op: 'create-topic' } } : { error };
      }
      case 'register-producer':
      case 'register-consumer':
        return this.#register(call);
      case 'produce':
        return this.#produce(call);
      case 'consume':
      case 'size':
        return this.#read(call);
      case 'admin':
        return this.#admin(call);
      default:
        return { error: failure('internal') };
    }
  }

  #register(call: CallOf<'register-producer' | 'register-consumer'>): Result {
    if (!this.#model.topics.has(call.topic)) {
      const error =
        call.op === 'register-consumer' ? failure('topic_not_found') : this.#model.create(call.topic, 2);
      if (error !== undefined) return { error };
    }
    const id = this.#model.register(call.op === 'register-producer' ? 'producer' : 'consumer', call.topic);
    return { value: { op: call.op, id, partitions: this.#model.topics.get(call.topic)?.length ?? 0 } };
  }

  #produce(call: CallOf<'produce'>): Result {
    const topic = this.#model.topics.get(call.topic);
    if (topic === undefined) return { error: failure('topic_not_found') };
    if (this.#model.clients.get(`producer ${call.producer}`) !== call.topic) {
      return { error: failure('producer_not_registered') };
    }
    if (call.partition !== undefined && topic[call.partition] === undefined) {
      return { error: failure('invalid_partition') };
    }
    if (![...this.#model.brokers.values()].includes(true)) return { error: failure('no_active_brokers') };
    if (call.value.byteLength > 1 << 20) {
      return { error: failure('record_too_large', { message: 'The message is too large for a record.' }) };
    }
    const partition =
      call.partition === undefined ? this.#turn(call.topic, topic.length) : call.partition + 0;
    return this.#store(topic[partition], partition, call);
  }

  #store(to: Partition | undefined, partition: number, call: CallOf<'produce'>): Result {
    if (to === undefined) return { error: failure('internal') };
    const stored = to.sequences.get(call.producer) ?? [];
    if (call.sequence !== undefined) {
      const known = stored[call.sequence];
      if (known !== undefined) return { value: { op: 'produce', partition, offset: known } };
      if (call.sequence !== stored.length) {
        return {
          error: failure('sequence_gap', {
            message: `Expected sequence ${stored.length}, got ${call.sequence}.`,
          }),
        };
      }
      stored.push(to.records.length);
      to.sequences.set(call.producer, stored);
    }
    to.records.push(call.value);
    return { value: { op: 'produce', partition, offset: to.records.length - 1 } };
  }

  #read(call: CallOf<'consume' | 'size'>): Result {
    const topic = this.#model.topics.get(call.topic);
    if (topic === undefined) return { error: failure('topic_not_found') };
    if (call.partition !== undefined && topic[call.partition] === undefined) {
      return { error: failure('invalid_partition') };
    }
    if (this.#model.clients.get(`consumer ${call.consumer}`) !== call.topic) {
      return { error: failure('consumer_not_registered') };
    }
    const indexes = call.partition === undefined ? topic.map((_, index) => index) : [call.partition];
    if (call.op === 'consume') return this.#consume(call, topic, indexes);
    const sizes = indexes.map((partition) => {
      const { records, cursors } = topic[partition] ?? { records: [], cursors: new Map<string, number>() };
      return { partition, size: records.length - (cursors.get(call.consumer) ?? 0) };
    });
    return { value: { op: 'size', sizes } };
  }

  #consume(call: CallOf<'consume'>, topic: readonly Partition[], indexes: readonly number[]): Result {
    const start = call.partition === undefined ? (this.#turns.get(call.consumer) ?? 0) : 0;
    for (const step of indexes.keys()) {
      const partition = indexes[(start + step) % indexes.length] ?? 0;
      const from = topic[partition];
      const offset = from?.cursors.get(call.consumer) ?? 0;
      const value = from?.records[offset];
      if (from === undefined || value === undefined) continue;
      from.cursors.set(call.consumer, offset + 1);
      if (call.partition === undefined) this.#turns.set(call.consumer, partition + 1);
      return { value: { op: 'consume', partition, offset, value } };
    }
    return { error: failure('empty_partition') };
  }

  #admin(call: CallOf<'admin'>): Result {
    const { brokers } = this.#model;
    const known = brokers.has(call.broker);
    if (call.action === 'add' && known) return { error: failure('broker_exists') };
    if (call.action !== 'add' && !known) return { error: failure('broker_not_found') };
    if (call.action === 'remove') brokers.delete(call.broker);
    else brokers.set(call.broker, call.action !== 'deactivate');
    return { value: { op: 'admin' } };
  }

  #turn(key: string, partitions: number): number {
    const turn = (this.#turns.get(key) ?? 0) % partitions;
    this.#turns.set(key, turn + 1);
    return turn;
  }
}
