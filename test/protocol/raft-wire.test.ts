/** Raft messages on the wire: all kinds come back as they were; entries are rebuilt from their chunks and own their bytes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  defaultLimits,
  frameBounds,
  logIndex,
  maxChunkBytes,
  packFrame,
  replicaId,
  term,
  unpackFrame,
  WireError,
} from '@callboard/client/protocol';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { carriesEntries, createRaftCodec } from '../../src/raft/wire.ts';
import { draftOf, entryOf } from '../lib/chunks.ts';

const codec = createRaftCodec(defaultLimits);
const bounds = frameBounds(defaultLimits);
const base = { from: replicaId('ab'.repeat(16)), to: replicaId('cd'.repeat(16)), term: term(2 ** 40) };
const i = logIndex;
const entries = [
  entryOf(draftOf(['one']), { index: 8, term: 3, previous: 5 }),
  entryOf(draftOf(['two', 'three']), { index: 9, term: 4 }),
];

const messages: readonly RaftMessage[] = [
  { ...base, kind: 'pre-vote', lastIndex: i(4), lastTerm: term(2) },
  { ...base, kind: 'pre-vote-reply', granted: true },
  { ...base, kind: 'vote', lastIndex: i(0), lastTerm: term(0), transfer: true },
  { ...base, kind: 'vote-reply', granted: false },
  {
    ...base,
    kind: 'append',
    prevIndex: i(7),
    prevTerm: term(3),
    commit: i(6),
    last: i(2 ** 50),
    stream: 2 ** 40,
    entries,
  },
  {
    ...base,
    kind: 'append',
    prevIndex: i(7),
    prevTerm: term(3),
    commit: i(6),
    last: i(7),
    stream: 0,
    entries: [],
  },
  {
    ...base,
    kind: 'append-reply',
    outcome: 'stored',
    index: i(9),
    hintIndex: i(1),
    hintTerm: term(1),
    stream: 3,
  },
  { ...base, kind: 'heartbeat', commit: i(3), last: i(9), context: 77 },
  { ...base, kind: 'heartbeat-reply', context: 77, damaged: true, last: i(5) },
  { ...base, kind: 'timeout-now' },
  { ...base, kind: 'fetch', index: i(5), checksum: 0xffffffff },
  { ...base, kind: 'fetched', index: i(9), checksum: 1, entries },
];

const travel = (sent: RaftMessage): RaftMessage =>
  codec.decode(unpackFrame(packFrame(codec.encode(sent)), bounds));

test('every kind of message arrives as it was sent', () => {
  for (const sent of messages) assert.equal(travel(sent), sent);
});

test('an entry owns its bytes', () => {
  const [, , , , append] = messages;
  const frame = packFrame(codec.encode(append as RaftMessage));
  const got = codec.decode(unpackFrame(frame, bounds));
  frame.fill(0);
  assert.equal(got, append);
  assert.ok(got.kind === 'append');
  assert.is.not(got.entries[0]?.bytes.buffer, frame.buffer, 'the frame is not kept alive');
  assert.ok((got.entries[0]?.bytes.buffer.byteLength ?? Infinity) <= 8_192, 'a slab at most is kept alive');
});

test('entries that are most of their frame stay in it, others never keep it alive', () => {
  const large = [8, 9].map((index) => entryOf(draftOf(['x'.repeat(9_000)]), { index, term: 3 }));
  const sent = { ...(messages[4] as Extract<RaftMessage, { kind: 'append' }>), entries: large };
  const packed = packFrame(codec.encode(sent));
  const stays = (room: number): boolean => {
    const frame = new Uint8Array(room);
    frame.set(packed);
    const got = codec.decode(unpackFrame(frame.subarray(0, packed.byteLength), bounds));
    assert.equal(got, sent);
    const buffers = new Set((got.kind === 'append' ? got.entries : []).map(({ bytes }) => bytes.buffer));
    if (buffers.has(frame.buffer)) assert.is(buffers.size, 1);
    return buffers.has(frame.buffer);
  };
  assert.ok(stays(packed.byteLength));
  assert.not.ok(stays(2 * packed.byteLength), 'at most twice what they count is kept in memory for them');
});

test('what is no sealed chunk, or too large, is no entry', () => {
  const append = messages[4] as Extract<RaftMessage, { kind: 'append' }>;
  const spoilt = (bytes: Uint8Array): RaftMessage => ({
    ...append,
    entries: [{ ...(entries[0] as (typeof entries)[0]), bytes }],
  });
  const zero = new Uint8Array(entries[0]?.bytes.length ?? 0);
  for (const bytes of [
    zero,
    new Uint8Array(0),
    new Uint8Array(95),
    new Uint8Array(maxChunkBytes(defaultLimits) + 1),
  ]) {
    assert.throws(
      () => travel(spoilt(bytes)),
      (error: unknown) => error instanceof WireError && error.message.startsWith('append.entries[0]: '),
    );
  }
});

test('more entries than one append may hold are refused', () => {
  const append = messages[4] as Extract<RaftMessage, { kind: 'append' }>;
  const many = Array.from(
    { length: defaultLimits.appendEntries + 2 },
    () => entries[0] as (typeof entries)[0],
  );
  assert.throws(() => codec.decode(codec.encode({ ...append, entries: many.slice(1) }).concat(0)), /fields/);
  assert.not.throws(() => codec.encode({ ...append, entries: many.slice(1) }));
  assert.throws(() => codec.encode({ ...append, entries: many }), /more than/);
});

test('only messages with entries are bulk', () => {
  assert.equal(
    messages.filter(carriesEntries).map((message) => message.kind),
    ['append', 'fetched'],
  );
});

test.run();
