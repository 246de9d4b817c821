/** What the parts of a call want of the engine that asks partitions (`asks.ts`), and what they are told. */
import type { CallError, GroupId } from '@callboard/client/protocol';
import type { Ref } from '../../kernel/index.ts';
import type { PartitionAnswer, PartitionFailed, PartitionRequest } from '../partition-replica/messages.ts';

export type GoodAnswer = Exclude<PartitionAnswer, PartitionFailed>;

/**
 * `certain`: nothing of this ask was or will be applied. Otherwise an attempt may have been, or may yet be, and the error
 * says `unknown` (or `applied`, where a replica knew).
 */
export type AskResult =
  | { readonly kind: 'answer'; readonly answer: GoodAnswer; readonly node: string }
  | { readonly kind: 'failed'; readonly error: CallError; readonly certain: boolean };

/** One question to the leader of one partition, asked until it is settled. */
export interface Ask {
  readonly group: GroupId;
  /** May be sent again while an earlier attempt's fate is unknown, because asking twice does no more than asking once. */
  readonly repeatable: boolean;
  /** Monotonic time at which to give up; read again at each step. */
  readonly deadlineMs: number;
  /**
   * Of an ask that is not repeatable: until when an answer is waited for once it was sent, if that is later. Giving up sooner
   * would turn an answer that is merely slow into an unknown outcome.
   */
  readonly answerByMs?: number;
  /** The nodes that hold the partition now, in order of preference. */
  replicas(): readonly string[];
  /** The message of the next attempt; undefined: nothing is left to ask, and the ask ends without being settled. */
  request(id: number, replyTo: Ref<PartitionAnswer>): PartitionRequest | undefined;
  /** An attempt did no good, and there will be another one. `certain` as in `AskResult`, of all attempts so far. */
  refused(error: CallError, certain: boolean): void;
  /** Called at most once, last. */
  settled(result: AskResult): void;
}
