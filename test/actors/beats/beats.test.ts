// Beats beside members by hand: who gets ticks, who may rest, and what ends a rest.
import { defaultLimits, groupId, term, type GroupId, type Term } from '@callboard/client/protocol';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Beats } from '../../../src/actors/beats/beats.ts';
import {
  beatsActorId,
  type Beat,
  type BeatAck,
  type BeatsMessage,
} from '../../../src/actors/beats/messages.ts';
import { Roster, type Member } from '../../../src/actors/beats/roster.ts';
import type { GroupMessage } from '../../../src/actors/group/messages.ts';
import type { Ref } from '../../../src/kernel/index.ts';
import { collector, newKit, type Kit } from '../../kernel/kit.ts';

const test = suite('beats');
const { tickMs, heartbeatTicks, beatSilenceTicks } = defaultLimits;
const period = tickMs * heartbeatTicks;

interface Replica extends Member {
  leads: Term | undefined;
  follows: string | undefined;
  term: Term;
  restful: boolean;
}

class Bench {
  readonly kit: Kit = newKit();
  readonly roster: Roster = new Roster();
  readonly beats: Ref<BeatsMessage>;

  constructor() {
    this.beats = this.kit.system.spawn(
      beatsActorId,
      () => new Beats({ roster: this.roster, limits: defaultLimits }),
    );
    this.kit.settle();
  }

  /** A replica of group `id`, and what it receives. */
  member(id: number, state: Partial<Replica>): { readonly member: Replica; readonly got: GroupMessage[] } {
    const got: GroupMessage[] = [];
    const ref = this.kit.system.spawn(`partition/${id}`, collector(got));
    const others = ['n2', 'n3'];
    const member: Replica = {
      group: groupId(id),
      ref,
      others,
      leads: undefined,
      follows: undefined,
      term: term(1),
      restful: true,
      ...state,
    };
    this.roster.enlist(member);
    return { member, got };
  }

  /** What was sent since the last call. */
  sent(kind: 'beat'): Beat[];
  sent(kind: 'beat-ack'): BeatAck[];
  sent(kind: string): unknown[] {
    const messages = this.kit.sent.map(({ message }) => message as BeatsMessage);
    this.kit.sent.length = 0;
    return messages.filter((message) => message.kind === kind);
  }

  hear(message: BeatsMessage): void {
    this.kit.system.send(this.beats, message, 'control');
    this.kit.settle();
  }

  /** Node `from` says that it leads `groups` in term 1. */
  beatFrom(fromNode: string, groups: readonly number[], number: number, session = 1): void {
    const base = number === 1 ? 0 : 1;
    const listed = base === 0 ? groups.map((group) => groupId(group)) : [];
    const terms = listed.map(() => term(1));
    this.hear({ kind: 'beat', fromNode, session, number, base, version: 1, groups: listed, terms });
  }

  /** Both other nodes answer the beats that were sent, with these exceptions. */
  answer(except: readonly GroupId[] = [], nodes: readonly string[] = ['n2', 'n3']): void {
    const beats = this.sent('beat');
    for (const [at, fromNode] of ['n2', 'n3'].entries()) {
      const beat = beats[at];
      if (beat === undefined || !nodes.includes(fromNode)) continue;
      const { session, number, version } = beat;
      this.hear({ kind: 'beat-ack', fromNode, session, number, version, except, complete: true });
    }
  }

  /** As the driver does when it is told to rest. */
  obey(got: readonly GroupMessage[], member: Member): boolean {
    const told = got.some(({ kind }) => kind === 'group-rest');
    if (told) this.roster.rest(member);
    return told;
  }
}

test('each tick goes to every group that is awake, and to none that rests', () => {
  const bench = new Bench();
  const busy = bench.member(1, { restful: false });
  const idle = bench.member(2, {});
  bench.roster.rest(idle.member);
  bench.kit.pass(tickMs * 2);
  assert.equal(busy.got, [
    { kind: 'group-tick', rested: 0 },
    { kind: 'group-tick', rested: 0 },
  ]);
  assert.equal(idle.got, []);
});

test('a stall of ten ticks is one tick', () => {
  const bench = new Bench();
  const busy = bench.member(1, { restful: false });
  bench.kit.clock.stall(tickMs * 10);
  bench.kit.pass(tickMs * 10 + 1);
  assert.is(busy.got.length, 1);
});

test('a leader rests once both other nodes have said that their replica follows it', () => {
  const bench = new Bench();
  const { member, got } = bench.member(1, { leads: term(1) });
  bench.kit.pass(period);
  bench.answer([], ['n2']);
  bench.kit.pass(period);
  assert.not(bench.obey(got, member), 'one of them is silent');
  bench.answer();
  bench.kit.pass(period);
  assert.ok(bench.obey(got, member));
});

test('a leader that is excepted goes on at once, and one whose follower is silent does after a while', () => {
  const bench = new Bench();
  const one = bench.member(1, { leads: term(1) });
  const two = bench.member(2, { leads: term(1) });
  bench.kit.pass(period);
  bench.answer();
  bench.kit.pass(period);
  assert.ok(bench.obey(one.got, one.member));
  assert.ok(bench.obey(two.got, two.member));
  one.got.length = 0;
  two.got.length = 0;
  bench.answer([groupId(1)]);
  bench.kit.pass(period);
  assert.ok(bench.roster.awake.has(one.member));
  assert.is(one.got[0]?.kind, 'group-tick');
  assert.not(bench.roster.awake.has(two.member));
  bench.answer([], ['n2']);
  bench.kit.pass(tickMs * (beatSilenceTicks + heartbeatTicks));
  assert.ok(bench.roster.awake.has(two.member));
  const woken = two.got.find((message) => message.kind === 'group-tick');
  assert.ok(
    woken !== undefined && woken.rested > beatSilenceTicks,
    'it learns how long its follower was silent',
  );
});

test('a follower rests while the node that it follows lists its group, and wakes when that falls silent', () => {
  const bench = new Bench();
  const { member, got } = bench.member(1, { follows: 'n2' });
  bench.beatFrom('n2', [1], 1);
  bench.kit.pass(period);
  assert.ok(bench.obey(got, member));
  for (let number = 2; number < 5; number += 1) {
    bench.beatFrom('n2', [1], number);
    bench.kit.pass(period);
  }
  assert.not(bench.roster.awake.has(member));
  got.length = 0;
  bench.kit.pass(tickMs * (beatSilenceTicks + heartbeatTicks));
  assert.ok(bench.roster.awake.has(member));
  const first = got[0];
  assert.ok(first?.kind === 'group-tick' && first.rested > beatSilenceTicks);
});

test('a node that was started anew vouches for nobody by what it said before', () => {
  const bench = new Bench();
  const { member, got } = bench.member(1, { follows: 'n2' });
  bench.beatFrom('n2', [1], 1);
  bench.kit.pass(period);
  assert.ok(bench.obey(got, member));
  bench.beatFrom('n2', [], 1, 2);
  bench.kit.pass(period);
  assert.ok(bench.roster.awake.has(member));
});

test('a beat is answered with the groups whose replica here does not follow its sender in that term', () => {
  const bench = new Bench();
  const follows = { follows: 'n2' };
  bench.member(1, follows);
  bench.member(2, { follows: 'n3' });
  bench.member(3, { ...follows, term: term(2) });
  bench.member(4, { follows: undefined });
  bench.member(5, { leads: term(1) });
  const changing = bench.member(7, follows).member;
  bench.beatFrom('n2', [1, 2, 3, 4, 5, 6, 7], 1);
  assert.equal(
    bench.sent('beat-ack').map(({ except }) => except),
    [[2, 3, 4, 5, 6]],
  );
  // Read anew each time.
  changing.follows = undefined;
  bench.beatFrom('n2', [], 2);
  assert.equal(
    bench.sent('beat-ack').map(({ except }) => except),
    [[2, 3, 4, 5, 6, 7]],
  );
});

test('a member whose actor is gone is struck off; one that took its place stays', () => {
  const bench = new Bench();
  const { member } = bench.member(1, {});
  bench.kit.system.stop(member.ref);
  bench.kit.pass(tickMs);
  assert.is(bench.roster.size, 0);
  const next = bench.member(1, {}).member;
  bench.roster.strike(member);
  assert.is(bench.roster.of(groupId(1)), next);
});

test('a follower that rests and has heard a new leader is not told of a silence from before that', () => {
  const bench = new Bench();
  const { member, got } = bench.member(1, { follows: 'n3' });
  // n2 once led something here, and nothing since: it sends no beats.
  bench.beatFrom('n2', [9], 1);
  bench.beatFrom('n3', [1], 1);
  for (let number = 2; number < 100; number += 1) {
    bench.kit.pass(period);
    bench.obey(got, member);
    bench.beatFrom('n3', [1], number);
  }
  assert.not(bench.roster.awake.has(member));
  got.length = 0;
  // An append of n2 in term 2 took it from one leader to the next within one step: it never ceased to be restful.
  member.follows = 'n2';
  member.term = term(2);
  bench.kit.pass(period);
  const woken = got[0];
  assert.ok(woken?.kind === 'group-tick');
  assert.ok(woken.rested < defaultLimits.electionTicksMin, `told of ${woken.rested} silent ticks`);
});

test.run();
