/**
 * PartitionReplica: one replica of one partition. Its actor id is `partition/GROUP` on every node that holds one.
 *
 * Requests come on the data lane from gateways and client sessions of any node and are answered exactly once, unless
 * the message or the answer is lost with a link; the asker owns the deadline. Only the leader serves; another
 * replica answers `not_leader` with the leader it knows.
 */
import type { Ref } from '../../kernel/index.ts';
import type { CallError, Offset, Position } from '@callboard/client/protocol';
import type { IdleCursor } from '../../partition/index.ts';
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
  /** Of the client that sent it; absent: it is a gateway's own, or of a producer that the gateway knows. */
  readonly address?: string;
  readonly chunk: Uint8Array;
}

/** Take the next record of a consumer (HTTP, S11): read, verify, commit the take, answer. Answer: `consumed` or `nothing`. */
export interface Consume extends Request {
  readonly kind: 'consume';
  readonly consumer: string;
  /** The run of the asking gateway; `id` is its number of the take. */
  readonly start: number;
  /** Its earlier calls of this consumer here whose records were handed over: committed with the take, if there is one. */
  readonly noted: readonly number[];
}

/** What became of takes of one consumer, by the calls of the gateway that says it. */
export interface TakeWords {
  readonly consumer: string;
  /** Handed over. */
  readonly noted: readonly number[];
  /** Not handed over, and never will be. */
  readonly returned: readonly number[];
}

/** May be said again. Answer: `takes-settled`. */
export interface SettleTakes extends Request {
  readonly kind: 'settle-takes';
  readonly start: number;
  readonly words: readonly TakeWords[];
}

/** What the consumer may still read (S12), confirmed by ReadIndex. Answer: `sized`. */
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

export type PartitionRequest = Produce | Consume | SettleTakes | Size | Fetch | Locate | Lead;

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

/** Confirmed: there is no committed record that the consumer has not had, but for what is being answered. */
export interface Nothing extends Answer {
  readonly kind: 'nothing';
  /** A node that cannot be reached and may have a record that it will not hand over. */
  readonly heldBy: string | undefined;
}

export interface TakesSettled extends Answer {
  readonly kind: 'takes-settled';
}

export interface Sized extends Answer {
  readonly kind: 'sized';
  readonly size: number;
  /** Takes beside those that are not known to be handed over; they may yet be given again. */
  readonly open: number;
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
  Produced | Consumed | Nothing | TakesSettled | Sized | Fetched | Located | Leads | PartitionFailed;

/** From a gateway: what it knows of the takes that it was asked for, by their places in the question. Of the others it is still busy. */
export interface TakesChecked {
  readonly kind: 'takes-checked';
  readonly id: number;
  readonly handed: readonly number[];
  /** Neither handed over nor going to be. */
  readonly returned: readonly number[];
}

/** The replica's own timer: questions for takes. */
export interface TakeTick {
  readonly kind: 'take-tick';
}

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

/**
 * From the node's manager: if this replica leads, it tells which cursors it keeps, a page of them from place `from` on. Answer:
 * `cursors-held`, to the manager, with the same `topic`.
 */
export interface ShowCursors {
  readonly kind: 'show-cursors';
  readonly topic: string;
  readonly from: number;
}

/** From the node's manager: these consumers are gone from the directory for good. Whoever's cursor has moved since it was shown stays. */
export interface ForgetCursors {
  readonly kind: 'forget-cursors';
  readonly cursors: readonly IdleCursor[];
}

export type PartitionReplicaMessage =
  | GroupMessage
  | ReadChunksAnswer
  | FindTimeAnswer
  | PartitionRequest
  | TakesChecked
  | TakeTick
  | PushRequest
  | Campaign
  | HandOver
  | ReportLeadership
  | ShowCursors
  | ForgetCursors;

/** The actor id of the replica of `group` on any node. */
export function partitionActorId(group: number): string {
  return `partition/${group}`;
}
