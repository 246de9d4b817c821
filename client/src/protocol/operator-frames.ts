/**
 * The whole protocol of a client connection, operators' frames included. Kept apart from frames.ts, so that programs which are no
 * operators do not carry it.
 */
import { clientParts, nodeParts, type ClientFrame, type NodeFrame } from './frames.ts';
import * as operator from './messages/operator.ts';
import { union, type UnionCodec, type UnionParts } from './shape.ts';

export type OperatorFrame =
  | operator.Authorize
  | operator.ClusterStatus
  | operator.ListActors
  | operator.AskActor
  | operator.TraceActor
  | operator.ChangeBroker
  | operator.RemoveTopic
  | operator.RemoveConsumer
  | operator.RemoveProducer;

export type OperatorAnswer =
  operator.Done | operator.ClusterReport | operator.ActorList | operator.ActorDetail | operator.Traced;

export type AnyClientFrame = ClientFrame | OperatorFrame;
export type AnyNodeFrame = NodeFrame | OperatorAnswer;

const operatorParts: UnionParts<Exclude<OperatorFrame, ClientFrame>> = {
  'cluster-status': operator.clusterStatus,
  'list-actors': operator.listActors,
  'ask-actor': operator.askActor,
  'trace-actor': operator.traceActor,
  'change-broker': operator.changeBroker,
  'remove-consumer': operator.removeConsumer,
  'remove-producer': operator.removeProducer,
};

const answerParts: UnionParts<Exclude<OperatorAnswer, NodeFrame>> = {
  'cluster-report': operator.clusterReport,
  'actor-list': operator.actorList,
  'actor-detail': operator.actorDetail,
  traced: operator.traced,
};

export const anyClientFrames: UnionCodec<AnyClientFrame> = /* @__PURE__ */ union<AnyClientFrame>({
  ...clientParts,
  ...operatorParts,
});

export const anyNodeFrames: UnionCodec<AnyNodeFrame> = /* @__PURE__ */ union<AnyNodeFrame>({
  ...nodeParts,
  ...answerParts,
});
