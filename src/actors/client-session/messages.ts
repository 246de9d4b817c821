/**
 * ClientSession: one per client connection, actor id `client/NUMBER`. Turns the client's frames into requests to local actors
 * and their answers into frames. Knows no more of the cluster than where a partition lives; the client follows leaders itself.
 */
import type { ClientFrame } from '@callboard/client/protocol';
import type { CallAnswer } from '../gateway/messages.ts';
import type { PartitionAnswer } from '../partition-replica/messages.ts';

/** One frame, every field checked. Data lane: a client that sends more than it may have in flight is cut off. */
export interface FrameIn {
  readonly kind: 'client-frame';
  readonly frame: Exclude<ClientFrame, { kind: 'hello' }>;
}

export type ClientSessionMessage = FrameIn | PartitionAnswer | CallAnswer;

export function clientActorId(connection: number): string {
  return `client/${connection}`;
}
