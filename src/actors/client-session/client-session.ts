/** ClientSession: the shell. See messages.ts. */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import {
  failure,
  toErrorReply,
  type CallError,
  type ClientFrame,
  type GroupId,
  type Limits,
  type NodeFrame,
  type TopicPlaces,
} from '@callboard/client/protocol';
import { gatewayActorId, type Call, type CallAnswer, type GatewayMessage } from '../gateway/messages.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
} from '../partition-replica/messages.ts';
import type { ClientSessionMessage } from './messages.ts';

/** The client's connection as the session sees it. */
export interface ClientPort {
  send(frame: NodeFrame): void;
}

type Frame = Exclude<ClientFrame, { kind: 'hello' }>;
type ToPartition = Extract<Frame, { kind: 'produce' | 'fetch' }>;

/** What an answer will be made of: the client's correlation, and where the call goes once its topic is located. */
interface Pending {
  readonly correlation: number;
  readonly frame: Frame;
}

export class ClientSession implements Actor<ClientSessionMessage> {
  readonly #port: ClientPort;
  readonly #limits: Limits;
  readonly #pending = new Map<number, Pending>();
  /** Groups by topic; placements never change in this release, so what is known stays true. */
  readonly #groups = new Map<string, readonly GroupId[]>();
  #nextId = 1;

  constructor(port: ClientPort, limits: Limits) {
    this.#port = port;
    this.#limits = limits;
  }

  receive(message: ClientSessionMessage, context: Context<ClientSessionMessage>): void {
    if (message.kind === 'client-frame') {
      this.#frame(message.frame, context);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (pending === undefined) return;
    if (message.kind === 'call-answer') this.#called(pending, message, context);
    else this.#answered(pending, message);
  }

  inspect(): Record<string, unknown> {
    return { pending: this.#pending.size, topics: this.#groups.size };
  }

  #frame(frame: Frame, context: Context<ClientSessionMessage>): void {
    switch (frame.kind) {
      case 'ping':
        this.#port.send({ kind: 'pong', correlation: frame.correlation });
        return;
      case 'metadata':
        this.#call(frame, { op: 'locate', topics: frame.topics }, context);
        return;
      case 'create-topic':
        this.#create(frame, context);
        return;
      case 'produce':
      case 'fetch': {
        const groups = this.#groups.get(frame.topic);
        if (groups === undefined) this.#call(frame, { op: 'locate', topics: [frame.topic] }, context);
        else this.#ask(frame, groups, context);
        return;
      }
      case 'open-consumer':
      case 'subscribe':
      case 'credit':
      case 'ack':
      case 'unsubscribe':
      case 'locate': {
        const message = `this release does not push: '${frame.kind}' is not answered; consume with fetch, or over HTTP`;
        this.#fail(frame.correlation, failure('bad_request', { message }));
      }
    }
  }

  #open(frame: Frame): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#pending.set(id, { correlation: frame.correlation, frame });
    return id;
  }

  #call(frame: Frame, call: Call, context: Context<ClientSessionMessage>): void {
    const id = this.#open(frame);
    const gateway = refTo<GatewayMessage>(context.self.node, gatewayActorId);
    const deadlineMs = this.#limits.callDeadlineMs;
    const sent = context.send(gateway, { kind: 'call', id, replyTo: context.self, deadlineMs, call });
    if (sent !== 'accepted') this.#refuse(id, sent);
  }

  #create(frame: Extract<Frame, { kind: 'create-topic' }>, context: Context<ClientSessionMessage>): void {
    if (frame.storage === 'memory' || frame.replicas !== undefined) {
      const message =
        "this release creates topics on disk with the cluster's replication factor only; leave out storage and replicas";
      this.#fail(frame.correlation, failure('bad_request', { message }));
      return;
    }
    this.#call(frame, { op: 'create-topic', name: frame.topic, partitions: frame.partitions }, context);
  }

  #called(pending: Pending, answer: CallAnswer, context: Context<ClientSessionMessage>): void {
    const { frame, correlation } = pending;
    const { value, error } = answer;
    if (error !== undefined) this.#fail(correlation, error);
    else if (value?.op === 'create-topic') this.#port.send({ kind: 'topic-created', correlation });
    else if (value?.op === 'locate') this.#located(frame, value.topics, context);
  }

  #located(frame: Frame, topics: readonly TopicPlaces[], context: Context<ClientSessionMessage>): void {
    for (const topic of topics) {
      const groups = topic.partitions.map((place) => place.group);
      if (topic.error === undefined) this.#groups.set(topic.name, groups);
    }
    if (frame.kind === 'metadata') {
      this.#port.send({ kind: 'metadata-reply', correlation: frame.correlation, topics });
      return;
    }
    if (frame.kind !== 'produce' && frame.kind !== 'fetch') return;
    const groups = this.#groups.get(frame.topic);
    if (groups !== undefined) this.#ask(frame, groups, context);
    else {
      this.#fail(
        frame.correlation,
        failure('topic_not_found', { message: `topic '${frame.topic}' does not exist; create it first` }),
      );
    }
  }

  #ask(frame: ToPartition, groups: readonly GroupId[], context: Context<ClientSessionMessage>): void {
    const group = groups[frame.partition];
    if (group === undefined) {
      const message = `topic '${frame.topic}' has partitions 0 to ${groups.length - 1}, not ${frame.partition}`;
      this.#fail(frame.correlation, failure('invalid_partition', { message }));
      return;
    }
    const id = this.#open(frame);
    const replica = refTo<PartitionReplicaMessage>(context.self.node, partitionActorId(group));
    const request = { id, replyTo: context.self };
    const sent =
      frame.kind === 'produce'
        ? context.send(replica, { ...request, kind: 'produce', acks: frame.acks, chunk: frame.chunk })
        : context.send(replica, {
            ...request,
            kind: 'fetch',
            offset: frame.offset,
            maxBytes: frame.maxBytes,
          });
    if (sent === 'accepted') return;
    if (sent === 'full') {
      this.#refuse(id, sent);
      return;
    }
    this.#pending.delete(id);
    const message = `this node holds no replica of partition ${frame.partition} of '${frame.topic}'; ask for metadata and go to its leader`;
    this.#fail(frame.correlation, failure('not_leader', { message }));
  }

  #answered({ correlation, frame }: Pending, answer: PartitionAnswer): void {
    switch (answer.kind) {
      case 'produced': {
        const baseOffset = frame.kind === 'produce' && frame.acks === 'none' ? undefined : answer.baseOffset;
        this.#port.send({ kind: 'produced', correlation, baseOffset });
        return;
      }
      case 'fetched':
        this.#port.send({ kind: 'fetched', correlation, end: answer.end, chunks: answer.chunks });
        return;
      case 'partition-failed':
        this.#fail(correlation, answer.error);
        return;
      default:
        throw new Error(`a session never asks for what '${answer.kind}' answers`);
    }
  }

  #refuse(id: number, why: 'full' | 'gone'): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending === undefined) return;
    const overloaded = why === 'full';
    const message = overloaded
      ? 'this node has too many calls waiting; try again later'
      : 'this node is starting or stopping; try another';
    this.#fail(
      pending.correlation,
      failure(overloaded ? 'overloaded' : 'unavailable', { message, retryAfterMs: 50 }),
    );
  }

  #fail(correlation: number, error: CallError): void {
    this.#port.send(toErrorReply(correlation, error));
  }
}
