/**
 * Where partitions live. An empty list of topics asks for all of them, in the order of their creation. What does not fit one frame is left
 * out, and the answer says where to go on.
 */
import { wireLimits } from '../wire-limits.ts';
import { bool, list, message, nullable, optional, struct, uint, type MessageCodec } from '../shape.ts';
import { correlation, groupField, nodeName, topicName } from './common.ts';
import { errorCode } from './error.ts';
import type { GroupId } from '../brands.ts';
import type { ErrorCode } from '../errors.ts';

export interface MetadataRequest {
  readonly kind: 'metadata';
  readonly correlation: number;
  readonly topics: readonly string[];
  /** With the same topics: `next` of the answer before. */
  readonly from?: number;
  /** Those too that are being deleted, with `topic_deleting`; else they are not there. */
  readonly deleting?: boolean;
}

export interface PartitionPlace {
  readonly group: GroupId;
  /** The leader as far as this node knows. */
  readonly leader: string | undefined;
  /** Where the leader takes client connections, for example `ws://10.0.0.2:8080/client`. */
  readonly url: string | undefined;
}

export interface TopicPlaces {
  readonly name: string;
  /** Why there are no partitions here; undefined when all is well. */
  readonly error: ErrorCode | undefined;
  /** By partition number, from 0. */
  readonly partitions: readonly PartitionPlace[];
}

export interface MetadataReply {
  readonly kind: 'metadata-reply';
  readonly correlation: number;
  readonly topics: readonly TopicPlaces[];
  /** There is more than fits here: ask again from this on. */
  readonly next?: number;
}

const place = struct<PartitionPlace>({
  group: groupField,
  leader: nullable(nodeName),
  url: nullable(nodeName),
});

const topicPlaces = struct<TopicPlaces>({
  name: topicName,
  error: nullable(errorCode),
  partitions: list(place, wireLimits.topicPartitions),
});

export const metadataRequest: MessageCodec<MetadataRequest> = message<MetadataRequest>('metadata', 35, {
  correlation,
  topics: list(topicName, wireLimits.clusterPartitions),
  from: optional(uint),
  deleting: optional(bool),
});

export const metadataReply: MessageCodec<MetadataReply> = message<MetadataReply>('metadata-reply', 36, {
  correlation,
  topics: list(topicPlaces, wireLimits.clusterPartitions),
  next: optional(uint),
});
