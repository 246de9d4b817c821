/**
 * What operators ask of a node, on the same connection as everything else: 80 to 95. `authorize` with the admin token comes first; until then
 * all others are answered `auth_failed`. Any node answers for any node: it asks the other one over their peer link.
 */
import { wireLimits } from '../wire-limits.ts';
import {
  bool,
  list,
  message,
  nullable,
  oneOf,
  optional,
  str,
  struct,
  text,
  uint,
  type Codec,
  type MessageCodec,
} from '../shape.ts';
import { correlation, nodeName, topicName } from './common.ts';

export type { Authorize, Done, RemoveTopic } from './admin.ts';

const actorId: Codec<string> = str(256);
const word: Codec<string> = str(64);

export interface ClusterStatus {
  readonly kind: 'cluster-status';
  readonly correlation: number;
}

export const clusterStatus: MessageCodec<ClusterStatus> = message<ClusterStatus>('cluster-status', 82, {
  correlation,
});

/** What a node says of itself. */
export interface NodeFacts {
  readonly version: string;
  readonly ready: boolean;
  readonly healthy: boolean;
  /** In the directory's group: leader, follower, ... */
  readonly role: string;
  readonly term: number;
  readonly applied: number;
  readonly replicas: number;
  readonly leading: number;
  readonly damaged: number;
  readonly actors: number;
  readonly restarts: number;
  /** Messages in all mailboxes. */
  readonly waiting: number;
  readonly rssBytes: number;
  readonly uptimeSeconds: number;
}

export const nodeFacts: Codec<NodeFacts> = struct<NodeFacts>({
  version: word,
  ready: bool,
  healthy: bool,
  role: word,
  term: uint,
  applied: uint,
  replicas: uint,
  leading: uint,
  damaged: uint,
  actors: uint,
  restarts: uint,
  waiting: uint,
  rssBytes: uint,
  uptimeSeconds: uint,
});

export interface NodeRow {
  readonly name: string;
  readonly url: string | undefined;
  /** As the directory has it; `unknown`: it is no broker. */
  readonly broker: 'active' | 'inactive' | 'leaving' | 'unknown';
  /** Undefined: it did not answer in time. */
  readonly facts: NodeFacts | undefined;
}

const nodeRow: Codec<NodeRow> = struct<NodeRow>({
  name: nodeName,
  url: nullable(nodeName),
  broker: oneOf(['active', 'inactive', 'leaving', 'unknown']),
  facts: nullable(nodeFacts),
});

/** A topic that is being deleted. */
export interface RemovalRow {
  readonly topic: string;
  readonly partitions: number;
  /** Partitions of which a majority of the replicas is deleted for good. */
  readonly over: number;
  /** Brokers that the others wait for. */
  readonly waitsFor: readonly string[];
}

const removalRow: Codec<RemovalRow> = struct<RemovalRow>({
  topic: topicName,
  partitions: uint,
  over: uint,
  waitsFor: list(nodeName, wireLimits.directoryBrokers),
});

export interface ClusterReport {
  readonly kind: 'cluster-report';
  readonly correlation: number;
  /** The node that answers. */
  readonly node: string;
  readonly clusterId: string | undefined;
  readonly primary: string | undefined;
  readonly topics: number;
  readonly partitions: number;
  /** Names of topics that are being deleted, and how far that is. */
  readonly deleting: readonly string[];
  readonly removals: readonly RemovalRow[];
  readonly nodes: readonly NodeRow[];
}

export const clusterReport: MessageCodec<ClusterReport> = message<ClusterReport>('cluster-report', 83, {
  correlation,
  node: nodeName,
  clusterId: nullable(word),
  primary: nullable(nodeName),
  topics: uint,
  partitions: uint,
  deleting: list(topicName, wireLimits.adminNames),
  removals: list(removalRow, wireLimits.adminNames),
  nodes: list(nodeRow, wireLimits.directoryBrokers),
});

/** `node` of this and the next two: empty is the node that is asked. */
export interface ListActors {
  readonly kind: 'list-actors';
  readonly correlation: number;
  readonly node: string;
}

export const listActors: MessageCodec<ListActors> = message<ListActors>('list-actors', 84, {
  correlation,
  node: nodeName,
});

export interface ActorReport {
  readonly id: string;
  readonly state: string;
  readonly incarnation: number;
  readonly restarts: number;
  /** Messages waiting, by lane. */
  readonly control: number;
  readonly data: number;
  readonly dataCapacity: number;
  /** Messages that the full data lane did not take, since the spawn. */
  readonly refused: number;
  /** Messages handled since the spawn, over all incarnations. */
  readonly handled: number;
  readonly ageMs: number;
}

export const actorReport: Codec<ActorReport> = struct<ActorReport>({
  id: actorId,
  state: word,
  incarnation: uint,
  restarts: uint,
  control: uint,
  data: uint,
  dataCapacity: uint,
  refused: uint,
  handled: uint,
  ageMs: uint,
});

export interface ActorList {
  readonly kind: 'actor-list';
  readonly correlation: number;
  readonly node: string;
  readonly actors: readonly ActorReport[];
  /** Actors that did not fit. */
  readonly omitted: number;
}

export const actorList: MessageCodec<ActorList> = message<ActorList>('actor-list', 85, {
  correlation,
  node: nodeName,
  actors: list(actorReport, wireLimits.adminActors),
  omitted: uint,
});

export interface AskActor {
  readonly kind: 'ask-actor';
  readonly correlation: number;
  readonly node: string;
  readonly actor: string;
}

export const askActor: MessageCodec<AskActor> = message<AskActor>('ask-actor', 86, {
  correlation,
  node: nodeName,
  actor: actorId,
});

export interface ActorDetail {
  readonly kind: 'actor-detail';
  readonly correlation: number;
  readonly node: string;
  readonly actor: ActorReport;
  /** What the actor says of itself: JSON, for people, and different for each kind of actor. */
  readonly details: string;
}

export const actorDetail: MessageCodec<ActorDetail> = message<ActorDetail>('actor-detail', 87, {
  correlation,
  node: nodeName,
  actor: actorReport,
  details: text(wireLimits.adminDetailBytes),
});

/** Shows the next messages of one actor. Answers: `traced`, again and again, until one says that it ended. Closing the connection ends it. */
export interface TraceActor {
  readonly kind: 'trace-actor';
  readonly correlation: number;
  readonly node: string;
  readonly actor: string;
  readonly messages: number;
}

export const traceActor: MessageCodec<TraceActor> = message<TraceActor>('trace-actor', 88, {
  correlation,
  node: nodeName,
  actor: actorId,
  messages: uint,
});

/** One message that the actor has handled. Never its contents. */
export interface TracedMessage {
  /** Milliseconds since 1970, when its handling began. */
  readonly at: number;
  readonly message: string;
  /** The sender, `node/shard/id`; absent: a timer of its own, or something outside all actors. */
  readonly from?: string;
  readonly lane: 'control' | 'data';
  /** In the mailbox. */
  readonly waitedMicros: number;
  readonly tookMicros: number;
}

export const tracedMessage: Codec<TracedMessage> = struct<TracedMessage>({
  at: uint,
  message: word,
  from: optional(str(600)),
  lane: oneOf(['control', 'data']),
  waitedMicros: uint,
  tookMicros: uint,
});

/** `complete`: as many as were asked for. `actor-ended`: for good. */
export type TraceEnd = 'complete' | 'actor-ended' | 'too-long' | 'node-lost';

export const traceEnd: Codec<TraceEnd> = oneOf(['complete', 'actor-ended', 'too-long', 'node-lost']);

export interface Traced {
  readonly kind: 'traced';
  readonly correlation: number;
  readonly messages: readonly TracedMessage[];
  readonly ended?: TraceEnd;
}

export const traced: MessageCodec<Traced> = message<Traced>('traced', 89, {
  correlation,
  messages: list(tracedMessage, wireLimits.adminTraceMessages),
  ended: optional(traceEnd),
});

/** Answer: `done`, when all active nodes have applied it. */
export interface ChangeBroker {
  readonly kind: 'change-broker';
  readonly correlation: number;
  readonly action: 'add' | 'remove' | 'activate' | 'deactivate';
  readonly broker: string;
}

export const changeBroker: MessageCodec<ChangeBroker> = message<ChangeBroker>('change-broker', 90, {
  correlation,
  action: oneOf(['add', 'remove', 'activate', 'deactivate']),
  broker: str(1_024),
});

/**
 * A consumer, or a producer that has registered, of a topic. Answer: `done`, when the directory has forgotten it: it can do nothing any more,
 * and who opens the name anew begins anew. Its cursors are dropped behind that.
 */
export interface RemoveConsumer {
  readonly kind: 'remove-consumer';
  readonly correlation: number;
  readonly topic: string;
  readonly id: string;
}

export interface RemoveProducer {
  readonly kind: 'remove-producer';
  readonly correlation: number;
  readonly topic: string;
  readonly id: string;
}

export const removeConsumer: MessageCodec<RemoveConsumer> = message<RemoveConsumer>('remove-consumer', 93, {
  correlation,
  topic: topicName,
  id: str(200),
});

export const removeProducer: MessageCodec<RemoveProducer> = message<RemoveProducer>('remove-producer', 94, {
  correlation,
  topic: topicName,
  id: str(64),
});
