/** A leader of three in term 1, whose own first entry is committed; the test speaks for the two others, the disk and its reader. */
import {
  defaultLimits,
  groupId,
  logIndex,
  replicaId,
  term,
  type Limits,
  type ReplicaId,
} from '@callboard/client/protocol';
import * as assert from 'uvu/assert';
import type { GroupRaft } from '../../../src/actors/group/messages.ts';
import type { LogReaderMessage } from '../../../src/actors/log-reader/messages.ts';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
  PartitionRequest,
} from '../../../src/actors/partition-replica/messages.ts';
import type { PushNews, PushOpen } from '../../../src/actors/partition-replica/push-messages.ts';
import { PartitionReplica } from '../../../src/actors/partition-replica/replica.ts';
import { refTo } from '../../../src/kernel/index.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { RaftMessage } from '../../../src/raft/index.ts';
import { draftOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const start = 3;
const own = start * 2 ** 20 + 1;
const nodes = ['n1', 'n2', 'n3'] as const;
const idOf = (node: string): ReplicaId => replicaId(node.replace('n', 'a').repeat(16));
const producerId = 'b'.repeat(32);

type Body<R> = R extends unknown ? Omit<R, 'id' | 'replyTo'> : never;
export type Asked = Body<PartitionRequest | PushOpen>;

export interface Leading {
  readonly kit: Kit;
  readonly answers: (PartitionAnswer | PushNews)[];
  /** What its LogReader was asked. */
  readonly reads: LogReaderMessage[];
  hear(node: string, said: object): void;
  /** The newest message of this kind to n2; undefined: none. */
  said(kind: RaftMessage['kind']): RaftMessage | undefined;
  produce(id: number, firstSequence: number): void;
  /** Sends a request; handled only with `settle`. */
  ask(id: number, request: Asked, settle?: boolean): void;
  tell(message: PartitionReplicaMessage): void;
  /** n2 answers the newest heartbeat. */
  confirm(): void;
  /** Everything that was asked to be written is on this disk. */
  written(): void;
  /** Everything up to `index` is on this disk and that of n2. */
  commit(index: number): void;
  stop(): void;
}

/** What the test says of the room that there is. */
export interface Room {
  noRoom?: 'low_disk_space' | 'memory_full' | undefined;
  noReserve?: 'low_disk_space' | 'memory_full' | undefined;
}

/** Leads term 1, its own first entry is committed. */
export function leading(limits: Partial<Limits> = {}, room: Room = {}): Leading {
  const kit = newKit({ freezeMessages: false });
  const answers: (PartitionAnswer | PushNews)[] = [];
  const reads: LogReaderMessage[] = [];
  const writes: LogWriterMessage[] = [];
  const { system } = kit;
  system.spawn('log-writer', collector(writes));
  system.spawn('log-reader', collector(reads));
  for (const id of ['peer-link', 'gateway', 'manager']) {
    system.spawn(id, collector<unknown>([]));
  }
  const replyTo = system.spawn('asker', collector(answers));
  system.spawn<PartitionReplicaMessage>(
    'partition/1',
    () =>
      new PartitionReplica({
        group: groupId(1),
        members: nodes.map((node) => ({ replica: idOf(node), node })),
        self: idOf('n1'),
        startCount: start,
        limits: { ...defaultLimits, ...limits },
        crc32,
        budget: { bytes: 0 },
        noRoom: () => room.noRoom,
        noReserve: () => room.noReserve,
      }),
  );
  const tell = (message: PartitionReplicaMessage): void => {
    const to = system.find<PartitionReplicaMessage>('partition/1');
    assert.ok(to);
    system.send(to, message, 'control');
    kit.settle();
  };
  const said: Leading['said'] = (kind) =>
    kit.sent
      .filter(({ to }) => to.node === 'n2')
      .map(({ message }) => message as GroupRaft)
      .findLast((message) => message.kind === 'group-raft' && message.message.kind === kind)?.message;
  const hear: Leading['hear'] = (node, fields) => {
    const message = { term: term(1), from: idOf(node), to: idOf('n1'), ...fields } as unknown as RaftMessage;
    tell({ kind: 'group-raft', fromIncarnation: 100, toIncarnation: own, message });
  };
  const written = (): void => {
    const token = writes.findLast((message) => message.kind === 'log-write')?.token ?? 0;
    tell({ kind: 'group-written', incarnation: own, token });
  };
  const none = { index: logIndex(0), term: term(0), checksum: 0 };
  const log = { hard: { term: term(0), vote: undefined }, runs: [], tail: none, highest: logIndex(0) };
  kit.pass(1_200);
  tell({ kind: 'group-opened', incarnation: own, log: { ...log, verdict: { kind: 'clean' } } });
  for (let waited = 0; said('pre-vote') === undefined && waited < 100; waited += 1) kit.pass(100);
  hear('n2', { kind: 'pre-vote-reply', granted: true });
  written();
  hear('n2', { kind: 'vote-reply', granted: true });
  written();
  const commit = (at: number): void => {
    const index = logIndex(at);
    written();
    hear('n2', { kind: 'append-reply', outcome: 'ack', index, hintIndex: index, hintTerm: term(1) });
  };
  commit(1);
  const ask: Leading['ask'] = (id, request, settle = true) => {
    const to = system.find<PartitionReplicaMessage>('partition/1');
    assert.ok(to);
    system.send(to, { ...request, id, replyTo });
    if (settle) kit.settle();
  };
  return {
    kit,
    answers,
    reads,
    hear,
    said,
    ask,
    tell,
    written,
    commit,
    produce: (id, firstSequence) => {
      const chunk = draftOf(['x'], { producerId, firstSequence, epoch: 0 });
      ask(id, { kind: 'produce', acks: 'quorum', chunk });
    },
    confirm: () => {
      const beat = said('heartbeat');
      assert.ok(beat?.kind === 'heartbeat');
      hear('n2', { kind: 'heartbeat-reply', context: beat.context, damaged: false, last: beat.last });
    },
    stop: () => system.stop(refTo('n1', 'partition/1')),
  };
}

/** Each answer in short: its kind, or the code and outcome of its error. */
export function told({ answers }: Leading): readonly string[] {
  return answers.map((answer) =>
    'error' in answer
      ? `${answer.id}: ${answer.error.code} ${answer.error.outcome}`
      : `${answer.id}: ${answer.kind}`,
  );
}
