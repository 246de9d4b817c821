/** Who consumes a topic, and how far each has got. Needs no operator's right: whoever may read a topic may know this. */
import { wireLimits } from '../wire-limits.ts';
import {
  bool,
  list,
  message,
  oneOf,
  optional,
  str,
  struct,
  uint,
  type Codec,
  type MessageCodec,
} from '../shape.ts';
import { correlation, topicName } from './common.ts';

/** In one answer; the next is asked for behind the last of them. */
export const consumersPerFrame = 1_000;

const consumerId: Codec<string> = str(200);

export interface ListConsumers {
  readonly kind: 'list-consumers';
  readonly correlation: number;
  readonly topic: string;
  /** Those behind this id, in the order of ids; empty: all. */
  readonly after: string;
}

export const listConsumers: MessageCodec<ListConsumers> = message<ListConsumers>('list-consumers', 76, {
  correlation,
  topic: topicName,
  after: consumerId,
});

export interface ConsumerEntry {
  readonly id: string;
  /** Registered over HTTP, or opened by a client to be pushed to. */
  readonly over: 'http' | 'push';
}

export interface ConsumerList {
  readonly kind: 'consumer-list';
  readonly correlation: number;
  readonly consumers: readonly ConsumerEntry[];
  /** There are others behind the last one. */
  readonly more?: boolean;
}

const entry = struct<ConsumerEntry>({ id: consumerId, over: oneOf(['http', 'push']) });

export const consumerList: MessageCodec<ConsumerList> = message<ConsumerList>('consumer-list', 77, {
  correlation,
  consumers: list(entry, consumersPerFrame),
  more: optional(bool),
});

export interface DescribeConsumer {
  readonly kind: 'describe-consumer';
  readonly correlation: number;
  readonly topic: string;
  readonly consumer: string;
}

export const describeConsumer: MessageCodec<DescribeConsumer> = message<DescribeConsumer>(
  'describe-consumer',
  78,
  {
    correlation,
    topic: topicName,
    consumer: consumerId,
  },
);

export interface ConsumerDetail {
  readonly kind: 'consumer-detail';
  readonly correlation: number;
  readonly over: 'http' | 'push';
  /** By partition: committed records that it is not done with, confirmed by the leader. */
  readonly lags: readonly number[];
}

export const consumerDetail: MessageCodec<ConsumerDetail> = message<ConsumerDetail>('consumer-detail', 79, {
  correlation,
  over: oneOf(['http', 'push']),
  lags: list(uint, wireLimits.topicPartitions),
});
