/**
 * What whoever asked is told by a replica that does not look at the question: it ended before, or is in quarantine. Nothing came of it, and
 * nothing will.
 */
import { refTo, type Context, type Ref } from '../../kernel/index.ts';
import type { CallError } from '@callboard/client/protocol';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import { refusalError } from './errors.ts';
import type { PartitionReplicaMessage } from './messages.ts';
import { deposedError } from './push-errors.ts';
import type { PushNews } from './push-messages.ts';

type ReplicaContext = Context<PartitionReplicaMessage>;

export interface TurnedAway {
  /** For calls. */
  readonly error: CallError;
  /** For subscriptions. */
  readonly ended: CallError;
  readonly leader: string | undefined;
}

/** A subscriber waits for this without a deadline, so where its link is full the link keeps it. */
export function endSubscription(
  context: ReplicaContext,
  { id, replyTo }: { readonly id: number; readonly replyTo: Ref<PushNews> },
  { ended: error, leader }: TurnedAway,
): void {
  const news: PushNews = { kind: 'push-ended', id, error, leader };
  if (context.send(replyTo, news, 'control') !== 'full') return;
  const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
  context.send(links, { kind: 'last-words', to: replyTo, message: news }, 'control');
}

/** Pulls and acks of subscriptions, whose end was told, and everything between replicas get no answer. */
export function refuseUnseen(
  context: ReplicaContext,
  message: PartitionReplicaMessage,
  told: TurnedAway,
): void {
  switch (message.kind) {
    case 'produce':
    case 'consume':
    case 'settle-takes':
    case 'size':
    case 'fetch':
    case 'locate':
    case 'lead': {
      const { id, replyTo } = message;
      const { error, leader } = told;
      context.send(replyTo, { kind: 'partition-failed', id, error, leader }, 'control');
      return;
    }
    case 'push-open':
      return endSubscription(context, message, told);
    default:
  }
}

/** For a replica that ended. */
export function turnAway(
  context: ReplicaContext,
  message: PartitionReplicaMessage,
  leader: string | undefined,
): void {
  const [error, ended] = [refusalError('not-leader'), deposedError(leader)];
  refuseUnseen(context, message, { error, ended, leader });
}
