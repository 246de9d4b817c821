// One replica of a group of one, beside a disk by hand: what is answered when, and what is never let in.
import {
  defaultLimits,
  groupId,
  logIndex,
  replicaId,
  term,
  type Acks,
  type Limits,
} from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogWrite, LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import type {
  PartitionAnswer,
  PartitionReplicaMessage,
} from '../../../src/actors/partition-replica/messages.ts';
import { PartitionReplica } from '../../../src/actors/partition-replica/replica.ts';
import type { NodeBudget } from '../../../src/actors/partition-replica/replica.ts';
import type { Ref } from '../../../src/kernel/index.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import { draftOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const self = 'a'.repeat(32);
const producerId = 'b'.repeat(32);
const start = 3;

class Rig {
  readonly kit: Kit = newKit({ freezeMessages: false });
  readonly answers: PartitionAnswer[] = [];
  readonly budget: NodeBudget = { bytes: 0 };
  noRoom: 'low_disk_space' | 'memory_full' | undefined;
  readonly #writer: LogWriterMessage[] = [];
  readonly #asker: Ref<PartitionAnswer>;
  #incarnation = start * 2 ** 20;
  #lastId = 0;

  constructor(limits: Partial<Limits> = {}) {
    const { system } = this.kit;
    system.spawn('log-writer', collector(this.#writer));
    for (const id of ['log-reader', 'peer-link', 'gateway', 'manager']) {
      system.spawn(id, collector<unknown>([]));
    }
    this.#asker = system.spawn('asker', collector(this.answers));
    system.spawn<PartitionReplicaMessage>(
      'partition/1',
      () =>
        new PartitionReplica({
          group: groupId(1),
          members: [{ replica: self, node: 'n1' }],
          self: replicaId(self),
          startCount: start,
          limits: { ...defaultLimits, ...limits },
          crc32,
          budget: this.budget,
          noRoom: () => this.noRoom,
        }),
    );
    this.open();
    // Its vote for itself, and its own first entry.
    for (let n = 0; n < 2; n += 1) this.written();
  }

  /** An incarnation opens its log, which is empty. */
  open(): void {
    this.kit.pass(1_200);
    this.#incarnation += 1;
    const none = { index: logIndex(0), term: term(0), checksum: 0 };
    const log = { hard: { term: term(0), vote: undefined }, runs: [], tail: none, highest: logIndex(0) };
    const message = { kind: 'group-opened', incarnation: this.#incarnation } as const;
    this.tell({ ...message, log: { ...log, verdict: { kind: 'clean' } } });
    this.kit.pass(200);
  }

  tell(message: PartitionReplicaMessage): void {
    const to = this.kit.system.find<PartitionReplicaMessage>('partition/1');
    assert.ok(to);
    this.kit.system.send(to, message, 'control');
    this.kit.settle();
  }

  produce(
    texts: readonly string[],
    firstSequence: number,
    more: { acks?: Acks; epoch?: number } = {},
  ): number {
    this.#lastId += 1;
    const { acks = 'quorum', epoch = 0 } = more;
    const chunk = draftOf(texts, { producerId, firstSequence, epoch });
    this.tell({ kind: 'produce', id: this.#lastId, replyTo: this.#asker, acks, chunk });
    return this.#lastId;
  }

  /** Everything that was asked to be written is on the disk. */
  written(): void {
    const writes = this.#writer.filter((message): message is LogWrite => message.kind === 'log-write');
    const token = writes.at(-1)?.token ?? 0;
    this.tell({ kind: 'group-written', incarnation: this.#incarnation, token });
  }

  /** The answer to `id` in short, or `open`. Throws on a second one. */
  verdict(id: number): string {
    const [answer, ...more] = this.answers.filter((one) => one.id === id);
    assert.equal(more, [], `call ${id} was answered more than once`);
    if (answer === undefined) return 'open';
    if (answer.kind === 'produced') return `at ${answer.baseOffset}`;
    return answer.kind === 'partition-failed' ? `${answer.error.code} ${answer.error.outcome}` : answer.kind;
  }

  get failures(): number {
    return this.kit.notes.filter((note) => note.event === 'actor.failed').length;
  }
}

test('a record is acknowledged when it is on the disk, not before; one that asks for no ack at once', () => {
  const rig = new Rig();
  const ids = (['quorum', 'leader', 'none'] as const).map((acks, at) =>
    rig.produce(['x', 'y'], 2 * at, { acks }),
  );
  assert.equal(
    ids.map((id) => rig.verdict(id)),
    ['open', 'open', 'at 4'],
  );
  rig.written();
  assert.equal(
    ids.map((id) => rig.verdict(id)),
    ['at 0', 'at 2', 'at 4'],
  );
});

test('a repeat waits with its original while that is on its way, and has its offset afterwards', () => {
  const rig = new Rig();
  const first = rig.produce(['x'], 0);
  const again = rig.produce(['x'], 0);
  assert.equal([rig.verdict(first), rig.verdict(again)], ['open', 'open']);
  rig.written();
  assert.equal([rig.verdict(first), rig.verdict(again)], ['at 0', 'at 0']);
  assert.is(rig.verdict(rig.produce(['x'], 0)), 'at 0');
  assert.is(rig.failures, 0);
});

test('a repeat of a record for which no ack was asked waits as any other', () => {
  const rig = new Rig();
  rig.produce(['x'], 0, { acks: 'none' });
  const again = rig.produce(['x'], 0);
  const third = rig.produce(['x'], 0, { acks: 'none' });
  assert.is(rig.failures, 0);
  assert.equal([rig.verdict(again), rig.verdict(third)], ['open', 'at 0']);
  rig.written();
  assert.equal([rig.verdict(again), rig.verdict(third)], ['at 0', 'at 0']);
});

test('sequences are judged by what is on its way too: gaps and old epochs are refused, nothing is let in', () => {
  const rig = new Rig();
  rig.produce(['x'], 0, { epoch: 1 });
  const gap = rig.produce(['y'], 2, { epoch: 1 });
  const fenced = rig.produce(['y'], 1, { epoch: 0 });
  rig.written();
  assert.equal(
    [rig.verdict(gap), rig.verdict(fenced)],
    ['sequence_gap not_applied', 'producer_fenced not_applied'],
  );
  assert.is(rig.verdict(rig.produce(['y'], 1, { epoch: 1 })), 'open');
});

test('what is not committed counts against the group and the node, and is let go when it is', () => {
  const rig = new Rig({ uncommittedNodeBytes: 600, uncommittedGroupBytes: 600 });
  const first = rig.produce(['x'.repeat(400)], 0);
  assert.ok(rig.budget.bytes > 400, `${rig.budget.bytes}`);
  assert.is(rig.verdict(rig.produce(['y'.repeat(400)], 1)), 'overloaded not_applied');
  rig.written();
  assert.is(rig.verdict(first), 'at 0');
  assert.is(rig.budget.bytes, 0);
  assert.is(rig.verdict(rig.produce(['y'.repeat(400)], 1)), 'open');
});

test('what other groups of the node have uncommitted counts as well', () => {
  const rig = new Rig({ uncommittedNodeBytes: 1_000 });
  rig.budget.bytes = 990;
  assert.is(rig.verdict(rig.produce(['x'], 0)), 'overloaded not_applied');
  rig.budget.bytes = 0;
  assert.is(rig.verdict(rig.produce(['x'], 0)), 'open');
});

test('without room nothing is let in, and what was refused takes no sequence and no offset', () => {
  const rig = new Rig();
  rig.noRoom = 'low_disk_space';
  assert.is(rig.verdict(rig.produce(['x'], 0)), 'low_disk_space not_applied');
  rig.noRoom = undefined;
  const id = rig.produce(['x'], 0);
  rig.written();
  assert.is(rig.verdict(id), 'at 0');
});

test('a chunk that proves nothing is refused before it touches anything', () => {
  const rig = new Rig();
  const chunk = draftOf(['x'], { producerId });
  chunk[chunk.byteLength - 1] = (chunk[chunk.byteLength - 1] ?? 0) ^ 1;
  const replyTo = rig.kit.system.find<PartitionAnswer>('asker');
  assert.ok(replyTo);
  rig.tell({ kind: 'produce', id: 99, replyTo, acks: 'quorum', chunk });
  assert.match(rig.verdict(99), /not_applied$/);
  assert.is(rig.budget.bytes, 0);
});

test('a replica that fails answers everybody who waits with unknown, and leaves nothing on the account of its node', () => {
  const rig = new Rig();
  const ids = [rig.produce(['x'], 0), rig.produce(['y'], 1)];
  assert.ok(rig.budget.bytes > 0);
  rig.tell({ kind: 'group-damage', index: logIndex(1) });
  assert.is(rig.failures, 1);
  assert.equal(
    ids.map((id) => rig.verdict(id)),
    ['not_leader unknown', 'not_leader unknown'],
  );
  assert.is(rig.budget.bytes, 0);
  rig.kit.pass(100);
  assert.match(rig.verdict(rig.produce(['z'], 2)), /not_applied$|open/);
});

test.run();
