/** What operators ask for through the client library too; the rest is in operator.ts, so that programs do not carry it. */
import { bool, message, optional, str, type MessageCodec } from '../shape.ts';
import { correlation, topicName } from './common.ts';

/** Answer: `done`. */
export interface Authorize {
  readonly kind: 'authorize';
  readonly correlation: number;
  readonly token: string;
}

export const authorize: MessageCodec<Authorize> = message<Authorize>('authorize', 80, {
  correlation,
  token: str(2_048),
});

export interface Done {
  readonly kind: 'done';
  readonly correlation: number;
}

export const done: MessageCodec<Done> = message<Done>('done', 81, { correlation });

/**
 * Answer: `done`, when a majority of each partition's replicas is deleted for good and no active node knows the topic any more. What
 * takes longer ends `unknown`, and goes on. `force`: replicas on brokers that an operator has removed count as deleted, if nothing else
 * is missing; otherwise it is refused.
 */
export interface RemoveTopic {
  readonly kind: 'remove-topic';
  readonly correlation: number;
  readonly topic: string;
  readonly force?: boolean;
}

export const removeTopic: MessageCodec<RemoveTopic> = message<RemoveTopic>('remove-topic', 92, {
  correlation,
  topic: topicName,
  force: optional(bool),
});
