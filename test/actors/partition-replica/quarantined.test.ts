// A replica that fails again and again: whoever waits for it, or asks it later, is told at once, and what it held of others is given back.
import { defaultLimits, groupId, logIndex, offset, replicaId, term } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Roster } from '../../../src/actors/beats/roster.ts';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import type { ManagerMessage } from '../../../src/actors/manager/messages.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
} from '../../../src/actors/partition-replica/messages.ts';
import type { PushNews } from '../../../src/actors/partition-replica/push-messages.ts';
import { QuarantinedReplica } from '../../../src/actors/partition-replica/quarantined.ts';
import { PartitionReplica, type NodeBudget } from '../../../src/actors/partition-replica/replica.ts';
import type { Ref } from '../../../src/kernel/index.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import { draftOf } from '../../lib/chunks.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const self = 'a'.repeat(32);
const group = groupId(1);
const start = 3;

/** A group of one that leads, whose next restart is its last. */
class Rig {
  readonly kit: Kit = newKit({ freezeMessages: false });
  readonly answers: PartitionAnswer[] = [];
  readonly news: PushNews[] = [];
  readonly told: ManagerMessage[] = [];
  readonly budget: NodeBudget = { bytes: 0 };
  readonly roster = new Roster();
  readonly replica: Ref<PartitionReplicaMessage>;
  readonly #asker: Ref<PartitionAnswer>;
  readonly #subscriber: Ref<PushNews>;
  readonly #writes: LogWriterMessage[] = [];

  constructor() {
    const { system } = this.kit;
    system.spawn('log-writer', collector(this.#writes));
    system.spawn('manager', collector(this.told));
    for (const id of ['log-reader', 'peer-link', 'gateway']) system.spawn(id, collector<unknown>([]));
    this.#asker = system.spawn('asker', collector(this.answers));
    this.#subscriber = system.spawn('subscriber', collector(this.news));
    this.replica = system.spawn<PartitionReplicaMessage>(
      partitionActorId(group),
      () =>
        new PartitionReplica({
          group,
          members: [{ replica: self, node: 'n1' }],
          self: replicaId(self),
          startCount: start,
          limits: defaultLimits,
          crc32,
          budget: this.budget,
          roster: this.roster,
          noRoom: () => undefined,
        }),
      {
        restart: { firstDelayMs: 50, maxDelayMs: 2_000, budget: 0, windowMs: 600_000, spent: 'quarantine' },
        standIn: (quarantine) => new QuarantinedReplica({ group }, quarantine),
      },
    );
    this.kit.pass(100);
    const none = { index: logIndex(0), term: term(0), checksum: 0 };
    const log = { hard: { term: term(0), vote: undefined }, runs: [], tail: none, highest: logIndex(0) };
    const incarnation = start * 2 ** 20 + 1;
    this.tell({ kind: 'group-opened', incarnation, log: { ...log, verdict: { kind: 'clean' } } });
    this.tell({ kind: 'campaign' });
    for (let n = 0; n < 3; n += 1) {
      const write = this.#writes.findLast((message) => message.kind === 'log-write');
      this.tell({ kind: 'group-written', incarnation, token: write?.kind === 'log-write' ? write.token : 0 });
    }
    assert.is(this.kit.system.inspectOne(this.replica.id)?.details['role'], 'leader');
  }

  tell(message: PartitionReplicaMessage): void {
    this.kit.system.send(this.replica, message, 'control');
    this.kit.settle();
  }

  /** On the data lane, and not handled before `settle`. */
  send(message: PartitionReplicaMessage): void {
    this.kit.system.send(this.replica, message);
  }

  produce(id: number): PartitionReplicaMessage {
    const chunk = draftOf([`record ${String(id)}`], { producerId: 'b'.repeat(32), firstSequence: id - 1 });
    return { kind: 'produce', id, replyTo: this.#asker, acks: 'quorum', chunk };
  }

  open(id: number): PartitionReplicaMessage {
    const at = { at: 'earliest', value: 0 } as const;
    return { kind: 'push-open', id, replyTo: this.#subscriber, owner: undefined, start: at, reset: false };
  }

  pull(id: number): PartitionReplicaMessage {
    return { kind: 'push-pull', id, replyTo: this.#subscriber, records: 1, bytes: 1 };
  }

  ask(
    kind: 'size' | 'consume' | 'settle-takes' | 'lead' | 'fetch' | 'locate',
    id: number,
  ): PartitionReplicaMessage {
    const head = { id, replyTo: this.#asker };
    switch (kind) {
      case 'lead':
        return { kind, ...head };
      case 'fetch':
        return { kind, ...head, offset: offset(0), maxBytes: 1_000 };
      case 'locate':
        return { kind, ...head, position: { at: 'earliest', value: 0 } };
      case 'size':
        return { kind, ...head, consumer: 'c' };
      case 'consume':
        return { kind, ...head, consumer: 'c', start: 1, noted: [] };
      case 'settle-takes':
        return { kind, ...head, start: 1, words: [] };
    }
  }

  /** Ends its only life, as a broken invariant would. */
  fail(): void {
    this.tell({ kind: 'group-damage', index: logIndex(1) });
  }

  verdicts(): readonly string[] {
    return this.answers.splice(0).map((answer) => {
      const failed = answer.kind === 'partition-failed';
      return `${String(answer.id)} ${failed ? `${answer.error.code} ${answer.error.outcome}` : answer.kind}`;
    });
  }

  get details(): Record<string, unknown> {
    return this.kit.system.inspectOne(this.replica.id)?.details ?? {};
  }
}

test('what it held when it failed is settled: callers, subscribers, bytes of the node, ticks, its leadership', () => {
  const rig = new Rig();
  rig.tell(rig.open(1));
  rig.tell(rig.produce(1));
  assert.ok(rig.budget.bytes > 0);
  assert.is(rig.roster.size, 1);
  rig.fail();
  assert.equal(rig.verdicts(), ['1 not_leader unknown']);
  assert.equal(
    rig.news.map((news) => (news.kind === 'push-ended' ? `${news.kind} ${news.error.code}` : news.kind)),
    ['push-opened', 'push-ended not_leader'],
  );
  assert.is(rig.budget.bytes, 0);
  assert.is(rig.roster.size, 0);
  const said = rig.told.map(({ kind }) => kind);
  assert.equal(said, ['leader-ready', 'leader-lost']);
});

test('whoever asks it afterwards is refused at once, whatever was asked, and nothing is done', () => {
  const rig = new Rig();
  rig.fail();
  rig.news.length = 0;
  const asked = ['size', 'consume', 'lead', 'fetch', 'locate', 'settle-takes'] as const;
  asked.forEach((kind, at) => rig.send(rig.ask(kind, 10 + at)));
  rig.send(rig.produce(1));
  rig.send(rig.open(5));
  rig.send(rig.pull(6));
  rig.kit.settle();
  const refused = [10, 11, 12, 13, 14, 15, 1].map((id) => `${String(id)} partition_quarantined not_applied`);
  assert.equal(rig.verdicts(), refused);
  assert.equal(
    rig.news.map((news) => `${String(news.id)} ${news.kind}`),
    ['5 push-ended', '6 push-ended'],
  );
  assert.equal(rig.kit.escalated, []);
});

test('what waited in its mailbox behind the last failure is refused too, not dropped', () => {
  const rig = new Rig();
  rig.kit.system.send(rig.replica, { kind: 'group-damage', index: logIndex(1) }, 'control');
  for (let id = 1; id <= 5; id += 1) rig.send(rig.produce(id));
  rig.kit.settle();
  assert.equal(
    rig.verdicts(),
    [1, 2, 3, 4, 5].map((id) => `${String(id)} partition_quarantined not_applied`),
  );
});

test('to its group it is silent, and what earlier incarnations had asked for means nothing to it', () => {
  const rig = new Rig();
  rig.fail();
  rig.kit.sent.length = 0;
  const incarnation = start * 2 ** 20 + 1;
  rig.tell({ kind: 'group-written', incarnation, token: 99 });
  rig.tell({ kind: 'group-tick', rested: 0 });
  rig.tell({ kind: 'campaign' });
  rig.tell({ kind: 'group-link', node: 'n2', up: false });
  rig.kit.pass(20_000);
  assert.equal(rig.kit.sent, []);
  assert.is(rig.kit.system.inspectOne(rig.replica.id)?.state, 'quarantined');
});

test('it says what it is, why and since when', () => {
  const rig = new Rig();
  const before = rig.kit.clock.wallTime();
  rig.fail();
  const { sinceMs, ...said } = rig.details;
  const { error, at, ...rest } = said;
  assert.equal(rest, { group, verdict: 'quarantined', role: 'none', term: 0, restarts: 0 });
  assert.match(String(error), /damage found in group 1 at index 1/);
  assert.match(String(at), /^at .*:\d+/);
  assert.ok(Number(sinceMs) >= before);
});

test.run();
