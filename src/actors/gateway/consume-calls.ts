/**
 * Consumes (S11). A partition that certainly gave nothing away may be asked again, or the next one in its place; a question that was
 * sent and not answered is never repeated within its call. What it took is given back, and goes to the consumer's next call.
 */
import type { CallError } from '@callboard/client/protocol';
import { consumerKey } from '../../directory/index.ts';
import type { AskResult } from './ask.ts';
import type { PendingCall } from './calls.ts';
import { checkTaker } from './checks.ts';
import { emptyPartition, takeHeld, tooManyTakes, unanswered } from './failures.ts';
import type { Call } from './messages.ts';
import { nodesOf, whenChecked, type ConsumerScope, type GatewayParts } from './parts.ts';
import { Peek } from './peek.ts';
import { RoundRobin } from './round-robin.ts';
import type { TakeBook, TakePlace } from './takes.ts';

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
  /** Which of those ahead are empty, once the first one was. */
  peek: Peek | undefined;
  /** The walk waits for what `peek` will know. */
  waits: boolean;
}

/** The question to one partition. */
interface Attempt {
  /** Of the newest try; those before it certainly took nothing. */
  id: number;
  readonly place: TakePlace;
  /** Hand-overs that it takes along. */
  noted: readonly number[];
}

/** Fewer partitions than these are asked one after the other: looking first would cost them a round. */
const peekFrom = 8;

export class ConsumeCalls {
  readonly #parts: GatewayParts;
  readonly #takes: TakeBook;
  readonly #turns: RoundRobin;

  constructor(parts: GatewayParts, takes: TakeBook, cursors: number) {
    this.#parts = parts;
    this.#takes = takes;
    this.#turns = new RoundRobin(cursors);
  }

  run(call: PendingCall, asked: ConsumeCall): void {
    const { gatewayOpenTakes } = this.#parts.limits;
    if (this.#takes.size >= gatewayOpenTakes) {
      this.#parts.calls.fail(call, tooManyTakes(gatewayOpenTakes));
      return;
    }
    whenChecked(
      this.#parts,
      call,
      () => checkTaker(this.#parts.copy, asked),
      (scope) => {
        this.#parts.used.consumer(scope.consumer, scope.topic);
        this.#begin(call, scope);
      },
    );
  }

  #begin(call: PendingCall, scope: ConsumerScope): void {
    const { partition, partitions } = scope;
    if (partition !== undefined) {
      this.#ask({ call, scope, ahead: [], failed: undefined, peek: undefined, waits: false }, partition);
      return;
    }
    const start = this.#turns.begin(turnOf(scope), partitions);
    const ahead = Array.from({ length: partitions }, (_, step) => (start + step) % partitions);
    this.#ask({ call, scope, ahead, failed: undefined, peek: undefined, waits: false }, ahead.shift() ?? 0);
  }

  #ask(walk: Walk, partition: number): void {
    const { call, scope, ahead } = walk;
    const group = scope.groups[partition];
    if (group === undefined) throw new Error(`topic ${scope.topic} lost its partition ${partition}`);
    const nowMs = this.#parts.context.now();
    // A partition without a leader must not use up the time of those behind it.
    const deadlineMs = ahead.length > 0 ? nowMs + (call.deadlineMs - nowMs) / 2 : call.deadlineMs;
    call.expired = () => unanswered(group, undefined);
    const place: TakePlace = { group, topic: scope.topic, partition, consumer: scope.consumer };
    const attempt: Attempt = { id: 0, place, noted: [] };
    this.#parts.asks.start({
      group,
      repeatable: false,
      deadlineMs,
      answerByMs: call.deadlineMs,
      replicas: () => nodesOf(this.#parts, group),
      request: (id, replyTo) => {
        attempt.id = id;
        attempt.noted = [...attempt.noted, ...this.#takes.carry(place)];
        const { start } = this.#takes;
        return { kind: 'consume', id, replyTo, consumer: scope.consumer, start, noted: attempt.noted };
      },
      refused: () => undefined,
      settled: (result) => this.#settled(walk, attempt, result),
    });
  }

  #settled(walk: Walk, { id, place, noted }: Attempt, result: AskResult): void {
    const { call, scope, ahead } = walk;
    const { partition } = place;
    const took = result.kind === 'answer' && result.answer.kind === 'consumed';
    this.#takes.delivered(place, noted, took);
    if (result.kind === 'answer' && result.answer.kind === 'consumed') {
      const { offset, value } = result.answer;
      this.#end(walk, partition);
      if (call.open) this.#takes.answering(id, place, call.message);
      else this.#takes.giveBack(id, place);
      this.#parts.calls.succeed(call, { op: 'consume', partition, offset, value });
      return;
    }
    if (result.kind === 'failed' && !result.certain) {
      // The next call begins behind this partition, so that one lost node does not hold up all others.
      this.#end(walk, partition);
      this.#takes.giveBack(id, place);
      this.#parts.calls.fail(call, result.error);
      return;
    }
    if (result.kind === 'failed') walk.failed ??= result.error;
    if (result.kind === 'answer' && result.answer.kind === 'nothing') {
      const { heldBy } = result.answer;
      if (heldBy !== undefined) walk.failed ??= takeHeld(heldBy, partition);
    }
    // A removed topic has no partition left to ask.
    if (result.kind === 'failed' && nodesOf(this.#parts, place.group).length === 0) ahead.length = 0;
    if (walk.peek === undefined && ahead.length >= peekFrom && call.open) {
      const nowMs = this.#parts.context.now();
      const deadlineMs = nowMs + (call.deadlineMs - nowMs) / 2;
      const news = (): void => {
        if (walk.waits) this.#goOn(walk);
      };
      walk.peek = new Peek(this.#parts, call, scope, ahead, { deadlineMs, news });
    }
    this.#goOn(walk);
  }

  /** Asks the next partition that is not known to be empty. */
  #goOn(walk: Walk): void {
    const { call, scope, ahead, peek } = walk;
    walk.waits = false;
    while (call.open) {
      const [next] = ahead;
      if (next === undefined) break;
      const known = peek === undefined ? 'worth asking' : peek.of(next);
      if (known === undefined) {
        walk.waits = true;
        return;
      }
      ahead.shift();
      if (known === 'empty') continue;
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
