import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GroupDriver } from '../../../src/actors/group/driver.ts';
import type { GroupMessage } from '../../../src/actors/group/messages.ts';
import type { LogWrite } from '../../../src/actors/log-writer/messages.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { Entry } from '../../../src/raft/index.ts';
import { defaultLimits, groupId, offset, type Limits, type ReplicaId } from '@callboard/client/protocol';
import { draftOf } from '../../lib/chunks.ts';
import { FakeContext } from '../manager/rig.ts';

const test = suite('group/gathered: the proposals of one turn');
const self = '1'.repeat(32) as ReplicaId;
const emptyTail = { index: 0, term: 0, checksum: 0 };

/** A group of one, whose disk writes when the test says so. */
class Sole {
  readonly fake: FakeContext = new FakeContext();
  readonly applied: Entry[] = [];
  readonly driver: GroupDriver;
  /** Entries of each write, in order, since leadership began. */
  readonly writes: (readonly Entry[])[] = [];

  constructor(limits: Partial<Limits> = {}) {
    const nothing = (): void => undefined;
    this.driver = new GroupDriver({
      context: this.fake.context,
      group: groupId(1),
      actorId: 'partition/1',
      members: [{ replica: self, node: 'n1' }],
      self,
      startCount: 1,
      limits: { ...defaultLimits, ...limits },
      crc32,
      lazyCommit: true,
      events: {
        apply: (entry) => this.applied.push(entry),
        roleChanged: nothing,
        ready: nothing,
        durable: nothing,
      },
    });
    const log = { hard: { term: 0, vote: undefined }, verdict: { kind: 'clean' }, runs: [], tail: emptyTail };
    const incarnation = 2 ** 20 + 1;
    const opened = { kind: 'group-opened', incarnation, log: { ...log, highest: 0 } };
    this.driver.handle(opened as unknown as GroupMessage);
    this.driver.handle({ kind: 'group-tick', rested: 0 });
    while (this.write()) continue;
    this.writes.length = 0;
    assert.ok(this.driver.isReady);
  }

  /** Completes the writes that were asked for; false: there were none. */
  write(): boolean {
    const asked = this.fake.take('log-write').map(({ message }) => message as unknown as LogWrite);
    for (const { write, incarnation, token } of asked) {
      this.writes.push(write.entries);
      this.driver.handle({ kind: 'group-written', incarnation, token });
    }
    return asked.length > 0;
  }

  propose(text: string, at: number): ReturnType<GroupDriver['propose']> {
    return this.driver.propose(draftOf([text]), offset(at));
  }
}

test('they leave as one write, chained and in order, and only at the end of the turn', () => {
  const sole = new Sole();
  const before = sole.driver.lastIndex;
  for (const [at, text] of ['a', 'b', 'c'].entries()) {
    const proposed = sole.propose(text, at);
    assert.is(proposed.ok && proposed.index, before + 1 + at);
    assert.is(sole.driver.lastIndex, before + 1 + at);
  }
  assert.not(sole.write(), 'nothing leaves before the end of the turn');
  assert.ok(sole.driver.uncommittedBytes > 0, 'what was gathered counts as uncommitted');
  sole.driver.flush();
  sole.driver.flush();
  assert.ok(sole.write());
  assert.not(sole.write());
  assert.is(sole.writes.length, 1);
  const entries = sole.writes[0] ?? [];
  assert.equal(
    entries.map((entry) => entry.index),
    [before + 1, before + 2, before + 3],
  );
  for (const [at, entry] of entries.slice(1).entries()) assert.is(entry.previous, entries[at]?.checksum);
  assert.is(sole.driver.applied, before + 3);
  assert.is(sole.driver.uncommittedBytes, 0);
});

test('whatever happens next comes after them', () => {
  const sole = new Sole();
  sole.propose('a', 0);
  sole.driver.handle({ kind: 'group-tick', rested: 0 });
  sole.propose('b', 1);
  sole.driver.flush();
  assert.ok(sole.write());
  assert.equal(
    sole.writes.map((entries) => entries.length),
    [1, 1],
  );
});

test('an append is never made larger than its limit', () => {
  const sole = new Sole({ appendEntries: 3, appendBytes: 10_000 });
  for (let at = 0; at < 4; at += 1) {
    assert.is(sole.driver.refusal(100), undefined);
    sole.propose(`${at}`, at);
  }
  sole.propose('x'.repeat(9_800), 4);
  sole.driver.flush();
  assert.ok(sole.write());
  assert.equal(
    sole.writes.map((entries) => entries.length),
    [3, 1, 1],
  );
});

test('the cap on uncommitted bytes counts them as it counts what has left', () => {
  const bytes = draftOf(['a']).byteLength;
  const sole = new Sole({ uncommittedGroupBytes: 3 * bytes });
  const taken: boolean[] = [];
  for (let at = 0; at < 5; at += 1) {
    const free = sole.driver.refusal(bytes) === undefined;
    taken.push(free);
    assert.is(sole.propose('a', at).ok, free);
  }
  assert.equal(taken, [true, true, true, false, false]);
});

test('what is on its way and what is gathered count together', () => {
  const bytes = draftOf(['a']).byteLength;
  const sole = new Sole({ uncommittedGroupBytes: 3 * bytes });
  assert.ok(sole.propose('a', 0).ok);
  sole.driver.flush();
  assert.ok(sole.propose('b', 1).ok);
  assert.ok(sole.propose('c', 2).ok);
  assert.is(sole.driver.refusal(bytes), 'uncommitted-full');
  assert.is(sole.propose('d', 3).ok, false);
  sole.driver.flush();
  assert.ok(sole.write());
  assert.is(sole.driver.refusal(bytes), undefined);
});

test.run();
