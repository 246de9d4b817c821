/** The calls that are answered by the directory alone: topics, registrations, brokers. */
import { utf8Length, type CallError, type TopicStorage } from '@callboard/client/protocol';
import { badBrokerName, badTopicName, brokerNotFound } from '../../directory/errors.ts';
import type { DirectoryCommand, DirectoryResult } from '../../directory/index.ts';
import { isBrokerName, isTopicName } from '../../directory/names.ts';
import type { RateBudget } from '../../kernel/index.ts';
import type { PendingCall } from './calls.ts';
import { tooManyCreations, tooManyRegistrations, topicNotFound } from './failures.ts';
import type { Call } from './messages.ts';
import { whenChecked, type GatewayParts } from './parts.ts';

type CallOf<O extends Call['op']> = Extract<Call, { readonly op: O }>;

export function listTopics(parts: GatewayParts, call: PendingCall): void {
  parts.directory.barrier(call, (failed) => {
    if (failed !== undefined) parts.calls.fail(call, failed);
    else parts.calls.succeed(call, { op: 'topics', names: parts.copy.topicNames() });
  });
}

export function createTopic(parts: GatewayParts, call: PendingCall, asked: CallOf<'create-topic'>): void {
  const { name, partitions, storage } = asked;
  create(parts, call, { name, partitions, storage }, (result) => {
    if (result.ok) parts.calls.succeed(call, { op: 'create-topic' });
    else parts.calls.fail(call, result.error);
  });
}

/** Answered when nothing of the topic can be acknowledged any more and no active node knows it; its data are deleted behind that. */
export function removeTopic(parts: GatewayParts, call: PendingCall, asked: CallOf<'remove-topic'>): void {
  const { name, force = false } = asked;
  if (!isTopicName(name, parts.limits.topicNameBytes)) {
    parts.calls.fail(call, topicNotFound(name));
    return;
  }
  parts.directory.change(call, { kind: 'remove-topic', name, ...(force && { force }) }, (result) => {
    if (result.ok) parts.calls.succeed(call, { op: 'remove-topic' });
    else parts.calls.fail(call, result.error);
  });
}

/** Of a producer or consumer: answered when it is forgotten in the directory; its cursors are dropped behind that. */
export function removeId(
  parts: GatewayParts,
  call: PendingCall,
  asked: CallOf<'remove-producer' | 'remove-consumer'>,
): void {
  const { op, id, topic } = asked;
  parts.directory.change(call, { kind: op, id, topic }, (result) => {
    if (result.ok) parts.calls.succeed(call, { op });
    else parts.calls.fail(call, result.error);
  });
}

/** An unknown topic is created on the way. Another node may do so at the same time, which is just as good. */
export function registerProducer(
  parts: GatewayParts,
  call: PendingCall,
  asked: CallOf<'register-producer'>,
): void {
  const { topic } = asked;
  // Before anything is created for it.
  if (!mayRegister(parts, call)) return;
  if (parts.copy.topic(topic) !== undefined) {
    register(parts, call, 'producer', topic);
    return;
  }
  const fresh = { name: topic, partitions: parts.defaultPartitions, storage: undefined };
  create(parts, call, fresh, (result) => {
    if (result.ok || result.error.code === 'topic_exists') register(parts, call, 'producer', topic);
    else parts.calls.fail(call, result.error);
  });
}

export function registerConsumer(
  parts: GatewayParts,
  call: PendingCall,
  asked: CallOf<'register-consumer'>,
): void {
  const { topic } = asked;
  const check = () =>
    parts.copy.topic(topic) === undefined ? { error: topicNotFound(topic), final: false } : { value: topic };
  whenChecked(parts, call, check, () => {
    if (mayRegister(parts, call)) register(parts, call, 'consumer', topic);
  });
}

export function openConsumer(parts: GatewayParts, call: PendingCall, asked: CallOf<'open-consumer'>): void {
  const { topic, consumer, opener } = asked;
  const known = parts.copy.sessionOfOpener(consumer, topic, opener);
  const partitions = parts.copy.topic(topic)?.partitions.length;
  if (known !== undefined && partitions !== undefined) {
    parts.calls.succeed(call, { op: 'open-consumer', session: known, partitions });
    return;
  }
  const check = () =>
    parts.copy.topic(topic) === undefined ? { error: topicNotFound(topic), final: false } : { value: topic };
  whenChecked(parts, call, check, () => {
    if (!mayRegister(parts, call)) return;
    const command = { id: consumer, topic };
    const opening: DirectoryCommand =
      opener === undefined
        ? { kind: 'open-consumer', ...command }
        : { kind: 'open-session', ...command, opener };
    parts.directory.change(call, opening, (result) => {
      if (!result.ok) parts.calls.fail(call, result.error);
      else if (result.session === undefined) throw new Error('an opened consumer has no session number');
      else {
        const { session, partitions } = result;
        parts.calls.succeed(call, { op: 'open-consumer', session, partitions });
      }
    });
  });
}

export function administer(parts: GatewayParts, call: PendingCall, asked: CallOf<'admin'>): void {
  const { action, broker } = asked;
  const { topicNameBytes } = parts.limits;
  if (!isBrokerName(broker, topicNameBytes) || utf8Length(broker) < 0) {
    const refusal = action === 'add' ? badBrokerName(broker, topicNameBytes) : brokerNotFound(broker);
    if (!refusal.ok) parts.calls.fail(call, refusal.error);
    return;
  }
  parts.directory.change(call, { kind: 'admin', action, broker }, (result) => {
    if (result.ok) parts.calls.succeed(call, { op: 'admin' });
    else parts.calls.fail(call, result.error);
  });
}

/** A name that the directory would refuse is refused here already: nobody's megabytes get into its log. */
function create(
  parts: GatewayParts,
  call: PendingCall,
  topic: {
    readonly name: string;
    readonly partitions: number;
    readonly storage: TopicStorage | undefined;
  },
  then: (result: DirectoryResult) => void,
): void {
  const { topicNameBytes } = parts.limits;
  const { name, partitions, storage = parts.defaultStorage } = topic;
  if (!isTopicName(name, topicNameBytes)) then(badTopicName(name, topicNameBytes));
  else if (mayCreate(parts, call, name, partitions)) {
    const kind = storage === 'memory' ? 'create-memory-topic' : 'create-topic';
    parts.directory.change(call, { kind, name, partitions }, then);
  }
}

/** What the directory will refuse costs nothing. */
function mayCreate(parts: GatewayParts, call: PendingCall, name: string, partitions: number): boolean {
  const { creations, limits } = parts;
  const makes = Number.isSafeInteger(partitions) && partitions >= 1 && partitions <= limits.topicPartitions;
  if (!makes || parts.copy.topic(name) !== undefined) return true;
  return taken(parts, call, creations, partitions, (after) =>
    tooManyCreations(partitions, creations.rate, after),
  );
}

function mayRegister(parts: GatewayParts, call: PendingCall): boolean {
  const { registrations } = parts;
  return taken(parts, call, registrations, 1, (after) => tooManyRegistrations(registrations.rate, after));
}

/** False: the budget has not so much for the caller's address, and the call was told so. */
function taken(
  { calls, context }: GatewayParts,
  call: PendingCall,
  budget: RateBudget,
  amount: number,
  tooMany: (after: number) => CallError,
): boolean {
  const after = budget.take(call.message.address ?? '', amount, context.now());
  if (after > 0) calls.fail(call, tooMany(after));
  return after === 0;
}

function register(parts: GatewayParts, call: PendingCall, who: 'producer' | 'consumer', topic: string): void {
  const id = drawId(parts);
  parts.directory.change(call, { kind: `register-${who}`, id, topic }, (result: DirectoryResult) => {
    if (result.ok) parts.calls.succeed(call, { op: `register-${who}`, id, partitions: result.partitions });
    else parts.calls.fail(call, result.error);
  });
}

/** 128 uniform bits as 32 lower-case hexadecimal characters (S22). */
function drawId(parts: GatewayParts): string {
  let id = '';
  for (let word = 0; word < 4; word += 1) {
    id += Math.floor(parts.context.random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  }
  return id;
}
