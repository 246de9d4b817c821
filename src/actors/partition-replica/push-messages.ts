/**
 * What a subscriber (a client session, on any node) and the leader of a partition say to each other.
 *
 * The subscriber draws. Each `push-pull` is answered by exactly one `pushed`, at once or when something is committed; a subscriber
 * that has no pull open is told once, by `push-ready`, that there is more than it knew of. So what is on its way to a subscriber is
 * what it has asked for, and one that does not draw costs a table entry.
 *
 * `id` is the subscriber's number of the subscription, unique for its address over restarts of its node. A subscription ends with
 * `push-close`, with `push-ended`, or with the link between the two nodes; a leader that steps down ends all of its own.
 */
import type { Ref } from '../../kernel/index.ts';
import type { CallError, Offset, Position, SessionOf } from '@callboard/client/protocol';

interface OfSubscription {
  readonly id: number;
  readonly replyTo: Ref<PushNews>;
}

/** Answer: `push-opened` or `push-ended`. Data lane, as pulls and acks. */
export interface PushOpen extends OfSubscription {
  readonly kind: 'push-open';
  readonly owner: SessionOf | undefined;
  readonly start: Position;
  readonly reset: boolean;
  /** Of the client, for its share of the places. */
  readonly address?: string;
  /** The lowest session number that may be the owner's: a cursor of lower ones is a namesake's that is gone. Absent: 1. */
  readonly since?: number;
}

/** At most one is open at a time. Chunks are sent while both counts are above zero; the last may overdraw them. */
export interface PushPull extends OfSubscription {
  readonly kind: 'push-pull';
  readonly records: number;
  readonly bytes: number;
}

/** Everything below `upTo` is done. At most one is open at a time. Answer: `push-acked`, `push-ack-refused` or `push-ended`. */
export interface PushAck extends OfSubscription {
  readonly kind: 'push-ack';
  readonly upTo: Offset;
}

/** Not answered. Control lane. */
export interface PushClose extends OfSubscription {
  readonly kind: 'push-close';
}

export type PushRequest = PushOpen | PushPull | PushAck | PushClose;

interface News {
  readonly id: number;
}

export interface PushOpened extends News {
  readonly kind: 'push-opened';
  /** The first record to be delivered. */
  readonly offset: Offset;
  /** Confirmed: one above the highest record that was committed when the subscription was asked for. */
  readonly end: Offset;
}

/** There are records up to `end`, and no pull is open. As in `pushed`, `end` is what is committed for certain; there may be more. */
export interface PushReady extends News {
  readonly kind: 'push-ready';
  readonly end: Offset;
}

export interface Pushed extends News {
  readonly kind: 'pushed';
  readonly end: Offset;
  /** The offset after the last record of `chunks`. */
  readonly next: Offset;
  readonly records: number;
  /** As stored, in order, at least one. */
  readonly chunks: readonly Uint8Array[];
}

export interface PushAcked extends News {
  readonly kind: 'push-acked';
  readonly cursor: Offset;
}

/** The subscription goes on; this ack was not carried out. */
export interface PushAckRefused extends News {
  readonly kind: 'push-ack-refused';
  readonly error: CallError;
}

/** `leader`: the node that leads as far as this replica knows; only with code `not_leader`. */
export interface PushEnded extends News {
  readonly kind: 'push-ended';
  readonly error: CallError;
  readonly leader: string | undefined;
}

export type PushNews = PushOpened | PushReady | Pushed | PushAcked | PushAckRefused | PushEnded;
