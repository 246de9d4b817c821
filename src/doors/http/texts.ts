/**
 * The texts that the contract fixes to the letter, by what was called and the stable code of its failure. Codes that are not
 * here keep the text that they come with.
 */
import type { CallError, ErrorCode, Outcome } from '@callboard/client/protocol';

export type Subject =
  | 'topics'
  | 'create-topic'
  | 'register-producer'
  | 'register-consumer'
  | 'produce'
  | 'consume'
  | 'consume-from'
  | 'size'
  | 'add'
  | 'remove'
  | 'activate'
  | 'deactivate';

type Texts = Partial<Record<ErrorCode, string>>;

const noTopic = 'Topic does not exist.';
const noBroker = 'Broker with hostname does not exist.';
const unserved = 'Unable to serve this request';

const reading: Texts = {
  topic_not_found: noTopic,
  invalid_partition: 'Invalid partition number.',
  consumer_not_registered: 'Consumer not registered with topic.',
  unavailable: unserved,
};

const texts: Readonly<Record<Subject, Texts>> = {
  topics: {},
  'create-topic': {
    topic_exists: 'Topic already exists.',
    not_enough_brokers: 'Not enough active brokers.',
  },
  'register-producer': { not_enough_brokers: 'Not enough active brokers.' },
  'register-consumer': { topic_not_found: noTopic },
  produce: {
    topic_not_found: noTopic,
    producer_not_registered: 'Producer not registered with topic.',
    invalid_partition: 'Invalid Partition Number.',
    no_active_brokers: 'No active brokers for partition.',
  },
  consume: { ...reading, empty_partition: 'No new messages to read on any partition' },
  'consume-from': { ...reading, empty_partition: 'No messages to read from this partition' },
  size: reading,
  add: { broker_exists: 'Broker with hostname already exists.' },
  remove: { broker_not_found: 'Broker with hostname not present.' },
  activate: { broker_not_found: noBroker },
  deactivate: { broker_not_found: noBroker },
};

export const authFailed = 'Authentication failed';

/** The body of every failed answer. */
export interface FailureBody {
  readonly status: 'failure';
  readonly message: string;
  readonly code: string;
  readonly outcome: Outcome;
  readonly retryAfterMs?: number;
}

export function failureBody(error: CallError, subject?: Subject): FailureBody {
  const fixed: Readonly<Partial<Record<string, string>>> = subject === undefined ? {} : texts[subject];
  const { code, outcome, retryAfterMs } = error;
  // Own properties only: a code is data.
  const message = Object.hasOwn(fixed, code) ? (fixed[code] ?? error.message) : error.message;
  const body: FailureBody = { status: 'failure', message, code, outcome };
  return retryAfterMs === undefined ? body : { ...body, retryAfterMs };
}
