/** Sizes (S12): committed records that the consumer has not had, and those to be given again, of one partition or all, asked in parallel. */
import type { PendingCall } from './calls.ts';
import { checkConsumer } from './checks.ts';
import { noReplicaServes } from './failures.ts';
import type { Call, PartitionSize } from './messages.ts';
import { nodesOf, whenChecked, type ConsumerScope, type GatewayParts } from './parts.ts';

type SizeCall = Extract<Call, { readonly op: 'size' }>;
type DescribeCall = Extract<Call, { readonly op: 'describe-consumer' }>;
type Then = (sizes: readonly PartitionSize[]) => void;

export function measure(parts: GatewayParts, call: PendingCall, asked: SizeCall): void {
  whenChecked(
    parts,
    call,
    () => checkConsumer(parts.copy, asked),
    (scope) => {
      parts.used.consumer(scope.consumer, scope.topic);
      askAll(parts, call, scope, (sizes) => parts.calls.succeed(call, { op: 'size', sizes }));
    },
  );
}

export function describeConsumer(parts: GatewayParts, call: PendingCall, asked: DescribeCall): void {
  const { topic, consumer } = asked;
  const described: Then = (sizes) => {
    const over = parts.copy.isRegistered(consumer, topic) ? 'http' : 'push';
    parts.calls.succeed(call, { op: 'describe-consumer', over, sizes });
  };
  whenChecked(
    parts,
    call,
    () => checkConsumer(parts.copy, { topic, consumer, partition: undefined }),
    (scope) => askAll(parts, call, scope, described),
  );
}

function askAll(parts: GatewayParts, call: PendingCall, scope: ConsumerScope, then: Then): void {
  const { partition } = scope;
  const wanted =
    partition === undefined ? Array.from({ length: scope.partitions }, (_, index) => index) : [partition];
  const sizes = new Map<number, number>();
  const done = (at: number, size: number): void => {
    sizes.set(at, size);
    if (sizes.size < wanted.length) return;
    then(wanted.map((index) => ({ partition: index, size: sizes.get(index) ?? 0 })));
  };
  for (const index of wanted) askOne(parts, call, scope, { index, done });
}

function askOne(
  parts: GatewayParts,
  call: PendingCall,
  scope: ConsumerScope,
  one: { readonly index: number; readonly done: (partition: number, size: number) => void },
): void {
  const group = scope.groups[one.index];
  if (group === undefined) throw new Error(`topic ${scope.topic} lost its partition ${one.index}`);
  call.expired = () => noReplicaServes(group, undefined);
  parts.asks.start({
    group,
    repeatable: true,
    deadlineMs: call.deadlineMs,
    replicas: () => nodesOf(parts, group),
    request: (id, replyTo) =>
      call.open ? { kind: 'size', id, replyTo, consumer: scope.consumer } : undefined,
    refused: () => undefined,
    settled: (result) => {
      if (result.kind === 'failed') {
        // Nothing was to be changed, so nothing can have been, answered or not.
        parts.calls.fail(call, { ...result.error, outcome: 'not_applied' });
      } else if (result.answer.kind === 'sized') {
        one.done(one.index, result.answer.size);
      } else throw new Error(`partition group ${group} answered a size with ${result.answer.kind}`);
    },
  });
}
