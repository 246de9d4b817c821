// One copy in memory without its peers: when it gives itself up, and that nothing of it runs until it is taken back.
import { defaultLimits, groupId, logIndex, replicaId, term, type GroupId } from '@callboard/client/protocol';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ManagerMessage } from '../../../src/actors/manager/messages.ts';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import { MemoryCopy } from '../../../src/actors/partition-replica/memory-copy.ts';
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
} from '../../../src/actors/partition-replica/messages.ts';
import type { Verdict } from '../../../src/raft/index.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import { draftOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const test = suite('memory copy');
const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
const group = groupId(1);
const { memoryLossMs } = defaultLimits;
const damaged: Verdict = { kind: 'damaged', owed: { kind: 'unknown' }, detail: '' };

class Rig {
  readonly kit: Kit = newKit({ freezeMessages: false });
  readonly told: ManagerMessage[] = [];
  readonly answers: PartitionAnswer[] = [];
  readonly givenUp = new Set<GroupId>();
  readonly #writer: LogWriterMessage[] = [];

  constructor(members = 3) {
    const { system } = this.kit;
    system.spawn('manager', collector(this.told));
    system.spawn('log-writer', collector(this.#writer));
    for (const id of ['log-reader', 'peer-link', 'gateway']) system.spawn(id, collector<unknown>([]));
    system.spawn('asker', collector(this.answers));
    this.spawn(members);
  }

  spawn(members = 3): void {
    const shared = { startCount: 1, limits: defaultLimits, crc32, budget: { bytes: 0 } };
    const places = ids.slice(0, members).map((replica, at) => ({ replica, node: `n${String(at + 1)}` }));
    const options = { ...shared, group, members: places, self: replicaId(ids[0] ?? '') };
    this.kit.system.spawn<PartitionReplicaMessage>(
      'partition/1',
      () => new MemoryCopy({ ...options, noRoom: () => undefined }, this.givenUp),
    );
    this.kit.settle();
  }

  /** The newest walk that was asked for is answered. */
  open(verdict: Verdict): void {
    const asked = this.#writer.findLast((message) => message.kind === 'log-open');
    assert.ok(asked?.kind === 'log-open');
    const tail = { index: logIndex(0), term: term(0), checksum: 0 };
    const log = { hard: { term: term(1), vote: undefined }, verdict, runs: [], tail, highest: logIndex(0) };
    this.send({ kind: 'group-opened', incarnation: asked.incarnation, log });
  }

  send(message: PartitionReplicaMessage): void {
    const to = this.kit.system.find<PartitionReplicaMessage>('partition/1');
    assert.ok(to);
    this.kit.system.send(to, message, 'control');
    this.kit.settle();
  }

  /** Everything that was asked to be written so far is. */
  written(): void {
    const write = this.#writer.findLast((message) => message.kind === 'log-write');
    assert.ok(write?.kind === 'log-write');
    this.send({ kind: 'group-written', incarnation: write.incarnation, token: write.token });
  }

  get writes(): number {
    return this.#writer.filter(({ kind }) => kind === 'log-write').length;
  }

  get words(): number {
    return this.told.filter(({ kind }) => kind === 'copy-given-up').length;
  }
}

test('gives itself up when it has been damaged and without a leader for long, and says so until it is heard', () => {
  const rig = new Rig();
  rig.open(damaged);
  rig.kit.pass(memoryLossMs - 1_000);
  assert.is(rig.words, 0);
  rig.kit.pass(2_000);
  assert.ok(rig.words > 0);
  assert.ok(rig.givenUp.has(group));
  const before = rig.words;
  rig.kit.pass(3_000);
  assert.ok(rig.words > before);
});

test('what is proposed in a turn is written at the end of the turn, and not with the next tick', () => {
  const rig = new Rig(1);
  rig.open({ kind: 'clean' });
  rig.kit.pass(1_000);
  // Its vote for itself, and its own first entry.
  for (let n = 0; n < 2; n += 1) rig.written();
  const before = rig.writes;
  const replyTo = rig.kit.system.find<PartitionAnswer>('asker');
  assert.ok(replyTo);
  const chunk = draftOf(['x'], { producerId: 'b'.repeat(32), firstSequence: 0 });
  rig.send({ kind: 'produce', id: 7, replyTo, acks: 'quorum', chunk });
  assert.is(rig.writes, before + 1);
  rig.written();
  assert.is(rig.answers.find(({ id }) => id === 7)?.kind, 'produced');
});

test('a sound one waits for its peers for ever', () => {
  const rig = new Rig();
  rig.open({ kind: 'clean' });
  rig.kit.pass(3 * memoryLossMs);
  assert.is(rig.words, 0);
});

test('the only copy, and one whose journal is lost, have nobody to wait for', () => {
  const only = new Rig(1);
  only.open(damaged);
  assert.is(only.words, 1);
  const lost = new Rig();
  lost.open({ kind: 'journal-lost', detail: '' });
  assert.is(lost.words, 1);
});

test('given up it sends nothing to its group, and refuses requests', () => {
  const rig = new Rig();
  rig.open(damaged);
  rig.kit.pass(memoryLossMs + 1_000);
  const { length } = rig.kit.sent;
  const message = { kind: 'vote', from: replicaId(ids[1] ?? ''), to: replicaId(ids[0] ?? '') } as const;
  const ask = { ...message, term: term(9), lastIndex: logIndex(99), lastTerm: term(8), transfer: true };
  rig.send({ kind: 'group-raft', fromIncarnation: 5, toIncarnation: 0, message: ask });
  rig.kit.pass(5_000);
  assert.is(rig.kit.sent.length, length);
  const replyTo = rig.kit.system.find<PartitionAnswer>('asker');
  assert.ok(replyTo);
  rig.send({ kind: 'size', id: 7, replyTo, consumer: 'c' });
  assert.is(rig.answers[0]?.kind, 'partition-failed');
});

test('no later incarnation runs before it is taken back', () => {
  const rig = new Rig();
  rig.open(damaged);
  rig.kit.pass(memoryLossMs + 1_000);
  const { system } = rig.kit;
  const first = system.find('partition/1');
  assert.ok(first);
  system.stop(first);
  const before = rig.words;
  rig.spawn();
  assert.is(rig.words, before + 1);
  assert.is(system.find('partition/1'), undefined);
  rig.givenUp.clear();
  rig.spawn();
  rig.open({ kind: 'clean' });
  assert.is(rig.words, before + 1);
  assert.ok(system.find('partition/1'));
});

test.run();
