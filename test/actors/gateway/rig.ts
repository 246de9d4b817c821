/**
 * A gateway on a real actor system under a clock that the test moves by hand. The manager is a local actor that the test
 * scripts; partition replicas live on other nodes, so that the test sees each request leave and decides what comes back.
 */
import {
  decodeRecords,
  defaultLimits,
  failure,
  groupId,
  offset,
  readChunkHeader,
  chunkHeaderBytes,
} from '@callboard/client/protocol';
import type { ChunkHeader, ErrorCode, FailureDetails, Limits } from '@callboard/client/protocol';
import { crc32 } from 'node:zlib';
import { Gateway, gatewayActorId, gatewaySpawnOptions } from '../../../src/actors/gateway/index.ts';
import type { Call, CallAnswer, GatewayMessage, GatewayPace } from '../../../src/actors/gateway/index.ts';
import {
  managerActorId,
  type DirectoryAnswer,
  type ManagerMessage,
} from '../../../src/actors/manager/messages.ts';
import type { PartitionAnswer, PartitionRequest } from '../../../src/actors/partition-replica/messages.ts';
import type {
  Broker,
  ConsumerRef,
  DirectoryCommand,
  DirectoryEvent,
  DirectoryResult,
} from '../../../src/directory/index.ts';
import { ActorSystem, refTo } from '../../../src/kernel/index.ts';
import type { Actor, Envelope, Network, Ref, SendResult } from '../../../src/kernel/index.ts';
import { FixedRandom, ManualClock } from './ports.ts';

/** A request that left for a replica. */
export interface Sent<K extends PartitionRequest['kind'] = PartitionRequest['kind']> {
  readonly node: string;
  readonly group: number;
  readonly atMs: number;
  readonly message: Extract<PartitionRequest, { readonly kind: K }>;
}

export interface Chunk extends ChunkHeader {
  readonly values: readonly string[];
}

export function chunkOf(sent: Sent): Chunk {
  if (sent.message.kind !== 'produce') throw new Error(`a ${sent.message.kind} has no chunk`);
  const { chunk } = sent.message;
  const header = readChunkHeader(chunk);
  const records = decodeRecords(chunk.subarray(chunkHeaderBytes), header.recordCount);
  return { ...header, values: records.map(({ value }) => new TextDecoder().decode(value)) };
}

/** A scripted manager: tells its events to each subscriber; barriers and changes are answered as the test says. */
class FakeManager implements Actor<ManagerMessage> {
  readonly rig: Rig;

  constructor(rig: Rig) {
    this.rig = rig;
  }

  receive(message: ManagerMessage): void {
    this.rig.managed(message);
  }
}

export interface RigOptions {
  readonly limits?: Partial<Limits>;
  readonly pace?: Partial<GatewayPace>;
  /** Without a manager at the start. */
  readonly managerless?: boolean;
}

export const producer: string = 'a'.repeat(32);
export const consumer: string = 'b'.repeat(32);

export class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly system: ActorSystem;
  readonly limits: Limits;
  readonly answers: Map<number, CallAnswer> = new Map();
  /** How many answers came, to see that none came twice. */
  answered = 0;
  /** What the network says of each node; `accepted` unless set. */
  readonly reach: Map<string, SendResult> = new Map();
  /** What a fresh subscriber is told. */
  events: DirectoryEvent[] = [];
  /** Applied and told when a barrier is answered, as news of which this node had not heard. */
  hidden: DirectoryEvent[] = [];
  readonly barriers: { readonly id: number; readonly deadlineMs: number }[] = [];
  holdBarriers = false;
  /** What the manager was told of who is in use. */
  readonly inUse: { readonly producers: readonly string[]; readonly consumers: readonly ConsumerRef[] }[] =
    [];
  readonly changes: {
    readonly id: number;
    readonly command: DirectoryCommand;
    readonly deadlineMs: number;
  }[] = [];
  /** Answers a change; undefined: held until the test answers. */
  onChange: (command: DirectoryCommand) => DirectoryResult | undefined = () => undefined;
  readonly #options: RigOptions;
  #sent: Sent[] = [];
  #subscribers = 0;
  #lastCall = 0;
  #gathering = false;
  #gateway: Ref<GatewayMessage> = refTo('n0', gatewayActorId);

  constructor(options: RigOptions = {}) {
    this.limits = { ...defaultLimits, ...options.limits };
    const network: Network = { send: (envelope) => this.#carry(envelope), flush: () => undefined };
    this.system = new ActorSystem({
      node: 'n0',
      ports: { clock: this.clock, random: new FixedRandom(), network, trace: { note: () => undefined } },
      freezeMessages: true,
      onEscalate: (error) => {
        throw error;
      },
    });
    this.system.spawn<CallAnswer>('asker', () => ({
      receive: (answer) => {
        this.answered += 1;
        this.answers.set(answer.id, answer);
      },
    }));
    if (options.managerless !== true) this.startManager();
    this.#options = options;
    this.startGateway();
  }

  startGateway(): void {
    const { pace = {} } = this.#options;
    const make = (): Gateway => new Gateway({ limits: this.limits, crc32, pace });
    this.system.spawn(gatewayActorId, make, { ...gatewaySpawnOptions(this.limits), restart: 'escalate' });
    this.clock.settle();
  }

  stopGateway(): void {
    this.system.stop(this.#gateway);
    this.clock.settle();
  }

  get subscribers(): number {
    return this.#subscribers;
  }

  startManager(): void {
    this.system.spawn<ManagerMessage>(managerActorId, () => new FakeManager(this));
  }

  stopManager(): void {
    this.system.stop(refTo('n0', managerActorId));
    this.clock.settle();
  }

  managed(message: ManagerMessage): void {
    switch (message.kind) {
      case 'directory-subscribe':
        this.#subscribers += 1;
        this.tell(this.events);
        return;
      case 'directory-barrier':
        this.barriers.push({ id: message.id, deadlineMs: message.deadlineMs });
        if (!this.holdBarriers) this.answerBarrier(message.id);
        return;
      case 'ids-in-use': {
        const { producers, consumers } = message;
        this.inUse.push({ producers, consumers });
        return;
      }
      case 'directory-change': {
        const { id, command, deadlineMs } = message;
        this.changes.push({ id, command, deadlineMs });
        const result = this.onChange(command);
        if (result !== undefined) this.answerDirectory({ id, result, error: undefined });
        return;
      }
      default:
        throw new Error(`the fake manager got ${message.kind}`);
    }
  }

  /** News of the directory. */
  tell(events: readonly DirectoryEvent[], whole = false): void {
    const message = { kind: 'directory-events', events } as const;
    this.system.send<GatewayMessage>(this.#gateway, whole ? { ...message, whole } : message);
  }

  answerBarrier(id: number, code?: ErrorCode): void {
    if (code === undefined) this.tell(this.hidden.splice(0));
    const error = code === undefined ? undefined : failure(code, { outcome: 'not_applied' });
    this.answerDirectory({ id, result: undefined, error });
  }

  answerDirectory(answer: Omit<DirectoryAnswer, 'kind'>): void {
    this.system.send<GatewayMessage>(this.#gateway, { kind: 'directory-answer', ...answer });
  }

  /** A ready topic with a producer and a consumer, on brokers that are all active. Groups count from `firstGroup`. */
  withTopic(
    name: string,
    placements: readonly (readonly string[])[] = [['n1', 'n2', 'n3']],
    firstGroup = 1,
  ): void {
    const nodes = new Set(placements.flat());
    this.tell([
      ...[...nodes].map((node) => brokerEvent(node)),
      topicEvent(name, placements, firstGroup),
      { kind: 'producer', id: producer, topic: name },
      { kind: 'consumer', id: consumer, topic: name, session: 0 },
    ]);
    this.clock.settle();
  }

  call(call: Call, deadlineMs = 5_000): number {
    this.#lastCall += 1;
    const replyTo = refTo<CallAnswer>('n0', 'asker');
    this.system.send<GatewayMessage>(this.#gateway, {
      kind: 'call',
      id: this.#lastCall,
      replyTo,
      deadlineMs,
      call,
    });
    if (!this.#gathering) this.clock.settle();
    return this.#lastCall;
  }

  /** Makes calls that the gateway finds in one turn. */
  together<T>(make: () => T): T {
    this.#gathering = true;
    const made = make();
    this.#gathering = false;
    this.clock.settle();
    return made;
  }

  produce(value: string, partition?: number, sequence?: number, topic = 't'): number {
    return this.call({
      op: 'produce',
      topic,
      producer,
      partition,
      sequence,
      value: new TextEncoder().encode(value),
    });
  }

  consume(partition?: number, topic = 't'): number {
    return this.call({ op: 'consume', topic, consumer, partition });
  }

  size(partition?: number, topic = 't'): number {
    return this.call({ op: 'size', topic, consumer, partition });
  }

  /** Takes out what has left since the last time. */
  sent(): Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  /** The one request that has left since the last time. */
  one(): Sent {
    const sent = this.sent();
    const [only] = sent;
    if (only === undefined || sent.length !== 1) throw new Error(`expected one request, got ${sent.length}`);
    return only;
  }

  /** Refuses whatever is sent, at once, until `ms` have passed. */
  refuseFor(ms: number, code: ErrorCode, details: FailureDetails = {}): void {
    for (const endMs = this.clock.now() + ms; this.clock.now() < endMs; this.clock.advance(1)) {
      for (const sent of this.sent()) this.refuse(sent, code, details);
    }
  }

  /** Moves time on until something is sent, and takes that. */
  nextSent(): Sent {
    for (let ms = 0; ms < 10_000; ms += 1) {
      const [sent] = this.sent();
      if (sent !== undefined) return sent;
      this.clock.advance(1);
    }
    throw new Error('nothing was sent within 10 s');
  }

  reply(to: Sent, answer: PartitionAnswer): void {
    const from = refTo(to.node, `partition/${to.group}`);
    this.system.deliver({ from, to: to.message.replyTo, lane: 'data', message: answer });
    this.clock.settle();
  }

  stored(to: Sent, baseOffset: number): void {
    this.reply(to, { kind: 'produced', id: to.message.id, baseOffset: offset(baseOffset) });
  }

  refuse(to: Sent, code: ErrorCode, details: FailureDetails = {}, leader?: string): void {
    this.reply(to, { kind: 'partition-failed', id: to.message.id, error: failure(code, details), leader });
  }

  link(node: string, up: boolean): void {
    this.system.send<GatewayMessage>(this.#gateway, { kind: 'group-link', node, up }, 'control');
    this.clock.settle();
  }

  /** How the call was answered: `ok`, or the code and outcome of its error; `open` without an answer. */
  verdict(id: number): string {
    const answer = this.answers.get(id);
    if (answer === undefined) return 'open';
    return answer.error === undefined ? 'ok' : `${answer.error.code} ${answer.error.outcome}`;
  }

  value(id: number): unknown {
    return this.answers.get(id)?.value;
  }

  inspect(): Record<string, unknown> {
    return this.system.inspect().find((actor) => actor.id === gatewayActorId)?.details ?? {};
  }

  #carry(envelope: Envelope): SendResult {
    const result = this.reach.get(envelope.to.node) ?? 'accepted';
    if (result === 'accepted') {
      const group = Number(envelope.to.id.slice('partition/'.length));
      const message = envelope.message as PartitionRequest;
      this.#sent.push({ node: envelope.to.node, group, atMs: this.clock.now(), message });
    }
    return result;
  }
}

export function brokerEvent(name: string, changed: Partial<Broker> = {}): DirectoryEvent {
  const broker = {
    name,
    replica: 'c'.repeat(32),
    url: `http://${name}`,
    deactivated: false,
    alive: true,
    leaving: false,
  };
  return { kind: 'broker', broker: { ...broker, ...changed } };
}

export function topicEvent(
  name: string,
  placements: readonly (readonly string[])[],
  firstGroup = 1,
  state: 'creating' | 'ready' | 'deleting' = 'ready',
): DirectoryEvent {
  const partitions = placements.map((nodes, index) => ({
    group: groupId(firstGroup + index),
    replicas: nodes.map((node) => ({ node, replica: 'd'.repeat(32) })),
  }));
  return { kind: 'topic', topic: { name, state, partitions } };
}
