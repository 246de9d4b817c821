/**
 * Hands what came from another node to its actor. A request to a partition that this node does not take is answered here: its
 * replica may have been deleted with its topic, or wait for its restart, and the asker would only learn of it by its deadline.
 */
import type { PartitionAnswer, PartitionRequest } from '../actors/partition-replica/messages.ts';
import type { PushNews, PushRequest } from '../actors/partition-replica/push-messages.ts';
import type { ActorSystem, Envelope } from '../kernel/index.ts';
import { failure, type CallError } from '@callboard/client/protocol';

const requests: ReadonlySet<string> = new Set<PartitionRequest['kind']>([
  'produce',
  'consume',
  'size',
  'fetch',
  'locate',
  'lead',
]);
const pushes: ReadonlySet<string> = new Set<PushRequest['kind']>(['push-open', 'push-pull', 'push-ack']);

export function deliver(system: ActorSystem, envelope: Envelope): void {
  const sent = system.deliver(envelope);
  if (sent === 'accepted' || !envelope.to.id.startsWith('partition/')) return;
  const { kind } = envelope.message as { readonly kind: string };
  const error = refusal(sent, system.node);
  if (requests.has(kind)) {
    const { id, replyTo } = envelope.message as PartitionRequest;
    system.send<PartitionAnswer>(replyTo, { kind: 'partition-failed', id, error, leader: undefined });
  } else if (pushes.has(kind)) {
    const { id, replyTo } = envelope.message as PushRequest;
    system.send<PushNews>(replyTo, { kind: 'push-ended', id, error, leader: undefined });
  }
}

function refusal(why: 'full' | 'gone', node: string): CallError {
  if (why === 'full') {
    const message = `the partition's replica on node '${node}' has too many calls waiting; try again later`;
    return failure('overloaded', { message, retryAfterMs: 50 });
  }
  return failure('not_leader', {
    message: `node '${node}' runs no replica of this partition now; ask who leads it`,
  });
}
