// A leader of three that may have been deposed without knowing it: what it may say for good, and when.
import {
  defaultLimits,
  groupId,
  logIndex,
  replicaId,
  term,
  type ReplicaId,
} from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { GroupRaft } from '../../../src/actors/group/messages.ts';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
} from '../../../src/actors/partition-replica/messages.ts';
import { PartitionReplica } from '../../../src/actors/partition-replica/replica.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { RaftMessage } from '../../../src/raft/index.ts';
import { draftOf, emptyDraft, entryOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const start = 3;
const own = start * 2 ** 20 + 1;
const nodes = ['n1', 'n2', 'n3'] as const;
const idOf = (node: string): ReplicaId => replicaId(node.replace('n', 'a').repeat(16));
const producerId = 'b'.repeat(32);

interface Rig {
  readonly kit: Kit;
  readonly answers: PartitionAnswer[];
  hear(node: string, said: object): void;
  /** The newest message of this kind to n2; undefined: none. */
  said(kind: RaftMessage['kind']): RaftMessage | undefined;
  /** Asked as a gateway or a session does. */
  ask(request: object): void;
  produce(id: number, firstSequence: number): void;
  /** Everything that was asked to be written is durable. */
  written(): void;
}

/** Leads term 1, its own first entry is committed. */
function leading(): Rig {
  const kit = newKit({ freezeMessages: false });
  const answers: PartitionAnswer[] = [];
  const writes: LogWriterMessage[] = [];
  const { system } = kit;
  system.spawn('log-writer', collector(writes));
  for (const id of ['log-reader', 'peer-link', 'gateway', 'manager']) {
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
        limits: defaultLimits,
        crc32,
        budget: { bytes: 0 },
        noRoom: () => undefined,
      }),
  );
  const tell = (message: PartitionReplicaMessage): void => {
    const to = system.find<PartitionReplicaMessage>('partition/1');
    assert.ok(to);
    system.send(to, message, 'control');
    kit.settle();
  };
  const said: Rig['said'] = (kind) =>
    kit.sent
      .filter(({ to }) => to.node === 'n2')
      .map(({ message }) => message as GroupRaft)
      .findLast((message) => message.kind === 'group-raft' && message.message.kind === kind)?.message;
  const hear: Rig['hear'] = (node, fields) => {
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
  const first = logIndex(1);
  hear('n2', { kind: 'append-reply', outcome: 'ack', index: first, hintIndex: first, hintTerm: term(1) });
  const ask: Rig['ask'] = (request) => tell({ ...request, replyTo } as unknown as PartitionReplicaMessage);
  const produce: Rig['produce'] = (id, firstSequence) => {
    const chunk = draftOf(['x'], { producerId, firstSequence, epoch: 0 });
    ask({ kind: 'produce', id, acks: 'quorum', chunk });
  };
  return { kit, answers, hear, said, ask, produce, written };
}

function codes(rig: Rig): string[] {
  return rig.answers.map((answer) => (answer.kind === 'partition-failed' ? answer.error.code : answer.kind));
}

test('a sequence is refused for good only by a leader that a majority has confirmed since', () => {
  const rig = leading();
  rig.produce(1, 7);
  assert.equal(codes(rig), [], 'nobody has confirmed it yet');
  const beat = rig.said('heartbeat');
  assert.ok(beat?.kind === 'heartbeat');
  rig.hear('n2', { kind: 'heartbeat-reply', context: beat.context, damaged: false, last: logIndex(1) });
  assert.equal(codes(rig), ['sequence_gap']);
});

test('one that learns of a later term instead sends the producer on: others may know the sequence', () => {
  const rig = leading();
  rig.produce(1, 7);
  rig.hear('n3', { kind: 'heartbeat', term: term(2), commit: logIndex(0), last: logIndex(1), context: 1 });
  assert.equal(codes(rig), ['not_leader']);
});

/** The first batch of the producer is stored and was answered. */
function stored(): Rig {
  const rig = leading();
  rig.produce(1, 0);
  const index = logIndex(2);
  for (const node of ['n2', 'n3']) {
    rig.hear(node, { kind: 'append-reply', outcome: 'ack', index, hintIndex: index, hintTerm: term(1) });
  }
  assert.equal(codes(rig), ['produced']);
  rig.answers.length = 0;
  return rig;
}

test('a batch that is stored already is acknowledged again only by a leader that a majority has confirmed since', () => {
  const rig = stored();
  rig.produce(2, 0);
  assert.equal(codes(rig), [], 'nobody has confirmed it yet: the topic may have been removed');
  const beat = rig.said('heartbeat');
  assert.ok(beat?.kind === 'heartbeat');
  rig.hear('n2', { kind: 'heartbeat-reply', context: beat.context, damaged: false, last: logIndex(2) });
  assert.equal(codes(rig), ['produced']);
});

test('one that is deposed meanwhile leaves it open what became of a repeated batch', () => {
  const rig = stored();
  rig.produce(2, 0);
  rig.hear('n3', { kind: 'heartbeat', term: term(2), commit: logIndex(0), last: logIndex(2), context: 1 });
  const [answer] = rig.answers;
  assert.ok(answer?.kind === 'partition-failed');
  assert.equal([answer.error.code, answer.error.outcome], ['not_leader', 'unknown']);
});

test('a lookup and an anonymous subscription begin nowhere at a leader that could not confirm that it leads', () => {
  for (const start of [{ at: 'latest', value: 0 } as const, { at: 'offset', value: 0 } as const]) {
    const rig = leading();
    rig.ask({ kind: 'locate', id: 1, position: start });
    rig.ask({ kind: 'push-open', id: 2, owner: undefined, start, reset: false });
    assert.equal(rig.answers, [], 'nobody has confirmed it yet');
    rig.hear('n3', { kind: 'heartbeat', term: term(2), commit: logIndex(0), last: logIndex(1), context: 1 });
    const told = (rig.answers as readonly { kind: string; error?: { code: string } }[]).map(
      ({ kind, error }) => `${kind} ${error?.code}`,
    );
    assert.equal(told.toSorted(), ['partition-failed not_leader', 'push-ended not_leader']);
  }
});

test('what a leadership has not applied is no duplicate in the next one of the same replica', () => {
  const rig = leading();
  const first = rig.said('append');
  assert.ok(first?.kind === 'append');
  const [noop] = first.entries;
  assert.ok(noop);
  rig.produce(1, 0);
  // Its entry is replaced by the first one of node 3's term, which is committed.
  const theirs = entryOf(emptyDraft('noop'), { index: 2, term: 2, previous: noop.checksum });
  const place = {
    prevIndex: logIndex(1),
    prevTerm: term(1),
    commit: logIndex(2),
    last: logIndex(2),
    stream: 0,
  };
  rig.hear('n3', { kind: 'append', term: term(2), ...place, entries: [theirs] });
  rig.written();
  assert.equal(codes(rig), ['not_leader']);
  // Then this replica leads once more.
  const asked = (kind: 'pre-vote' | 'vote'): boolean => rig.said(kind)?.term === 3;
  for (let waited = 0; !asked('pre-vote') && waited < 100; waited += 1) rig.kit.pass(100);
  rig.hear('n2', { kind: 'pre-vote-reply', term: term(3), granted: true });
  rig.written();
  assert.ok(asked('vote'));
  rig.hear('n2', { kind: 'vote-reply', term: term(3), granted: true });
  rig.written();
  const ack = (at: number): object => {
    const index = logIndex(at);
    const end = { index, hintIndex: index, hintTerm: term(3), stream: 0 };
    return { kind: 'append-reply', outcome: 'ack', term: term(3), ...end };
  };
  rig.hear('n2', ack(3));
  rig.produce(2, 0);
  rig.written();
  rig.hear('n2', ack(4));
  assert.equal(codes(rig), ['not_leader', 'produced']);
});

test.run();
