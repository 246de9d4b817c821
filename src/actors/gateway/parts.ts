/** What the gateway's files share: one set per start of the actor. */
import type { CallError, Crc32, GroupId, Limits, TopicStorage } from '@callboard/client/protocol';
import type { Context, RateBudget } from '../../kernel/index.ts';
import type { Asks } from './asks.ts';
import type { Calls, PendingCall } from './calls.ts';
import type { DirectoryCalls } from './directory-calls.ts';
import type { DirectoryCopy } from './directory-copy.ts';
import type { LeaderQuestions } from './leader-questions.ts';
import type { Leaders } from './leaders.ts';
import type { GatewayMessage } from './messages.ts';
import type { UsedIds } from './used-ids.ts';

export interface GatewayParts {
  readonly context: Context<GatewayMessage>;
  readonly limits: Limits;
  readonly crc32: Crc32;
  readonly copy: DirectoryCopy;
  readonly calls: Calls;
  readonly asks: Asks;
  readonly leaders: Leaders;
  readonly questions: LeaderQuestions;
  readonly directory: DirectoryCalls;
  readonly used: UsedIds;
  /** Partitions that are created, and producers and consumers that are registered or opened. */
  readonly creations: RateBudget;
  readonly registrations: RateBudget;
  /** Partitions of a topic that a producer's registration creates. */
  readonly defaultPartitions: number;
  /** Of a topic whose creator does not say. */
  readonly defaultStorage: TopicStorage;
}

/** `final`: no news of the directory could change this answer. */
export type Check<T> = { readonly value: T } | { readonly error: CallError; readonly final: boolean };

/**
 * Goes on with the value of `check`. A negative answer is given only after the copy has caught up with everything that any
 * node had answered before the call (S13), unless it is final.
 */
export function whenChecked<T>(
  parts: GatewayParts,
  call: PendingCall,
  check: () => Check<T>,
  then: (value: T) => void,
): void {
  const first = check();
  if ('value' in first) {
    then(first.value);
    return;
  }
  if (first.final) {
    parts.calls.fail(call, first.error);
    return;
  }
  parts.directory.barrier(call, (failed) => {
    if (failed !== undefined) {
      parts.calls.fail(call, failed);
      return;
    }
    const second = check();
    if ('value' in second) then(second.value);
    else parts.calls.fail(call, second.error);
  });
}

/** A consumer's call that passed its checks. */
export interface ConsumerScope {
  readonly topic: string;
  readonly consumer: string;
  /** The partition asked for, or all of them. */
  readonly partition: number | undefined;
  readonly partitions: number;
  /** By partition, as the topic was when the call was checked: a namesake made since is another topic. */
  readonly groups: readonly GroupId[];
}

/** None: its topic was removed, or this copy is being told anew. */
export function nodesOf(parts: GatewayParts, group: GroupId): readonly string[] {
  return parts.copy.placement(group)?.replicas.map(({ node }) => node) ?? [];
}
