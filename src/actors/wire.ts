/**
 * Actor messages on the wire between nodes: which messages may cross at all, per kind of addressee, and in which form. What
 * is not listed here never leaves a node and is never taken from one, so a peer cannot speak to an actor's private side.
 */
import type { Ref } from '../kernel/index.ts';
import { createRaftCodec } from '../raft/wire.ts';
import {
  bin,
  bool,
  branded,
  hexId,
  list,
  maxChunkBytes,
  message,
  nullable,
  oneOf,
  optional,
  str,
  struct,
  uint,
  union,
  WireError,
  type Codec,
  type GroupId,
  type Limits,
  type Term,
  type UnionCodec,
} from '@callboard/client/protocol';
import { directoryCommandCodec, directoryResultCodec } from '../directory/index.ts';
import { adminActorId } from './admin/messages.ts';
import { adminCodec } from './admin/wire.ts';
import { beatsActorId, type Beat, type BeatAck } from './beats/messages.ts';
import { gatewayActorId, type CheckTakes } from './gateway/messages.ts';
import type { GroupIncarnation, GroupRaft } from './group/messages.ts';
import { healthCheckerActorId, type Probe, type ProbeAnswer } from './health-checker/messages.ts';
import {
  managerActorId,
  type AppliedAnswer,
  type AppliedQuery,
  type FounderHello,
  type FounderList,
  type PartitionsReady,
  type PrimaryAnswer,
  type PrimaryChange,
  type PrimaryRead,
} from './manager/messages.ts';
import type {
  Consume,
  Consumed,
  Fetch,
  Fetched,
  Lead,
  Leads,
  Locate,
  Located,
  Nothing,
  PartitionAnswer,
  PartitionFailed,
  PartitionRequest,
  Produce,
  Produced,
  SettleTakes,
  Size,
  Sized,
  TakesChecked,
  TakesSettled,
  TakeWords,
} from './partition-replica/messages.ts';
import type { PushNews, PushRequest } from './partition-replica/push-messages.ts';
import { callError, name, offsetField as offset, positionField, ref } from './wire-fields.ts';
import { pushNewsParts, pushRequestParts } from './wire-push.ts';

const group: Codec<GroupId> = branded<GroupId>();
const replyTo = ref as unknown as Codec<Ref<PartitionAnswer>>;

/** Encodes what may go to the actor `toActorId` of another node, and decodes what came from one. */
export interface ActorCodec {
  encode(toActorId: string, message: unknown): unknown[];
  decode(toActorId: string, wire: unknown): unknown;
}

type GroupTravels = GroupRaft | GroupIncarnation;

function groupParts(limits: Limits) {
  const raft = createRaftCodec(limits);
  return {
    'group-raft': message<GroupRaft>('group-raft', 1, {
      fromIncarnation: uint,
      toIncarnation: uint,
      message: raft,
    }),
    'group-incarnation': message<GroupIncarnation>('group-incarnation', 2, {
      fromNode: name,
      incarnation: uint,
    }),
  };
}

function takeWords({ settledTakes }: Limits): Codec<TakeWords> {
  const calls = list(uint, settledTakes);
  return struct<TakeWords>({ consumer: name, noted: calls, returned: calls });
}

type PartitionTravels = GroupTravels | PartitionRequest | TakesChecked | PushRequest;

function partitionCodec(limits: Limits): UnionCodec<PartitionTravels> {
  const chunk = bin(maxChunkBytes(limits));
  return union<PartitionTravels>({
    ...groupParts(limits),
    ...pushRequestParts,
    produce: message<Produce>('produce', 16, {
      id: uint,
      replyTo,
      acks: oneOf(['quorum', 'leader', 'none']),
      registered: optional(bool),
      address: optional(name),
      chunk,
    }),
    consume: message<Consume>('consume', 17, {
      id: uint,
      replyTo,
      consumer: name,
      start: uint,
      noted: list(uint, limits.settledTakes),
    }),
    'settle-takes': message<SettleTakes>('settle-takes', 22, {
      id: uint,
      replyTo,
      start: uint,
      words: list(takeWords(limits), limits.settledTakes),
    }),
    'takes-checked': message<TakesChecked>('takes-checked', 23, {
      id: uint,
      handed: list(uint, limits.settledTakes),
      returned: list(uint, limits.settledTakes),
    }),
    size: message<Size>('size', 18, { id: uint, replyTo, consumer: name }),
    fetch: message<Fetch>('fetch', 19, { id: uint, replyTo, offset, maxBytes: uint }),
    locate: message<Locate>('locate', 20, { id: uint, replyTo, position: positionField }),
    lead: message<Lead>('lead', 21, { id: uint, replyTo }),
  });
}

function answerParts(limits: Limits) {
  const value = bin(limits.recordBytes, { copy: true });
  const chunks = list(bin(maxChunkBytes(limits), { copy: true }), limits.fetchChunks);
  return {
    produced: message<Produced>('produced', 1, { id: uint, baseOffset: offset }),
    consumed: message<Consumed>('consumed', 2, { id: uint, offset, value }),
    nothing: message<Nothing>('nothing', 3, { id: uint, heldBy: nullable(name) }),
    'takes-settled': message<TakesSettled>('takes-settled', 9, { id: uint }),
    sized: message<Sized>('sized', 4, { id: uint, size: uint, open: uint }),
    fetched: message<Fetched>('fetched', 5, { id: uint, end: offset, chunks }),
    'partition-failed': message<PartitionFailed>('partition-failed', 6, {
      id: uint,
      error: callError,
      leader: nullable(name),
    }),
    located: message<Located>('located', 7, { id: uint, offset, end: offset }),
    leads: message<Leads>('leads', 8, { id: uint }),
  };
}

function gatewayCodec(limits: Limits): UnionCodec<PartitionAnswer | CheckTakes> {
  return union<PartitionAnswer | CheckTakes>({
    ...answerParts(limits),
    'check-takes': message<CheckTakes>('check-takes', 32, {
      id: uint,
      replyTo: ref as unknown as Codec<Ref<TakesChecked>>,
      node: name,
      takes: list(struct<CheckTakes['takes'][number]>({ start: uint, call: uint }), limits.settledTakes),
    }),
  });
}

function sessionCodec(limits: Limits): UnionCodec<PartitionAnswer | PushNews> {
  return union<PartitionAnswer | PushNews>({ ...answerParts(limits), ...pushNewsParts(limits) });
}

type ManagerTravels =
  | GroupTravels
  | FounderHello
  | FounderList
  | PrimaryChange
  | PrimaryRead
  | PrimaryAnswer
  | PartitionsReady
  | AppliedQuery
  | AppliedAnswer;

function managerCodec(limits: Limits): UnionCodec<ManagerTravels> {
  return union<ManagerTravels>({
    ...groupParts(limits),
    'founder-hello': message<FounderHello>('founder-hello', 16, {
      node: name,
      replica: hexId(),
      heard: str(64),
    }),
    'founder-list': message<FounderList>('founder-list', 17, { text: str(32_768) }),
    'primary-change': message<PrimaryChange>('primary-change', 18, {
      id: uint,
      fromNode: name,
      tag: str(64),
      command: directoryCommandCodec,
      deadlineMs: uint,
    }),
    'primary-read': message<PrimaryRead>('primary-read', 19, { id: uint, fromNode: name }),
    'primary-answer': message<PrimaryAnswer>('primary-answer', 20, {
      id: uint,
      index: uint,
      result: nullable(directoryResultCodec),
      error: nullable(callError),
    }),
    'partitions-ready': message<PartitionsReady>('partitions-ready', 21, {
      groups: list(group, limits.managerWordGroups),
    }),
    'applied-query': message<AppliedQuery>('applied-query', 22, { id: uint, fromNode: name, index: uint }),
    'applied-answer': message<AppliedAnswer>('applied-answer', 23, { id: uint, node: name }),
  });
}

const healthCodec: UnionCodec<Probe | ProbeAnswer> = union<Probe | ProbeAnswer>({
  probe: message<Probe>('probe', 1, { fromNode: name, round: uint }),
  'probe-answer': message<ProbeAnswer>('probe-answer', 2, {
    fromNode: name,
    replica: hexId(),
    round: uint,
    wallTimeMs: uint,
  }),
});

function beatsCodec(limits: Limits): UnionCodec<Beat | BeatAck> {
  return union<Beat | BeatAck>({
    beat: message<Beat>('beat', 1, {
      fromNode: name,
      session: uint,
      number: uint,
      base: uint,
      version: uint,
      groups: list(group, limits.beatRows),
      terms: list(branded<Term>(), limits.beatRows),
    }),
    'beat-ack': message<BeatAck>('beat-ack', 2, {
      fromNode: name,
      session: uint,
      number: uint,
      version: uint,
      except: list(group, limits.beatExceptions),
      complete: bool,
    }),
  });
}

type AnyCodec = UnionCodec<{ readonly kind: string }>;

export function createActorCodec(limits: Limits): ActorCodec {
  const partition = partitionCodec(limits) as unknown as AnyCodec;
  const sessions = sessionCodec(limits) as unknown as AnyCodec;
  const fixed = new Map<string, AnyCodec>([
    [managerActorId, managerCodec(limits) as unknown as AnyCodec],
    [gatewayActorId, gatewayCodec(limits) as unknown as AnyCodec],
    [beatsActorId, beatsCodec(limits) as unknown as AnyCodec],
    [healthCheckerActorId, healthCodec as unknown as AnyCodec],
    [adminActorId, adminCodec(limits, callError) as unknown as AnyCodec],
  ]);
  const codecOf = (actorId: string): AnyCodec => {
    if (actorId.startsWith('partition/')) return partition;
    const codec = actorId.startsWith('client/') ? sessions : fixed.get(actorId);
    if (codec === undefined) {
      throw new WireError('frame_invalid', `no message crosses to the actor '${actorId.slice(0, 80)}'`);
    }
    return codec;
  };
  return {
    encode: (toActorId, value) => codecOf(toActorId).encode(value as { readonly kind: string }),
    decode: (toActorId, wire) => codecOf(toActorId).decode(wire),
  };
}
