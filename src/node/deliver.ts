/**
 * Hands what came from another node to its actor. What its actor does not take is answered here, or the other side would only learn
 * of it by its deadline: the replica may have been deleted with its topic, or wait for its restart; the session may have ended with
 * its client, and its farewell been lost with a full link.
 */
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
  PartitionRequest,
} from '../actors/partition-replica/messages.ts';
import type { PushNews, PushRequest } from '../actors/partition-replica/push-messages.ts';
import type { ActorSystem, Envelope, Ref } from '../kernel/index.ts';
import { failure, type CallError } from '@callboard/client/protocol';

const requests: ReadonlySet<string> = new Set<PartitionRequest['kind']>([
  'produce',
  'consume',
  'settle-takes',
  'size',
  'fetch',
  'locate',
  'lead',
]);
const pushes: ReadonlySet<string> = new Set<PushRequest['kind']>(['push-open', 'push-pull', 'push-ack']);
/** News after which the partition still has the subscription. */
const pushNews: ReadonlySet<string> = new Set<PushNews['kind']>([
  'push-opened',
  'push-ready',
  'pushed',
  'push-acked',
  'push-ack-refused',
]);

export function deliver(system: ActorSystem, envelope: Envelope): void {
  const sent = system.deliver(envelope);
  if (sent === 'accepted') return;
  const { kind } = envelope.message as { readonly kind: string };
  if (envelope.to.id.startsWith('partition/')) refuse(system, envelope, sent, kind);
  else if (pushNews.has(kind)) {
    const { id } = envelope.message as PushNews;
    close(system, envelope.from, id, envelope.to);
  }
}

function refuse(system: ActorSystem, envelope: Envelope, why: 'full' | 'gone', kind: string): void {
  const error = refusal(why, system.node);
  if (requests.has(kind)) {
    const { id, replyTo } = envelope.message as PartitionRequest;
    system.send<PartitionAnswer>(replyTo, { kind: 'partition-failed', id, error, leader: undefined });
  } else if (pushes.has(kind)) {
    const { id, replyTo } = envelope.message as PushRequest;
    system.send<PushNews>(replyTo, { kind: 'push-ended', id, error, leader: undefined });
    // The subscriber takes it for ended from here on.
    close(system, envelope.to, id, replyTo);
  }
}

function close(
  system: ActorSystem,
  partition: Ref<PartitionReplicaMessage>,
  id: number,
  replyTo: Ref<PushNews>,
): void {
  system.send(partition, { kind: 'push-close', id, replyTo }, 'control');
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
