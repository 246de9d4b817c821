/**
 * ClientSession: one per client connection, actor id `client/NUMBER`. Turns the client's frames into requests to the partitions'
 * leaders, on whatever node, and their answers into frames. The gateway of its node tells it who leads; everything else it asks itself.
 */
import type { AnyClientFrame } from '@callboard/client/protocol';
import type { AdminAnswer, AdminTraced } from '../admin/messages.ts';
import type { CallAnswer } from '../gateway/messages.ts';
import type { GroupLink } from '../group/messages.ts';
import type { PartitionAnswer } from '../partition-replica/messages.ts';
import type { PushNews } from '../partition-replica/push-messages.ts';

/** One frame, every field checked. Data lane: a client that sends more than it may have in flight is cut off. */
export interface FrameIn {
  readonly kind: 'client-frame';
  readonly frame: Exclude<AnyClientFrame, { kind: 'hello' }>;
}

/** There is room again, at the connection or at a link: draw. Control lane. */
export interface ClientDrained {
  readonly kind: 'client-drained';
}

/** The session's own timer: deadlines, and what a full mailbox or link refused. */
export interface SessionTick {
  readonly kind: 'session-tick';
}

/** The session's own timer: whose subscriptions are open is told to the manager. */
export interface SessionUsed {
  readonly kind: 'session-used';
}

/** The incarnation of the admin that was asked something has ended. Control lane. */
export interface AdminGone {
  readonly kind: 'admin-gone';
}

/** The gateway that was asked has ended, with what it had not answered. Control lane. */
export interface GatewayGone {
  readonly kind: 'gateway-gone';
}

/** The answer to a wrong token has waited long enough. Control lane. */
export interface TokenRefused {
  readonly kind: 'token-refused';
  readonly correlation: number;
}

export type ClientSessionMessage =
  | TokenRefused
  | FrameIn
  | ClientDrained
  | SessionTick
  | SessionUsed
  | GatewayGone
  | PartitionAnswer
  | CallAnswer
  | PushNews
  | AdminAnswer
  | AdminTraced
  | AdminGone
  | GroupLink;

export function clientActorId(connection: number): string {
  return `client/${connection}`;
}
