// A group that takes its ticks from Beats: when it rests, and that it wakes by itself.
import { defaultLimits, groupId, offset, term, type ReplicaId } from '@callboard/client/protocol';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Roster } from '../../../src/actors/beats/roster.ts';
import type { GroupDriverOptions } from '../../../src/actors/group/contract.ts';
import { GroupDriver } from '../../../src/actors/group/driver.ts';
import type { GroupMessage } from '../../../src/actors/group/messages.ts';
import { Ticks } from '../../../src/actors/group/ticks.ts';
import type { LogWrite } from '../../../src/actors/log-writer/messages.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { Raft } from '../../../src/raft/index.ts';
import { draftOf } from '../../lib/chunks.ts';
import { FakeContext } from '../manager/rig.ts';

const test = suite('group/ticks');
const self = '1'.repeat(32) as ReplicaId;
const leaders = ['2'.repeat(32) as ReplicaId, '3'.repeat(32) as ReplicaId] as const;
const group = groupId(1);

/** A group of one that leads and has nothing to do. */
class Idle {
  readonly fake: FakeContext = new FakeContext();
  readonly roster: Roster = new Roster();
  readonly driver: GroupDriver;
  waits = false;

  constructor() {
    const nothing = (): void => undefined;
    this.driver = new GroupDriver({
      context: this.fake.context,
      group,
      actorId: 'partition/1',
      members: [{ replica: self, node: 'n1' }],
      self,
      startCount: 1,
      limits: defaultLimits,
      crc32,
      lazyCommit: true,
      events: { apply: nothing, roleChanged: nothing, ready: nothing, durable: nothing },
      roster: this.roster,
      needsTicks: () => this.waits,
    });
    const tail = { index: 0, term: 0, checksum: 0 };
    const log = {
      hard: { term: 0, vote: undefined },
      verdict: { kind: 'clean' },
      runs: [],
      tail,
      highest: 0,
    };
    const opened = { kind: 'group-opened', incarnation: 2 ** 20 + 1, log };
    this.driver.handle(opened as unknown as GroupMessage);
    for (let ticks = 0; ticks < 8; ticks += 1) {
      this.driver.handle({ kind: 'group-tick', rested: 0 });
      this.write();
    }
    assert.ok(this.driver.isReady);
  }

  get awake(): boolean {
    const member = this.roster.of(group);
    return member !== undefined && this.roster.awake.has(member);
  }

  write(): void {
    for (;;) {
      const asked = this.fake.take('log-write').map(({ message }) => message as unknown as LogWrite);
      if (asked.length === 0) return;
      for (const { incarnation, token } of asked) {
        this.driver.handle({ kind: 'group-written', incarnation, token });
      }
    }
  }
}

test('it rests when it is told to, and a proposal wakes it in the same turn', () => {
  const idle = new Idle();
  assert.ok(idle.awake);
  idle.driver.handle({ kind: 'group-rest' });
  assert.not(idle.awake);
  idle.driver.propose(draftOf(['a']), offset(0));
  idle.driver.flush();
  assert.ok(idle.awake);
  idle.driver.handle({ kind: 'group-rest' });
  assert.ok(idle.awake, 'what it was told is late: it has something to do');
});

test('it does not rest while somebody beside the core waits for a tick, and wakes when somebody begins to', () => {
  const idle = new Idle();
  idle.waits = true;
  idle.driver.handle({ kind: 'group-rest' });
  assert.ok(idle.awake);
  idle.waits = false;
  idle.driver.handle({ kind: 'group-rest' });
  assert.not(idle.awake);
  idle.waits = true;
  idle.driver.stir();
  assert.ok(idle.awake);
});

test('after its end it is on the roster no more, and a late rest or wake does not bring it back', () => {
  const idle = new Idle();
  idle.driver.handle({ kind: 'group-rest' });
  idle.driver.close();
  idle.driver.propose(draftOf(['a']), offset(0));
  idle.driver.flush();
  assert.is(idle.roster.size, 0);
  assert.is(idle.roster.awake.size, 0);
});

test('a tick that was under way when it came to rest does not put it to sleep for good', () => {
  const idle = new Idle();
  idle.driver.handle({ kind: 'group-rest' });
  // Beats sent this one after the rest, before the rest was handled.
  idle.driver.handle({ kind: 'group-tick', rested: 0 });
  idle.driver.propose(draftOf(['a']), offset(0));
  idle.driver.flush();
  assert.ok(idle.awake, 'a leader with work gets ticks');
});

test('one that goes from one leader to another in a step wakes: nobody has vouched for the new one', () => {
  const fake = new FakeContext();
  const roster = new Roster();
  const raft = { role: 'follower', term: term(1), leader: leaders[0], damaged: false, restful: true };
  const members = [self, ...leaders].map((replica, at) => ({ replica, node: `n${at + 1}` }));
  const options = { context: fake.context, group, members, self, roster, limits: defaultLimits };
  const ticks = new Ticks(options as unknown as GroupDriverOptions, raft as unknown as Raft, () => false);
  assert.ok(ticks.rest());
  ticks.stir();
  assert.not(roster.awake.has(ticks));
  Object.assign(raft, { term: term(2), leader: leaders[1] });
  ticks.stir();
  assert.ok(roster.awake.has(ticks));
});

test.run();
