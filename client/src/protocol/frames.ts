/**
 * The frames between a client and a node: every frame is `[type, correlation, ...fields]`.
 *
 * Types 1 to 31 belong to peers (peer-frames.ts), 32 to 95 to clients. The
 * two directions are separate families and no family holds both peer and client frames, so a frame on the wrong
 * path or in the wrong direction is simply unknown there. 64 to 79 are push, 80 to 95 are for operators (operator-frames.ts).
 */
import * as admin from './messages/admin.ts';
import * as consumers from './messages/consumers.ts';
import { createTopic, topicCreated, type CreateTopic, type TopicCreated } from './messages/create-topic.ts';
import { errorReply, type ErrorReply } from './messages/error.ts';
import { fetch, fetched, type Fetch, type Fetched } from './messages/fetch.ts';
import { clientHello, clientHelloReply, type ClientHello, type ClientHelloReply } from './messages/hello.ts';
import {
  metadataReply,
  metadataRequest,
  type MetadataReply,
  type MetadataRequest,
} from './messages/metadata.ts';
import { ping, pong, type Ping, type Pong } from './messages/ping.ts';
import { produce, produced, type Produce, type Produced } from './messages/produce.ts';
import * as push from './messages/push.ts';
import { union, type UnionCodec, type UnionParts } from './shape.ts';

/** Both sides of a connection must speak the same version. */
export const protocolVersion = 1;

/** What a client may send. */
export type ClientFrame =
  | ClientHello
  | MetadataRequest
  | CreateTopic
  | Produce
  | Fetch
  | Ping
  | push.OpenConsumer
  | push.Subscribe
  | push.Credit
  | push.Ack
  | push.Unsubscribe
  | push.Locate
  | consumers.ListConsumers
  | consumers.DescribeConsumer
  | admin.Authorize
  | admin.RemoveTopic;

/** What a node may send to a client. */
export type NodeFrame =
  | ClientHelloReply
  | ErrorReply
  | MetadataReply
  | TopicCreated
  | Produced
  | Fetched
  | Pong
  | push.ConsumerOpened
  | push.Subscribed
  | push.Delivery
  | push.Acked
  | push.Unsubscribed
  | push.Located
  | consumers.ConsumerList
  | consumers.ConsumerDetail
  | admin.Done;

export const clientParts: UnionParts<ClientFrame> = {
  hello: clientHello,
  metadata: metadataRequest,
  'create-topic': createTopic,
  produce,
  fetch,
  ping,
  'open-consumer': push.openConsumer,
  subscribe: push.subscribe,
  credit: push.credit,
  ack: push.ack,
  unsubscribe: push.unsubscribe,
  locate: push.locate,
  'list-consumers': consumers.listConsumers,
  'describe-consumer': consumers.describeConsumer,
  authorize: admin.authorize,
  'remove-topic': admin.removeTopic,
};

export const clientFrames: UnionCodec<ClientFrame> = union<ClientFrame>(clientParts);

export const nodeParts: UnionParts<NodeFrame> = {
  'hello-reply': clientHelloReply,
  error: errorReply,
  'metadata-reply': metadataReply,
  'topic-created': topicCreated,
  produced,
  fetched,
  pong,
  'consumer-opened': push.consumerOpened,
  subscribed: push.subscribed,
  delivery: push.delivery,
  acked: push.acked,
  unsubscribed: push.unsubscribed,
  located: push.located,
  'consumer-list': consumers.consumerList,
  'consumer-detail': consumers.consumerDetail,
  done: admin.done,
};

export const nodeFrames: UnionCodec<NodeFrame> = union<NodeFrame>(nodeParts);

/** The version that a hello announces: position 2 in every version, for peers and clients alike. */
export function announcedVersion(frame: readonly unknown[], helloType: number): number | undefined {
  const version = frame[0] === helloType ? frame[2] : undefined;
  return typeof version === 'number' ? version : undefined;
}
