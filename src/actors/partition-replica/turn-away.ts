/** What is told to whoever asked a replica that ended before it looked at the question: nothing came of it, and nothing will. */
import { refTo, type Context } from '../../kernel/index.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import { refusalError } from './errors.ts';
import type { PartitionReplicaMessage } from './messages.ts';
import { deposedError } from './push-errors.ts';
import type { PushNews } from './push-messages.ts';

export function turnAway(
  context: Context<PartitionReplicaMessage>,
  message: PartitionReplicaMessage,
  leader: string | undefined,
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
      const error = refusalError('not-leader');
      context.send(replyTo, { kind: 'partition-failed', id, error, leader }, 'control');
      return;
    }
    case 'push-open': {
      const { id, replyTo } = message;
      const news: PushNews = { kind: 'push-ended', id, error: deposedError(leader), leader };
      if (context.send(replyTo, news, 'control') !== 'full') return;
      const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
      context.send(links, { kind: 'last-words', to: replyTo, message: news }, 'control');
      return;
    }
    // Pulls and acks of subscriptions, whose end was told; and everything between replicas.
    default:
  }
}
