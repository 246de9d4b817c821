/**
 * Processor time of each step that one record of 100 bytes takes through a node, without sockets and disks: what remains of the hot
 * path when those are free. Processor time, not wall time, so that other work on the machine disturbs it less.
 *
 * `node dist/bench/record-path.js [--rounds N]`
 */
import { parseArgs } from 'node:util';
import {
  bundledEnvelope,
  clientFrames,
  defaultLimits,
  frameBounds,
  groupId,
  nodeFrames,
  offset,
  packFrame,
  peerBundleType,
  peerFrames,
  term,
  unpackFrame,
  type LogIndex,
  type ReplicaId,
} from '@callboard/client/protocol';
import { entriesFault } from '../src/actors/group/verify.ts';
import { checkedDraft } from '../src/actors/partition-replica/errors.ts';
import { createActorCodec } from '../src/actors/wire.ts';
import { crc32 } from '../src/node/ports/crc32.ts';
import { PartitionMachine } from '../src/partition/index.ts';
import type { Entry, RaftMessage } from '../src/raft/index.ts';
import { BatchPlan } from '../src/storage/batch-plan.ts';
import type { Engine } from '../src/storage/engine.ts';
import { draftOf, entryOf } from '../test/lib/chunks.ts';
import { formatTable } from './lib/table.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20000' } } });
const rounds = Number(values.rounds);
/** Entries that share an append and a batch. */
const together = 32;
const text = 'x'.repeat(100);

const entries: Entry[] = [];
for (let index = 1; index <= together; index += 1) {
  const previous = entries.at(-1)?.checksum ?? 0;
  entries.push(entryOf(draftOf([text]), { index, baseOffset: index - 1, previous }));
}
const draft = draftOf([text]);
const large = draftOf(Array.from({ length: 400 }, () => text));
const bounds = frameBounds(defaultLimits);
const codec = createActorCodec(defaultLimits);

function asReceived(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
}

const produce = packFrame(
  clientFrames.encode({
    kind: 'produce',
    correlation: 1_000,
    topic: 'bench',
    partition: 3,
    acks: 'quorum',
    chunk: draft,
  }),
);
const append: RaftMessage = {
  kind: 'append',
  from: 'a'.repeat(32) as ReplicaId,
  to: 'b'.repeat(32) as ReplicaId,
  term: term(1),
  prevIndex: 0 as LogIndex,
  prevTerm: term(0),
  commit: 0 as LogIndex,
  last: together as LogIndex,
  stream: 1,
  entries,
};
const message = { kind: 'group-raft', fromIncarnation: 1, toIncarnation: 1, message: append };
const address = { fromShard: 0, fromId: 'partition/1', toShard: 0, toId: 'partition/1' };
const envelope = bundledEnvelope.encode({
  ...address,
  lane: 'control',
  payload: codec.encode('partition/1', message),
});
const bundle = packFrame([peerBundleType, 0, [envelope]]);
const log = {
  key: { group: groupId(1), life: 3 },
  end: 0 as LogIndex,
  highest: 0 as LogIndex,
  strays: false,
  at: { maxTimestamp: 0, sincePoint: 0 },
  exactTo: Infinity,
};
const write = {
  group: groupId(1),
  truncateFrom: undefined,
  entries,
  hard: undefined,
  tail: undefined,
  healed: false,
};
const unused = (): never => {
  throw new Error('appending needs no look-up');
};
const engine: Engine = { batch: unused, get: unused, scan: unused, close: unused };

interface Part {
  readonly part: string;
  /** What one run handles: records or entries. */
  readonly per: number;
  readonly run: () => unknown;
}

const parts: readonly Part[] = [
  {
    part: "leader: a client's frame, checked and decoded",
    per: 1,
    run: () => clientFrames.decode(unpackFrame(asReceived(produce), bounds)),
  },
  {
    part: 'leader: a batch of one record, checked',
    per: 1,
    run: () => checkedDraft(draft, defaultLimits, Date.now(), crc32),
  },
  {
    part: 'leader: a batch of 400 records, checked, per record',
    per: 400,
    run: () => checkedDraft(large, defaultLimits, Date.now(), crc32),
  },
  { part: 'leader: an append encoded', per: together, run: () => codec.encode('partition/1', message) },
  { part: 'leader: an append packed', per: together, run: () => packFrame([peerBundleType, 0, [envelope]]) },
  {
    part: 'leader: an answer encoded and packed',
    per: 1,
    run: () =>
      packFrame(nodeFrames.encode({ kind: 'produced', correlation: 1_000, baseOffset: offset(123_456) })),
  },
  {
    part: 'follower: an append unpacked and decoded',
    per: together,
    run: () => {
      const frame = peerFrames.decode(unpackFrame(asReceived(bundle), bounds));
      if (frame.kind !== 'peer-bundle') throw new Error(`${frame.kind} is no bundle`);
      return frame.envelopes.map(({ toId, payload }) => codec.decode(toId, payload));
    },
  },
  {
    part: 'follower: entries verified',
    per: together,
    run: () => entriesFault(append, groupId(1), crc32),
  },
  {
    part: "each node: the store's batch made",
    per: together,
    run: () =>
      new BatchPlan({ engine, crc32, gapBytes: 64 << 10 }).make(
        [write],
        () => log,
        (_error, plan) => plan.ops.length,
      ),
  },
  {
    part: 'each node: entries applied',
    per: together,
    run: () => {
      const machine = new PartitionMachine(defaultLimits);
      for (const entry of entries) machine.apply(entry.index, entry.bytes);
    },
  },
];

function nanoseconds({ per, run }: Part): number {
  for (let round = 0; round < rounds / 5; round += 1) run();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) run();
  const { user, system } = process.cpuUsage(before);
  return Math.round(((user + system) * 1_000) / rounds / per);
}

process.stdout.write(`${formatTable(parts.map((part) => ({ part: part.part, ns: nanoseconds(part) })))}\n`);
