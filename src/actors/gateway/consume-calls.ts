/**
 * Consumes (S11): at most once. A partition that certainly gave nothing away may be asked again, or the next one in its
 * place; a question that was sent and not answered is never repeated, because the record may be on its way to nobody.
 */
import type { CallError } from '@callboard/client/protocol';
import { consumerKey } from '../../directory/index.ts';
import type { AskResult } from './ask.ts';
import type { PendingCall } from './calls.ts';
import { checkConsumer } from './checks.ts';
import { emptyPartition, unanswered } from './failures.ts';
import type { Call } from './messages.ts';
import { nodesOf, whenChecked, type ConsumerScope, type GatewayParts } from './parts.ts';
import { RoundRobin } from './round-robin.ts';

type ConsumeCall = Extract<Call, { readonly op: 'consume' }>;

function turnOf({ consumer, topic }: ConsumerScope): string {
  return consumerKey(consumer, topic);
}

/** A call's walk over the partitions, from where its consumer's turn stands. */
interface Walk {
  readonly call: PendingCall;
  readonly scope: ConsumerScope;
  /** Partitions to ask, the next one first. */
  readonly ahead: number[];
  /** The first failure of a partition that was passed over. */
  failed: CallError | undefined;
}

export class ConsumeCalls {
  readonly #parts: GatewayParts;
  readonly #turns: RoundRobin;

  constructor(parts: GatewayParts, cursors: number) {
    this.#parts = parts;
    this.#turns = new RoundRobin(cursors);
  }

  run(call: PendingCall, asked: ConsumeCall): void {
    whenChecked(
      this.#parts,
      call,
      () => checkConsumer(this.#parts.copy, asked),
      (scope) => this.#begin(call, scope),
    );
  }

  #begin(call: PendingCall, scope: ConsumerScope): void {
    const { partition, partitions } = scope;
    if (partition !== undefined) {
      this.#ask({ call, scope, ahead: [], failed: undefined }, partition);
      return;
    }
    const start = this.#turns.begin(turnOf(scope), partitions);
    const ahead = Array.from({ length: partitions }, (_, step) => (start + step) % partitions);
    this.#ask({ call, scope, ahead, failed: undefined }, ahead.shift() ?? 0);
  }

  #ask(walk: Walk, partition: number): void {
    const { call, scope, ahead } = walk;
    const group = scope.groups[partition];
    if (group === undefined) throw new Error(`topic ${scope.topic} lost its partition ${partition}`);
    const nowMs = this.#parts.context.now();
    // A partition without a leader must not use up the time of those behind it.
    const deadlineMs = ahead.length > 0 ? nowMs + (call.deadlineMs - nowMs) / 2 : call.deadlineMs;
    call.expired = () => unanswered(group, undefined);
    this.#parts.asks.start({
      group,
      repeatable: false,
      deadlineMs,
      answerByMs: call.deadlineMs,
      replicas: () => nodesOf(this.#parts, group),
      request: (id, replyTo) => ({ kind: 'consume', id, replyTo, consumer: scope.consumer }),
      refused: () => undefined,
      settled: (result) => this.#settled(walk, partition, result),
    });
  }

  #settled(walk: Walk, partition: number, result: AskResult): void {
    const { call, scope, ahead } = walk;
    if (result.kind === 'answer' && result.answer.kind === 'consumed') {
      const { offset, value } = result.answer;
      this.#end(walk, partition);
      this.#parts.calls.succeed(call, { op: 'consume', partition, offset, value });
      return;
    }
    if (result.kind === 'failed' && !result.certain) {
      // The next call begins behind this partition, so that one lost node does not hold up all others.
      this.#end(walk, partition);
      this.#parts.calls.fail(call, result.error);
      return;
    }
    if (result.kind === 'failed') walk.failed ??= result.error;
    // A removed topic has no partition left to ask.
    const removed = result.kind === 'failed' && result.error.code === 'topic_not_found';
    const next = removed ? undefined : ahead.shift();
    if (next !== undefined && call.open) {
      this.#ask(walk, next);
      return;
    }
    this.#end(walk, undefined);
    this.#parts.calls.fail(call, walk.failed ?? emptyPartition(scope.topic, scope.partition));
  }

  #end(walk: Walk, used: number | undefined): void {
    if (walk.scope.partition === undefined) this.#turns.end(turnOf(walk.scope), used);
  }
}
