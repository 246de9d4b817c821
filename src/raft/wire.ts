/**
 * RaftMessage on the wire. An entry travels as its chunk alone: index, term, checksum and previous checksum are read
 * back from the chunk's header, so they cannot disagree with it. Chunks are copied out of the frame, since entries
 * are kept, unless those of one message are most of it. What is checked here is form; whether the checksums hold is for whoever takes the entries in.
 */
import {
  bool,
  branded,
  hexId,
  list,
  maxChunkBytes,
  mayStay,
  message,
  oneOf,
  readEntryHeader,
  uint,
  uint32,
  union,
  WireError,
  type Codec,
  type Fields,
  type Limits,
  type LogIndex,
  type ReplicaId,
  type Term,
  type UnionCodec,
} from '@callboard/client/protocol';
import type {
  Append,
  AppendReply,
  Fetch,
  Fetched,
  Heartbeat,
  HeartbeatReply,
  PreVote,
  PreVoteReply,
  RaftMessage,
  TimeoutNow,
  Vote,
  VoteReply,
} from './messages.ts';
import { CopySlab } from './copy-slab.ts';
import type { Entry } from './types.ts';

const replica: Codec<ReplicaId> = hexId<ReplicaId>();
const term: Codec<Term> = branded<Term>();
const index: Codec<LogIndex> = branded<LogIndex>();

const base: Fields<{ readonly from: ReplicaId; readonly to: ReplicaId; readonly term: Term }> = {
  from: replica,
  to: replica,
  term,
};

function decodeEntry(wire: unknown, maxBytes: number): Entry {
  if (!(wire instanceof Uint8Array)) throw new WireError('frame_invalid', 'is not a chunk');
  if (wire.byteLength > maxBytes) {
    throw new WireError('frame_invalid', `is a chunk of more than ${maxBytes} bytes`);
  }
  const header = readEntryHeader(wire);
  if (header === undefined) throw new WireError('frame_invalid', 'is not the form of a sealed chunk');
  const { index: at, term: of, checksum, previous } = header;
  return { index: at, term: of, checksum, previous, bytes: wire };
}

/** Entries of one message are let go one after the other, so the frame that they stay in is held for its last ones only. */
function entriesCodec(maxBytes: number, maxEntries: number): Codec<readonly Entry[]> {
  const copies = new CopySlab();
  const views = list<Entry>(
    { encode: (entry) => entry.bytes, decode: (wire) => decodeEntry(wire, maxBytes) },
    maxEntries,
  );
  return {
    encode: views.encode,
    decode: (wire) => {
      const entries = views.decode(wire);
      const first = entries[0];
      if (first === undefined) return entries;
      let bytes = 0;
      for (const entry of entries) bytes += entry.bytes.byteLength;
      if (mayStay(bytes, first.bytes.buffer)) return entries;
      return entries.map((entry) => ({ ...entry, bytes: copies.copy(entry.bytes) }));
    },
  };
}

/** The codec of one group's messages. An append holds one entry more than the limit at most: it always takes at least one. */
export function createRaftCodec(limits: Limits): UnionCodec<RaftMessage> {
  const entries = entriesCodec(maxChunkBytes(limits), limits.appendEntries + 1);
  return union<RaftMessage>({
    'pre-vote': message<PreVote>('pre-vote', 1, { ...base, lastIndex: index, lastTerm: term }),
    'pre-vote-reply': message<PreVoteReply>('pre-vote-reply', 2, { ...base, granted: bool }),
    vote: message<Vote>('vote', 3, { ...base, lastIndex: index, lastTerm: term, transfer: bool }),
    'vote-reply': message<VoteReply>('vote-reply', 4, { ...base, granted: bool }),
    append: message<Append>('append', 5, {
      ...base,
      prevIndex: index,
      prevTerm: term,
      commit: index,
      last: index,
      stream: uint,
      entries,
    }),
    'append-reply': message<AppendReply>('append-reply', 6, {
      ...base,
      outcome: oneOf(['ack', 'stored', 'reject']),
      index,
      hintIndex: index,
      hintTerm: term,
      stream: uint,
    }),
    heartbeat: message<Heartbeat>('heartbeat', 7, { ...base, commit: index, last: index, context: uint }),
    'heartbeat-reply': message<HeartbeatReply>('heartbeat-reply', 8, {
      ...base,
      context: uint,
      damaged: bool,
      last: index,
    }),
    'timeout-now': message<TimeoutNow>('timeout-now', 9, base),
    fetch: message<Fetch>('fetch', 10, { ...base, index, checksum: uint32 }),
    fetched: message<Fetched>('fetched', 11, { ...base, index, checksum: uint32, entries }),
  });
}

/** Whether a message carries entries and therefore has to leave the control socket to beats, votes and acks. */
export function carriesEntries(raftMessage: RaftMessage): boolean {
  return (raftMessage.kind === 'append' || raftMessage.kind === 'fetched') && raftMessage.entries.length > 0;
}
