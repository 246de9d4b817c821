/** The calls of the contract: their fields, what they ask of the gateway, and the body of a good answer. */
import { isUtf8 } from 'node:buffer';
import { failure, utf8Length, type CallError, type Limits } from '@callboard/client/protocol';
import type { Call, CallValue } from '../../actors/gateway/messages.ts';
import type { Subject } from './texts.ts';
import { optionalNumber, text, type Fields, type Schema } from './validation.ts';

export type Prepared = { readonly call: Call } | { readonly error: CallError };

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Undefined: no parameters, and whatever body is sent means nothing. */
  readonly schema: Schema | undefined;
  /** A GET that changes something: it takes a record. */
  readonly takes?: true;
  /** The field that must hold the admin token. */
  readonly guardedBy?: 'token';
  subject(fields: Fields): Subject;
  prepare(fields: Fields): Prepared;
  body(value: CallValue, fields: Fields): object;
}

type ValueOf<O extends CallValue['op']> = Extract<CallValue, { readonly op: O }>;

/** Narrows an answer to the kind that the call must have. */
function expect<O extends CallValue['op']>(value: CallValue, ...ops: readonly O[]): ValueOf<O> {
  if ((ops as readonly string[]).includes(value.op)) return value as ValueOf<O>;
  throw new Error(`the gateway answered ${value.op} where ${ops.join(' or ')} was asked`);
}

function badRequest(message: string): Prepared {
  return { error: failure('bad_request', { message }) };
}

const listTopics: Endpoint = {
  method: 'GET',
  path: '/topics',
  schema: undefined,
  subject: () => 'topics',
  prepare: () => ({ call: { op: 'topics' } }),
  body: (value) => ({ status: 'success', topics: expect(value, 'topics').names }),
};

function createTopic(limits: Limits): Endpoint {
  return {
    method: 'POST',
    path: '/topics',
    schema: [text('name'), optionalNumber('number_of_partitions')],
    subject: () => 'create-topic',
    prepare: (fields) => {
      const partitions = fields.number('number_of_partitions') ?? 2;
      if (!Number.isInteger(partitions) || partitions < 1 || partitions > limits.topicPartitions) {
        const given = fields.shown('number_of_partitions');
        return badRequest(
          `number_of_partitions must be a whole number from 1 to ${limits.topicPartitions}, not ${given}: no topic was created.`,
        );
      }
      return { call: { op: 'create-topic', name: fields.text('name'), partitions } };
    },
    body: (_, fields) => ({
      status: 'success',
      message: `Topic '${fields.text('name')}' created successfully.`,
    }),
  };
}

function register(who: 'producer' | 'consumer'): Endpoint {
  return {
    method: 'POST',
    path: `/${who}/register`,
    schema: [text('topic')],
    subject: () => `register-${who}`,
    prepare: (fields) => ({ call: { op: `register-${who}`, topic: fields.text('topic') } }),
    body: (value) => {
      const { id, partitions } = expect(value, 'register-producer', 'register-consumer');
      return { status: 'success', [`${who}_id`]: id, partition_count: partitions };
    },
  };
}

const produce: Endpoint = {
  method: 'POST',
  path: '/producer/produce',
  schema: [
    text('topic'),
    text('producer_id'),
    text('message'),
    optionalNumber('partition_index'),
    optionalNumber('sequence'),
  ],
  subject: () => 'produce',
  prepare: (fields) => {
    const message = fields.text('message');
    const partition = fields.number('partition_index');
    const sequence = fields.number('sequence');
    if (sequence !== undefined && (!Number.isSafeInteger(sequence) || sequence < 0)) {
      return badRequest(
        `sequence must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${fields.shown('sequence')}.`,
      );
    }
    if (sequence !== undefined && partition === undefined) {
      return badRequest('sequence counts the messages of one partition: send partition_index with it.');
    }
    if (utf8Length(message) < 0) {
      return badRequest(
        'message holds half of a surrogate pair, which no text can: send the whole pair, or leave it out.',
      );
    }
    return {
      call: {
        op: 'produce',
        topic: fields.text('topic'),
        producer: fields.text('producer_id'),
        partition,
        sequence: sequence === undefined ? undefined : sequence + 0,
        value: Buffer.from(message, 'utf8'),
      },
    };
  },
  body: (value) => {
    const { partition, offset } = expect(value, 'produce');
    return { status: 'success', partition, offset };
  },
};

/** The fields of consume and size, in the order of the original's schema. */
const reading: Schema = [text('topic'), optionalNumber('partition_index'), text('consumer_id')];

const consume: Endpoint = {
  method: 'GET',
  path: '/consumer/consume',
  takes: true,
  schema: reading,
  subject: (fields) => (fields.number('partition_index') === undefined ? 'consume' : 'consume-from'),
  prepare: (fields) => ({
    call: {
      op: 'consume',
      topic: fields.text('topic'),
      consumer: fields.text('consumer_id'),
      partition: fields.number('partition_index'),
    },
  }),
  body: (answer) => {
    const { value, partition } = expect(answer, 'consume');
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    // A record that no text can hold comes as base64 and says so (S11).
    return isUtf8(bytes)
      ? { status: 'success', message: bytes.toString('utf8'), partition_read: partition }
      : {
          status: 'success',
          message: bytes.toString('base64'),
          partition_read: partition,
          encoding: 'base64',
        };
  },
};

const size: Endpoint = {
  method: 'GET',
  path: '/size',
  schema: reading,
  subject: () => 'size',
  prepare: (fields) => ({
    call: {
      op: 'size',
      topic: fields.text('topic'),
      consumer: fields.text('consumer_id'),
      partition: fields.number('partition_index'),
    },
  }),
  body: (value) => ({
    status: 'success',
    sizes: expect(value, 'size').sizes.map((one) => ({ partition_number: one.partition, size: one.size })),
  }),
};

function admin(action: 'add' | 'remove' | 'activate' | 'deactivate'): Endpoint {
  return {
    method: 'POST',
    path: `/admin/broker/${action}`,
    schema: [text('broker_host'), text('token')],
    guardedBy: 'token',
    subject: () => action,
    prepare: (fields) => ({ call: { op: 'admin', action, broker: fields.text('broker_host') } }),
    body: () => ({ status: 'success' }),
  };
}

export function endpoints(limits: Limits): readonly Endpoint[] {
  return [
    listTopics,
    createTopic(limits),
    register('producer'),
    register('consumer'),
    produce,
    consume,
    size,
    admin('add'),
    admin('remove'),
    admin('activate'),
    admin('deactivate'),
  ];
}
