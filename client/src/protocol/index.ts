/**
 * The one definition of the wire: brands, limits, record batches, frames and error codes, for Node and browsers.
 * Everything here is synchronous and free of I/O; checksums and randomness come in from outside.
 */
export * from './brands.ts';
export * from './chunk.ts';
export * from './generations.ts';
export * from './producer-epochs.ts';
export * from './client-limits.ts';
export * from './wire-limits.ts';
export * from './limits.ts';
export * from './limit-rules.ts';
export type { CallError } from './call-error.ts';
export * from './entry-header.ts';
export * from './errors.ts';
export * from './shape.ts';
export * from './utf8.ts';
export * from './crc32.ts';
export * from './murmur2.ts';
export * from './pack.ts';
export * from './pack-parts.ts';
export * from './records.ts';
export * from './validate.ts';
export * from './frames.ts';
export * from './peer-frames.ts';
export type { Acks } from './messages/common.ts';
export { consumersPerFrame, type ConsumerEntry } from './messages/consumers.ts';
export type { CreateTopic, TopicCreated, TopicStorage } from './messages/create-topic.ts';
export { errorCode, fromErrorReply, toErrorReply, type ErrorReply } from './messages/error.ts';
export type { Fetch as FetchRequest, Fetched as FetchReply } from './messages/fetch.ts';
export { clientHelloType, type ClientHello, type ClientHelloReply } from './messages/hello.ts';
export type { MetadataReply, MetadataRequest, PartitionPlace, TopicPlaces } from './messages/metadata.ts';
export type { Ping, Pong } from './messages/ping.ts';
export type { Produce, Produced } from './messages/produce.ts';
export type {
  Ack,
  Acked,
  ConsumerOpened,
  Credit,
  Delivery,
  Locate,
  Located,
  OpenConsumer,
  Position,
  SessionOf,
  Subscribe,
  Subscribed,
  Unsubscribe,
  Unsubscribed,
} from './messages/push.ts';
export {
  actorReport,
  nodeFacts,
  traceEnd,
  tracedMessage,
  type ActorReport,
  type ChangeBroker,
  type ClusterReport,
  type NodeFacts,
  type NodeRow,
  type RemovalRow,
  type TraceEnd,
  type TracedMessage,
} from './messages/operator.ts';
export * from './operator-frames.ts';
export * from './close-codes.ts';
