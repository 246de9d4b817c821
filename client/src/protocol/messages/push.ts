/**
 * Push: a client subscribes to partitions, grants credit, and is sent chunks as they were stored.
 *
 * A subscription is named by the correlation of its `subscribe`; `delivery` repeats it, and so does an `error` frame that comes
 * after `subscribed`: it ends the subscription (`fenced`, `not_leader`, `replica_damaged`, ...). Credit is counted in records
 * and bytes; a chunk is delivered while both are above zero, so the last one may overdraw them by its own size.
 *
 * A durable consumer (SEMANTICS S8 to S10) first asks for a session number with `open-consumer`: numbers of one consumer rise,
 * the highest one owns it, and every other is `fenced`. The number stays the same over reconnects of the same consumer object.
 */
import { wireLimits } from '../wire-limits.ts';
import {
  bool,
  list,
  message,
  oneOf,
  optional,
  str,
  struct,
  uint,
  type Codec,
  type MessageCodec,
} from '../shape.ts';
import { correlation, offsetField, passingChunk, topicName } from './common.ts';
import type { Offset } from '../brands.ts';

/** A consumer's id: what HTTP calls consumer_id, or a name that its user has chosen. */
const consumerId: Codec<string> = str(200);

/** Registers the consumer with the topic if it is new, and gives it the next session number, or again the one that this opener has. */
export interface OpenConsumer {
  readonly kind: 'open-consumer';
  readonly correlation: number;
  readonly topic: string;
  readonly consumer: string;
  /** Drawn by whoever opens, 32 lower-case hexadecimal characters: asked again, it is the same session. Absent: each time a new one. */
  readonly opener?: string;
}

export const openConsumer: MessageCodec<OpenConsumer> = message<OpenConsumer>('open-consumer', 64, {
  correlation,
  topic: topicName,
  consumer: consumerId,
  opener: optional(str(32)),
});

export interface ConsumerOpened {
  readonly kind: 'consumer-opened';
  readonly correlation: number;
  readonly session: number;
  readonly partitions: number;
}

export const consumerOpened: MessageCodec<ConsumerOpened> = message<ConsumerOpened>('consumer-opened', 65, {
  correlation,
  session: uint,
  partitions: uint,
});

/** A place in a partition. `value`: the offset, or milliseconds since 1970; 0 for the other two. */
export interface Position {
  readonly at: 'earliest' | 'latest' | 'offset' | 'time';
  readonly value: number;
}

const position: Codec<Position> = struct<Position>({
  at: oneOf(['earliest', 'latest', 'offset', 'time']),
  value: uint,
});

/** A durable consumer and the session that speaks for it. */
export interface SessionOf {
  readonly consumer: string;
  readonly session: number;
}

const sessionOf: Codec<SessionOf> = struct<SessionOf>({ consumer: consumerId, session: uint });

export interface Subscribe {
  readonly kind: 'subscribe';
  readonly correlation: number;
  readonly topic: string;
  readonly partition: number;
  /** Absent: an anonymous reader, without a cursor and without acks. */
  readonly owner?: SessionOf;
  /** Where a consumer without a cursor begins; that becomes its cursor before anything is delivered. */
  readonly start: Position;
  /** Moves an existing cursor to `start` too, forwards or back (a seek by its owner). */
  readonly reset: boolean;
  readonly creditRecords: number;
  readonly creditBytes: number;
}

export const subscribe: MessageCodec<Subscribe> = message<Subscribe>('subscribe', 66, {
  correlation,
  topic: topicName,
  partition: uint,
  owner: optional(sessionOf),
  start: position,
  reset: bool,
  creditRecords: uint,
  creditBytes: uint,
});

export interface Subscribed {
  readonly kind: 'subscribed';
  readonly correlation: number;
  /** The first record to be delivered: the cursor, for a durable consumer. */
  readonly offset: Offset;
  /** One above the highest committed record, as the leader confirmed it. */
  readonly end: Offset;
}

export const subscribed: MessageCodec<Subscribed> = message<Subscribed>('subscribed', 67, {
  correlation,
  offset: offsetField,
  end: offsetField,
});

/** Grants more credit. Not answered; for a subscription that has ended it means nothing. */
export interface Credit {
  readonly kind: 'credit';
  /** The subscription. */
  readonly correlation: number;
  readonly records: number;
  readonly bytes: number;
}

export const credit: MessageCodec<Credit> = message<Credit>('credit', 68, {
  correlation,
  records: uint,
  bytes: uint,
});

/** Sealed chunks in order, without gaps from one delivery to the next. The first may begin below the offset subscribed to. */
export interface Delivery {
  readonly kind: 'delivery';
  /** The subscription. */
  readonly correlation: number;
  /** At least this far the log goes; not confirmed: a leader that was deposed unawares knows of less. */
  readonly end: Offset;
  /** Views into the frame. */
  readonly chunks: readonly Uint8Array[];
}

export const delivery: MessageCodec<Delivery> = message<Delivery>('delivery', 69, {
  correlation,
  end: offsetField,
  chunks: list(passingChunk, wireLimits.pushPullChunks),
});

/** All records below `upTo` are done. Only up to what was delivered; never moves the cursor back. */
export interface Ack {
  readonly kind: 'ack';
  readonly correlation: number;
  readonly subscription: number;
  readonly upTo: Offset;
}

export const ack: MessageCodec<Ack> = message<Ack>('ack', 70, {
  correlation,
  subscription: uint,
  upTo: offsetField,
});

/** The cursor is committed. */
export interface Acked {
  readonly kind: 'acked';
  readonly correlation: number;
  readonly cursor: Offset;
}

export const acked: MessageCodec<Acked> = message<Acked>('acked', 71, { correlation, cursor: offsetField });

/** Ends a subscription. Nothing is delivered after the answer. */
export interface Unsubscribe {
  readonly kind: 'unsubscribe';
  readonly correlation: number;
  readonly subscription: number;
}

export const unsubscribe: MessageCodec<Unsubscribe> = message<Unsubscribe>('unsubscribe', 72, {
  correlation,
  subscription: uint,
});

export interface Unsubscribed {
  readonly kind: 'unsubscribed';
  readonly correlation: number;
}

export const unsubscribed: MessageCodec<Unsubscribed> = message<Unsubscribed>('unsubscribed', 73, {
  correlation,
});

/** Which offset is at this position? Confirmed by the leader. */
export interface Locate {
  readonly kind: 'locate';
  readonly correlation: number;
  readonly topic: string;
  readonly partition: number;
  readonly position: Position;
}

export const locate: MessageCodec<Locate> = message<Locate>('locate', 74, {
  correlation,
  topic: topicName,
  partition: uint,
  position,
});

export interface Located {
  readonly kind: 'located';
  readonly correlation: number;
  /** For a time: the first record at or after it, or `end`. */
  readonly offset: Offset;
  readonly end: Offset;
}

export const located: MessageCodec<Located> = message<Located>('located', 75, {
  correlation,
  offset: offsetField,
  end: offsetField,
});
