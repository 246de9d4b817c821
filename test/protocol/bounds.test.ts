// Whatever a sender may put into a frame, its receiver takes: each list at the sender's bound, with the longest texts, within one frame.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  anyNodeFrames,
  bundledEnvelope,
  checkFrame,
  defaultLimits,
  failure,
  frameBounds,
  groupId,
  maxChunkBytes,
  offset,
  packFrame,
  peerFrames,
  replicaId,
  term,
  unpackFrame,
  type ActorReport,
  type AnyNodeFrame,
  type NodeRow,
  type TracedMessage,
} from '@callboard/client/protocol';
import { adminActorId } from '../../src/actors/admin/messages.ts';
import { beatsActorId } from '../../src/actors/beats/messages.ts';
import { managerActorId } from '../../src/actors/manager/messages.ts';
import { createActorCodec } from '../../src/actors/wire.ts';
import { draftOf, entryOf } from '../lib/chunks.ts';

const test = suite('protocol/bounds');
const bounds = frameBounds(defaultLimits);
const large = Number.MAX_SAFE_INTEGER;

function many<T>(count: number, make: (at: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

function actorReport(at: number): ActorReport {
  const id = `client/${at}`.padEnd(256, 'x');
  const counts = { incarnation: large, restarts: large, control: large, data: large, dataCapacity: large };
  return { id, state: 'running', ...counts, refused: large, handled: large, ageMs: large };
}

function traced(): TracedMessage {
  const times = { at: large, waitedMicros: large, tookMicros: large };
  return { ...times, message: 'm'.repeat(64), from: 'f'.repeat(600), lane: 'control' };
}

function nodeRow(at: number): NodeRow {
  const name = `${at}`.padEnd(200, 'n');
  const facts = {
    version: 'v'.repeat(64),
    ready: true,
    healthy: true,
    role: 'follower',
    ...{ term: large, applied: large, replicas: large, leading: large, damaged: large, actors: large },
    ...{ restarts: large, waiting: large, rssBytes: large, uptimeSeconds: large },
  };
  return { name, url: `http://${'h'.repeat(240)}`, broker: 'unknown', facts };
}

/** Chunks of `total` bytes together. */
function chunks(count: number, total: number): readonly Uint8Array[] {
  return many(count, () => new Uint8Array(Math.floor(total / count)));
}

const { fetchChunks, readBytes, pushPullChunks, pushPullBytes, recordBytes } = defaultLimits;
const one = { correlation: large };
const toClients: Readonly<Record<string, AnyNodeFrame>> = {
  'a fetch of the most chunks': {
    kind: 'fetched',
    ...one,
    end: offset(large),
    chunks: chunks(fetchChunks, readBytes),
  },
  'a fetch of the largest chunk': {
    kind: 'fetched',
    ...one,
    end: offset(large),
    chunks: chunks(1, maxChunkBytes(defaultLimits)),
  },
  'a delivery of the most chunks': {
    kind: 'delivery',
    ...one,
    end: offset(large),
    chunks: chunks(pushPullChunks, pushPullBytes),
  },
  'a delivery of the largest chunk': {
    kind: 'delivery',
    ...one,
    end: offset(large),
    chunks: chunks(1, maxChunkBytes(defaultLimits)),
  },
  'the most actors': {
    kind: 'actor-list',
    ...one,
    node: 'n'.repeat(64),
    actors: many(defaultLimits.adminActors, actorReport),
    omitted: large,
  },
  'the longest report of an actor': {
    kind: 'actor-detail',
    ...one,
    node: 'n'.repeat(64),
    actor: actorReport(1),
    details: 'ä'.repeat(defaultLimits.adminDetailBytes),
  },
  'the most traced messages': {
    kind: 'traced',
    ...one,
    messages: many(defaultLimits.adminTraceMessages, traced),
  },
  'the most nodes and names': {
    kind: 'cluster-report',
    ...one,
    node: 'n'.repeat(64),
    clusterId: 'c'.repeat(32),
    primary: 'n'.repeat(64),
    topics: large,
    partitions: large,
    deleting: many(defaultLimits.adminNames, (at) => `${at}`.padEnd(200, 't')),
    removals: [],
    nodes: many(defaultLimits.directoryBrokers, nodeRow),
  },
  'a long error': {
    kind: 'error',
    ...one,
    code: 'internal',
    message: '\ud800ä'.repeat(10_000),
    outcome: 'unknown',
    retryAfterMs: large,
    nextEpoch: 2 ** 32,
  },
};

for (const [what, frame] of Object.entries(toClients)) {
  test(`a client takes ${what}`, () => {
    const bytes = packFrame(anyNodeFrames.encode(frame));
    assert.is(anyNodeFrames.decode(unpackFrame(bytes, bounds)).kind, frame.kind);
  });
}

const base = { from: replicaId('a'.repeat(32)), to: replicaId('b'.repeat(32)), term: term(large) };
const entryBytes = Math.floor(defaultLimits.appendBytes / defaultLimits.appendEntries) - 200;
const entries = many(defaultLimits.appendEntries + 1, (at) =>
  entryOf(draftOf(['x'.repeat(entryBytes)]), { index: at + 1, baseOffset: at }),
);
const toNodes: Readonly<Record<string, readonly [actor: string, message: object]>> = {
  'a fetch of the most chunks': [
    'gateway',
    { kind: 'fetched', id: large, end: large, chunks: chunks(fetchChunks, readBytes) },
  ],
  'a pull of the most chunks': [
    'client/1',
    {
      kind: 'pushed',
      id: large,
      end: large,
      next: large,
      records: large,
      chunks: chunks(pushPullChunks, pushPullBytes),
    },
  ],
  'the largest record': [
    'gateway',
    { kind: 'consumed', id: large, offset: large, value: new Uint8Array(recordBytes) },
  ],
  'an append': [
    'partition/1',
    {
      kind: 'group-raft',
      fromIncarnation: large,
      toIncarnation: large,
      message: {
        ...base,
        kind: 'append',
        stream: large,
        prevIndex: 0,
        prevTerm: 0,
        commit: 0,
        last: 1,
        entries,
      },
    },
  ],
  'the changes of a beat': [
    beatsActorId,
    {
      kind: 'beat',
      ...{ fromNode: 'n'.repeat(64), session: large, number: large, base: large, version: large },
      groups: many(defaultLimits.beatRows, (at) => groupId(at + 1)),
      terms: many(defaultLimits.beatRows, () => term(large)),
    },
  ],
  'the exceptions of a beat': [
    beatsActorId,
    {
      kind: 'beat-ack',
      ...{ fromNode: 'n'.repeat(64), session: large, number: large, version: large, complete: true },
      except: many(defaultLimits.beatExceptions, (at) => groupId(at + 1)),
    },
  ],
  'the actors of a node': [
    adminActorId,
    {
      kind: 'admin-told',
      id: large,
      answer: { kind: 'actors', actors: many(defaultLimits.adminActors, actorReport), omitted: large },
    },
  ],
  'the most traced messages': [
    adminActorId,
    {
      kind: 'admin-told-trace',
      id: large,
      messages: many(defaultLimits.adminTraceMessages, traced),
      ended: undefined,
    },
  ],
  'every copy in memory that is lost': [
    managerActorId,
    {
      kind: 'primary-change',
      ...{ id: large, fromNode: 'n'.repeat(64), tag: 't'.repeat(32), deadlineMs: large },
      command: {
        kind: 'copies-lost',
        ...{ replica: 'a'.repeat(32), start: large, turn: large },
        groups: many(defaultLimits.clusterPartitions, (at) => groupId(at + 1)),
      },
    },
  ],
  'a long refusal': [
    'gateway',
    {
      kind: 'partition-failed',
      id: large,
      error: failure('internal', { message: '\ud800ä'.repeat(10_000), nextEpoch: 2 ** 32 }),
      leader: 'n'.repeat(64),
    },
  ],
};
const codec = createActorCodec(defaultLimits);

for (const [what, [actor, message]] of Object.entries(toNodes)) {
  test(`another node takes ${what}`, () => {
    const address = { fromShard: 0, fromId: 'x'.repeat(255), toShard: 0, toId: actor } as const;
    const envelope = bundledEnvelope.encode({
      ...address,
      lane: 'data',
      payload: codec.encode(actor, message),
    });
    const bytes = packFrame([7, 0, [envelope]]);
    checkFrame(bytes, bounds);
    const bundle = peerFrames.decode(unpackFrame(bytes, bounds));
    assert.ok(bundle.kind === 'peer-bundle');
    const [only] = bundle.envelopes;
    assert.ok(only);
    assert.is(
      (codec.decode(actor, only.payload) as { readonly kind: string }).kind,
      (message as { kind: string }).kind,
    );
  });
}

test.run();
