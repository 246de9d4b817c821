/** Who leads a partition: for client sessions, which carry produces and subscriptions to the leader's node. */
import type { PartitionPlacement } from '../../directory/index.ts';
import type { PendingCall } from './calls.ts';
import { noSuchPartition } from './checks.ts';
import { noReplicaServes, sessionNotGiven, sessionOver, topicNotFound } from './failures.ts';
import type { Call } from './messages.ts';
import { nodesOf, whenChecked, type Check, type GatewayParts } from './parts.ts';

type RouteCall = Extract<Call, { readonly op: 'route' }>;

function checkRoute({ copy }: GatewayParts, asked: RouteCall): Check<PartitionPlacement> {
  const { topic, partition, owner } = asked;
  const known = copy.topic(topic);
  if (known === undefined) return { error: topicNotFound(topic), final: false };
  const placement = known.partitions[partition];
  if (placement === undefined) {
    return noSuchPartition(partition, topic, known.partitions.length);
  }
  if (owner === undefined) return { value: placement };
  const { consumer, session } = owner;
  // A number that nobody was given could fence a consumer for good.
  if (session === 0 || session > copy.sessionOf(consumer, topic)) {
    return { error: sessionNotGiven(consumer, session), final: false };
  }
  if (session < copy.sessionsSince(consumer, topic)) {
    return { error: sessionOver(consumer, session), final: false };
  }
  return { value: placement };
}

export function findRoute(parts: GatewayParts, call: PendingCall, asked: RouteCall): void {
  whenChecked(
    parts,
    call,
    () => checkRoute(parts, asked),
    ({ group }) => {
      const { owner, topic } = asked;
      const since = owner === undefined ? 1 : parts.copy.sessionsSince(owner.consumer, topic);
      askLeader(parts, call, group, since);
    },
  );
}

function askLeader(
  parts: GatewayParts,
  call: PendingCall,
  group: PartitionPlacement['group'],
  since: number,
): void {
  call.expired = () => noReplicaServes(group, undefined);
  parts.asks.start({
    group,
    repeatable: true,
    deadlineMs: call.deadlineMs,
    replicas: () => nodesOf(parts, group),
    request: (id, replyTo) => (call.open ? { kind: 'lead', id, replyTo } : undefined),
    refused: () => undefined,
    settled: (result) => {
      if (result.kind === 'answer') {
        parts.calls.succeed(call, { op: 'route', group, node: result.node, ...(since > 1 && { since }) });
      }
      // Nothing was to be changed, so nothing can have been, answered or not.
      else parts.calls.fail(call, { ...result.error, outcome: 'not_applied' });
    },
  });
}
