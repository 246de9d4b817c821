/**
 * The stable error codes: one table for the server, the client and docs/errors.md (a test compares both ways).
 *
 * Operating errors are values, not exceptions: a code that programs may rely on, a text for people, whether trying
 * again can help, and what is known of the effect. `outcome` in the table is the default; whoever knows more says so.
 */

/** What became of the call: it was carried out, it never will be, or it may have been (at most once). */
export type Outcome = 'applied' | 'not_applied' | 'unknown';

export interface ErrorEntry {
  readonly meaning: string;
  /** The same call may succeed later, or at another node, without anybody mending anything by hand. */
  readonly retriable: boolean;
  readonly outcome: Outcome;
}

function entry(meaning: string, retriable: boolean, outcome: Outcome = 'not_applied'): ErrorEntry {
  return { meaning, retriable, outcome };
}

export type ErrorCode =
  | 'bad_request'
  | 'topic_not_found'
  | 'topic_exists'
  | 'topic_deleting'
  | 'invalid_partition'
  | 'producer_not_registered'
  | 'consumer_not_registered'
  | 'no_active_brokers'
  | 'not_enough_brokers'
  | 'not_leader'
  | 'no_quorum'
  | 'timeout'
  | 'overloaded'
  | 'record_too_large'
  | 'sequence_gap'
  | 'producer_expired'
  | 'producer_fenced'
  | 'duplicate_unknown_offset'
  | 'storage_failed'
  | 'low_disk_space'
  | 'memory_full'
  | 'replica_damaged'
  | 'partition_quarantined'
  | 'auth_failed'
  | 'origin_refused'
  | 'host_refused'
  | 'unavailable'
  | 'broker_exists'
  | 'broker_not_found'
  | 'broker_not_removed'
  | 'actor_not_found'
  | 'node_not_found'
  | 'limit_reached'
  | 'internal'
  | 'frame_invalid'
  | 'frame_too_large'
  | 'version_mismatch'
  | 'cluster_mismatch'
  | 'fenced'
  | 'empty_partition'
  | 'aborted'
  | 'closed';

/** Code by code what it means. */
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = Object.freeze({
  bad_request: entry('The call is malformed or names an impossible value.', false),
  topic_not_found: entry('The topic does not exist.', false),
  topic_exists: entry('A topic of this name exists already.', false),
  topic_deleting: entry('A topic of this name is being deleted.', false),
  invalid_partition: entry('The topic has no partition of this number.', false),
  producer_not_registered: entry('The producer id is not registered with this topic.', false),
  consumer_not_registered: entry('The consumer id is not registered with this topic.', false),
  no_active_brokers: entry('All replicas of the partition are on inactive brokers.', true),
  not_enough_brokers: entry('There are fewer active brokers than the new replicas need.', true),
  not_leader: entry('This node does not lead the partition.', true),
  no_quorum: entry('No majority of the replicas can be reached.', true, 'unknown'),
  timeout: entry('The call was not answered within its deadline.', true, 'unknown'),
  overloaded: entry('A queue on the way is at its limit.', true),
  record_too_large: entry('The record or batch is larger than the limit.', false),
  sequence_gap: entry('The batch does not follow the last one that is stored of its producer.', false),
  producer_expired: entry('The partition no longer remembers this producer.', false),
  producer_fenced: entry('A newer epoch of the same producer has taken over.', false),
  duplicate_unknown_offset: entry(
    'The batch is stored, but too long ago to tell its offset.',
    false,
    'applied',
  ),
  storage_failed: entry('A write or sync of the node failed; its storage has stopped.', true, 'unknown'),
  low_disk_space: entry('The disk of a node is nearly full, so it takes no new records.', true),
  memory_full: entry(
    'A node keeps as many records in memory as it may, so it takes no new ones there.',
    true,
  ),
  replica_damaged: entry('This copy of the partition is damaged and is being repaired.', true),
  partition_quarantined: entry(
    'The partition is out of service: its replicas failed again and again.',
    false,
  ),
  auth_failed: entry('The token or the proof of the secret is missing or wrong.', false),
  origin_refused: entry('Web pages of this origin may not use the node.', false),
  host_refused: entry('The node is asked for under a name that it does not know as its own.', false),
  unavailable: entry('The node is starting, stopping or cannot be reached.', true),
  broker_exists: entry('A broker of this name exists already.', false),
  broker_not_found: entry('There is no broker of this name.', false),
  broker_not_removed: entry(
    'A removal cannot be forced while it waits for a broker that was not removed.',
    false,
  ),
  actor_not_found: entry('The node has no actor of this name now.', false),
  node_not_found: entry('There is no node of this name in the cluster.', false),
  limit_reached: entry('A configured limit in number is reached.', false),
  internal: entry('The node met a condition that it does not expect: a bug.', false, 'unknown'),
  frame_invalid: entry('The bytes are no frame of this protocol.', false),
  frame_too_large: entry('The frame is larger than the connection allows.', false),
  version_mismatch: entry('The two sides speak different versions of the protocol.', false),
  cluster_mismatch: entry('The two nodes belong to different clusters.', false),
  fenced: entry('A newer session or connection has taken the place of this one.', false),
  empty_partition: entry('There is nothing to read at this position yet.', true),
  aborted: entry('The caller gave up, by its AbortSignal.', false, 'unknown'),
  closed: entry('The client, producer or consumer was closed before the call was done.', false),
});

export const errorCodes: readonly ErrorCode[] = Object.keys(errorTable) as ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** An operating error as a value: what every failed call answers, inside the house and on the wire. */
export interface Failure {
  readonly code: ErrorCode;
  /** What happened with the actual values, and what to do next. For people; never parsed. */
  readonly message: string;
  readonly outcome: Outcome;
  readonly retriable: boolean;
  /** When a retry is likely to help; only with `retriable`. */
  readonly retryAfterMs?: number;
  /**
   * Of a producer's numbers that were refused: the lowest epoch under which the partition takes it from here on. Whoever is there
   * already is too far above, and takes a new id.
   */
  readonly nextEpoch?: number;
}

export interface FailureDetails {
  readonly message?: string;
  readonly outcome?: Outcome;
  readonly retryAfterMs?: number;
  readonly nextEpoch?: number;
}

/** A failure with the defaults of its code. */
export function failure(code: ErrorCode, details: FailureDetails = {}): Failure {
  const known = errorTable[code];
  const base = {
    code,
    message: details.message ?? known.meaning,
    outcome: details.outcome ?? known.outcome,
    retriable: known.retriable,
  };
  const { retryAfterMs, nextEpoch } = details;
  return {
    ...base,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(nextEpoch === undefined ? {} : { nextEpoch }),
  };
}

/** Codes that a wire fault may have. */
export type WireCode =
  'frame_invalid' | 'frame_too_large' | 'version_mismatch' | 'cluster_mismatch' | 'auth_failed' | 'fenced';

/**
 * Bytes that break the protocol: the only thing that scanning, unpacking and decoding throw. It ends the connection
 * that the bytes came from and touches nothing else. `field` names the place, for example `append.entries[3]`.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireCode;
  readonly detail: string;
  #field = '';

  constructor(code: WireCode, detail: string) {
    super();
    this.code = code;
    this.detail = detail;
    this.#describe();
  }

  get field(): string {
    return this.#field;
  }

  /** Puts the name of an enclosing field in front; called on the way out, so that the good path pays nothing. */
  within(name: string): this {
    const joint = this.#field === '' || this.#field.startsWith('[') ? '' : '.';
    this.#field = `${name}${joint}${this.#field}`;
    this.#describe();
    return this;
  }

  #describe(): void {
    this.message = this.#field === '' ? this.detail : `${this.#field}: ${this.detail}`;
  }
}
