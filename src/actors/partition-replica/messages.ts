/**
 * PartitionReplica: one replica of one partition. Its actor id is `partition/GROUP` on every node that holds one.
 *
 * Requests come on the data lane from gateways and client sessions of any node and are answered exactly once, unless
 * the message or the answer is lost with a link; the asker owns the deadline. Only the leader serves; another
 * replica answers `not_leader` with the leader it knows.
 */
import type { Ref } from '../../kernel/index.ts';
import type { CallError, Offset, Position } from '@callboard/client/protocol';
import type { GroupMessage } from '../group/messages.ts';
import type { FindTimeAnswer, ReadChunksAnswer } from '../log-reader/messages.ts';
import type { PushRequest } from './push-messages.ts';

export type Acks = 'quorum' | 'leader' | 'none';

interface Request {
  /** The asker's correlation number, echoed. */
  readonly id: number;
  readonly replyTo: Ref<PartitionAnswer>;
}

/** Append one chunk of records; `chunk` has the producer's part filled and is owned by the receiver. Answer: `produced`. */
export interface Produce extends Request {
  readonly kind: 'produce';
  readonly acks: Acks;
  /** The epoch is the one that the directory gave this id: no stranger has chosen it, however high it is. From gateways only. */
  readonly registered?: boolean;
  readonly chunk: Uint8Array;
}

/** Take the next record of a consumer (HTTP, S11): read, verify, commit the cursor, answer. Answer: `consumed` or `nothing`. */
export interface Consume extends Request {
  readonly kind: 'consume';
  readonly consumer: string;
}

/** Committed records and the consumer's cursor, confirmed by ReadIndex. Answer: `sized`. */
export interface Size extends Request {
  readonly kind: 'size';
  readonly consumer: string;
}

/** Chunks from `offset` on, up to the commit index; touches no cursor. Answer: `fetched`. */
export interface Fetch extends Request {
  readonly kind: 'fetch';
  readonly offset: Offset;
  readonly maxBytes: number;
}

/** Where a position is, confirmed by ReadIndex. Answer: `located`. */
export interface Locate extends Request {
  readonly kind: 'locate';
  readonly position: Position;
}

/** Who leads? Answer: `leads`, by the leader alone. */
export interface Lead extends Request {
  readonly kind: 'lead';
}

export type PartitionRequest = Produce | Consume | Size | Fetch | Locate | Lead;

interface Answer {
  readonly id: number;
}

export interface Produced extends Answer {
  readonly kind: 'produced';
  readonly baseOffset: Offset;
}

export interface Consumed extends Answer {
  readonly kind: 'consumed';
  readonly offset: Offset;
  readonly value: Uint8Array;
}

/** Confirmed: there is no committed record at or above the consumer's cursor. */
export interface Nothing extends Answer {
  readonly kind: 'nothing';
}

export interface Sized extends Answer {
  readonly kind: 'sized';
  readonly end: Offset;
  readonly cursor: Offset;
}

export interface Fetched extends Answer {
  readonly kind: 'fetched';
  readonly end: Offset;
  readonly chunks: readonly Uint8Array[];
}

export interface Located extends Answer {
  readonly kind: 'located';
  readonly offset: Offset;
  readonly end: Offset;
}

/** This replica leads, and takes requests. */
export interface Leads extends Answer {
  readonly kind: 'leads';
}

/** `leader`: the node that leads as far as this replica knows; only with code `not_leader`. */
export interface PartitionFailed extends Answer {
  readonly kind: 'partition-failed';
  readonly error: CallError;
  readonly leader: string | undefined;
}

export type PartitionAnswer =
  Produced | Consumed | Nothing | Sized | Fetched | Located | Leads | PartitionFailed;

/** From the manager: campaign at once (a new partition's first leader). */
export interface Campaign {
  readonly kind: 'campaign';
}

/** From the manager: hand leadership to another replica, if this one leads: its broker was deactivated, or another's is its home. */
export interface HandOver {
  readonly kind: 'hand-over';
  /** Nodes that should lead: active brokers. Handed to any other, leadership would only come back. */
  readonly to: readonly string[];
  /** Not to one that lacks more entries than these; undefined: whatever it lacks, it is sent first. */
  readonly mostBehind?: number;
}

/** From the manager, which was restarted: if this replica leads and is ready, say `leader-ready` again. */
export interface ReportLeadership {
  readonly kind: 'report-leadership';
}

export type PartitionReplicaMessage =
  | GroupMessage
  | ReadChunksAnswer
  | FindTimeAnswer
  | PartitionRequest
  | PushRequest
  | Campaign
  | HandOver
  | ReportLeadership;

/** The actor id of the replica of `group` on any node. */
export function partitionActorId(group: number): string {
  return `partition/${group}`;
}
