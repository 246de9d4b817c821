/** The fields of each call. What is not here yet is refused, so that nobody takes it for granted. */
import { checked, checkedValue, refused, type Rule, type Table } from './options.ts';
import {
  abortSignal,
  callback,
  consumerId,
  delay,
  flag,
  from as fromRule,
  milliseconds,
  oneOf,
  partitionList,
  textTo,
  topicName,
  wholeFrom,
} from './rules.ts';

const timeouts = { timeout: 'deadlineMs', timeoutMs: 'deadlineMs', deadline: 'deadlineMs' } as const;

const call: Readonly<Record<string, Rule>> = { signal: abortSignal, deadlineMs: milliseconds };

export const connectTable: Table = {
  fields: {
    ...call,
    name: textTo(100),
    token: textTo(2_048),
    direct: flag,
    transport: withMethod('open'),
    onStatus: callback,
  },
  others: { ...timeouts, clientId: 'name', password: 'token', auth: 'token' },
};

export const callTable: Table = { fields: call, others: timeouts };

export const createTopicTable: Table = {
  fields: {
    ...call,
    partitions: wholeFrom(1),
    storage: oneOf(['disk', 'memory'], { file: 'disk', ram: 'memory' }),
    ifNotExists: flag,
  },
  others: {
    ...timeouts,
    numPartitions: 'partitions',
    number_of_partitions: 'partitions',
  },
};

function withMethod(method: string): Rule {
  return {
    holds: (value) =>
      typeof value === 'object' &&
      value !== null &&
      typeof (value as Readonly<Record<string, unknown>>)[method] === 'function',
    what: `an object with a function '${method}'`,
    near: (value) => (typeof value === 'function' ? 'what this function returns' : undefined),
  };
}

export const deleteTopicTable: Table = {
  fields: { ...call, ifExists: flag, force: flag },
  others: { ...timeouts, yes: 'force' },
};

export const producerTable: Table = {
  fields: {
    ...call,
    acks: oneOf(['quorum', 'leader', 'none'], { all: 'quorum', '-1': 'quorum', '1': 'leader', '0': 'none' }),
    maxBufferedBytes: wholeFrom(1),
    codec: withMethod('encode'),
  },
  others: timeouts,
};

const creditTable: Table = { fields: { records: wholeFrom(1), bytes: wholeFrom(1) } };

const credit: Rule = {
  holds: (value) => typeof value === 'object' && value !== null,
  what: '{ records, bytes }',
  copy: (value, where) => checked(where, value, creditTable),
};

export const consumerTable: Table = {
  fields: {
    id: consumerId,
    from: fromRule,
    ack: oneOf(['explicit', 'auto'], { manual: 'explicit', none: 'explicit' }),
    partitions: partitionList,
    codec: withMethod('decode'),
    credit,
    signal: abortSignal,
  },
  others: {
    name: 'id',
    durable: 'id',
    durableName: 'id',
    offset: 'from: { offset }',
    fromBeginning: "from: 'earliest'",
    autoAck: "ack: 'auto'",
    autoCommit: "ack: 'auto'",
    prefetch: 'credit',
    partition: 'partitions',
  },
};

const after = oneOf(['stop', 'skip'], { throw: 'stop', fail: 'stop', ignore: 'skip', continue: 'skip' });

const retryTable: Table = {
  fields: { retry: wholeFrom(0), backoffMs: delay, then: after },
  others: { retries: 'retry', attempts: 'retry', times: 'retry', delayMs: 'backoffMs', backoff: 'backoffMs' },
};

const onError: Rule = {
  holds: (value) => after.holds(value) || (typeof value === 'object' && value !== null),
  what: "'stop', 'skip' or { retry, backoffMs, then }",
  near: (value) => (typeof value === 'number' ? `{ retry: ${value} }` : after.near?.(value)),
  copy: (value, where) => {
    if (typeof value === 'string') return value;
    const retry = checked<{ retry?: number }>(where, value, retryTable);
    if (retry.retry === undefined) throw refused(`${where}: retry is missing`);
    return retry;
  },
};

export const runTable: Table = {
  fields: {
    concurrency: {
      holds: (value) => value === Infinity || wholeFrom(1).holds(value),
      what: 'a whole number from 1 on, or Infinity',
    },
    onError,
    signal: abortSignal,
  },
};

export function checkedTopic(where: string, topic: unknown): string {
  return checkedValue(`${where}: topic`, topic, topicName) as string;
}
