/** Creates a topic; answered when its partitions can be used on every node. */
import { message, oneOf, optional, uint, type MessageCodec } from '../shape.ts';
import { correlation, topicName } from './common.ts';

export type TopicStorage = 'disk' | 'memory';

export interface CreateTopic {
  readonly kind: 'create-topic';
  readonly correlation: number;
  readonly topic: string;
  readonly partitions: number;
  /** The cluster's default when absent. */
  readonly replicas?: number;
  readonly storage?: TopicStorage;
}

export const createTopic: MessageCodec<CreateTopic> = message<CreateTopic>('create-topic', 37, {
  correlation,
  topic: topicName,
  partitions: uint,
  replicas: optional(uint),
  storage: optional(oneOf(['disk', 'memory'])),
});

export interface TopicCreated {
  readonly kind: 'topic-created';
  readonly correlation: number;
}

export const topicCreated: MessageCodec<TopicCreated> = message<TopicCreated>('topic-created', 38, {
  correlation,
});
