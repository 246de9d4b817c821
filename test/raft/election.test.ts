import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Raft, type RaftMessage, type Vote } from '../../src/raft/index.ts';
import { idOf, testLimits, type Cluster } from './harness.ts';
import {
  append,
  between,
  chain,
  group,
  heartbeat,
  index,
  kinds,
  led,
  neverElected,
  take,
  term,
  throwsInvariant,
  withLog,
} from './kit.ts';
import { emptyTail } from './sim-disk.ts';

function vote(
  link: readonly [number, number],
  inTerm: number,
  last: readonly [number, number],
  transfer = false,
): Vote {
  return {
    kind: 'vote',
    ...between(...link, inTerm),
    lastIndex: index(last[0]),
    lastTerm: term(last[1]),
    transfer,
  };
}

function preVote(
  link: readonly [number, number],
  inTerm: number,
  last: readonly [number, number],
): RaftMessage {
  return {
    kind: 'pre-vote',
    ...between(...link, inTerm),
    lastIndex: index(last[0]),
    lastTerm: term(last[1]),
  };
}

function ticks(cluster: Cluster, node: number, count: number): string[] {
  const sent: string[] = [];
  for (let left = count; left > 0; left -= 1) sent.push(...kinds(cluster.step(node, { kind: 'tick' })));
  return sent;
}

/** Node 1 is a candidate in term 1, its vote durable. */
function candidate(nodes: number): Cluster {
  const cluster = group(nodes);
  cluster.step(1, { kind: 'campaign' });
  for (let from = 2; from <= nodes; from += 1) {
    take(cluster, { kind: 'pre-vote-reply', ...between(from, 1, 1), granted: true });
  }
  cluster.write(1);
  assert.is(cluster.raft(1).status().role, 'candidate');
  return cluster;
}

test('B1: a vote leaves only when it is durable, and stands after a restart', () => {
  const cluster = group(3);
  const asked = take(cluster, vote([2, 1], 1, [0, 0]));
  assert.equal(kinds(asked), []);
  assert.equal(asked.persist[0]?.hard, { term: 1, vote: idOf(2) });
  cluster.flying = [];
  cluster.write(1);
  assert.is(cluster.flying[0]?.message.kind, 'vote-reply');
  cluster.crash(1);
  cluster.restart(1);
  const other = take(cluster, vote([3, 1], 1, [0, 0]));
  assert.equal(
    other.send.map((message) => 'granted' in message && message.granted),
    [false],
  );
});

test('B1: the same candidate asks again: granted again, and tied to the newest write', () => {
  const cluster = group(3);
  take(cluster, vote([2, 1], 1, [0, 0]));
  assert.equal(kinds(take(cluster, vote([2, 1], 1, [0, 0]))), []);
  cluster.write(1);
  assert.equal(kinds(take(cluster, vote([2, 1], 1, [0, 0]))), ['vote-reply']);
});

test('B4: one vote per term', () => {
  const cluster = group(3);
  take(cluster, vote([2, 1], 1, [0, 0]));
  cluster.write(1);
  const second = take(cluster, vote([3, 1], 1, [5, 1]));
  assert.equal(
    second.send.map((message) => 'granted' in message && message.granted),
    [false],
  );
  assert.is(cluster.raft(1).status().vote, idOf(2));
});

test('B5: logs are compared by term, then by index: nine cases', () => {
  const cases: [number, number, boolean][] = [
    [1, 1, false],
    [2, 1, false],
    [9, 1, false],
    [1, 2, false],
    [2, 2, true],
    [3, 2, true],
    [1, 3, true],
    [2, 3, true],
    [9, 3, true],
  ];
  for (const [lastIndex, lastTerm, expected] of cases) {
    const cluster = group(3);
    withLog(cluster, 1, chain([1, 2]), 3);
    cluster.step(1, { kind: 'message', message: preVote([2, 1], 4, [lastIndex, lastTerm]) });
    const flown = cluster.flying.at(-1)?.message;
    assert.is(
      flown?.kind === 'pre-vote-reply' && flown.granted,
      expected,
      `${lastIndex}/${lastTerm} by pre-vote`,
    );
    take(cluster, vote([2, 1], 4, [lastIndex, lastTerm]));
    assert.is(cluster.raft(1).status().vote === idOf(2), expected, `${lastIndex}/${lastTerm} by vote`);
  }
});

test('B6: votes count once, in their term, and only from voters', () => {
  const cluster = candidate(5);
  const reply = (from: number, inTerm: number, granted: boolean): RaftMessage => ({
    kind: 'vote-reply',
    ...between(from, 1, inTerm),
    granted,
  });
  for (const message of [reply(2, 1, true), reply(2, 1, true), reply(3, 0, true), reply(9, 1, true)]) {
    take(cluster, message);
    assert.is(cluster.raft(1).status().role, 'candidate');
  }
  take(cluster, reply(2, 1, false));
  take(cluster, reply(3, 1, true));
  assert.is(cluster.raft(1).status().role, 'leader');
});

test('B6: a grant that an earlier pre-vote was asked for says nothing to a later one', () => {
  const cluster = group(3);
  withLog(cluster, 1, chain([1]), 5);
  cluster.step(1, { kind: 'campaign' });
  take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 3), granted: true });
  assert.is(cluster.raft(1).status().role, 'pre-candidate');
  take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 6), granted: true });
  assert.is(cluster.raft(1).status().role, 'candidate');
});

test('B6: a pre-vote is no vote, and a late one of an earlier attempt elects nobody', () => {
  const cluster = candidate(3);
  take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 1), granted: true });
  take(cluster, { kind: 'pre-vote-reply', ...between(3, 1, 2), granted: true });
  assert.is(cluster.raft(1).status().role, 'candidate');
});

test('B8: a refused vote request does not reset the timer; a granted one does', () => {
  const refusing = group(3);
  withLog(refusing, 1, chain([1]), 1);
  ticks(refusing, 1, 9);
  take(refusing, vote([2, 1], 2, [0, 0]));
  assert.ok(ticks(refusing, 1, 1).includes('pre-vote'));
  const granting = group(3);
  ticks(granting, 1, 9);
  take(granting, vote([2, 1], 2, [0, 0]));
  assert.equal(ticks(granting, 1, 9), []);
});

test("B14: vote requests wait for the candidate's own durable vote, and die with it", () => {
  const cluster = group(3);
  cluster.step(1, { kind: 'campaign' });
  const won = take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 1), granted: true });
  assert.equal(kinds(won), []);
  assert.equal(won.persist[0]?.hard, { term: 1, vote: idOf(1) });
  // A higher term comes before the disk: the old requests are dropped.
  take(cluster, heartbeat([3, 1], 2, 0));
  cluster.flying = [];
  cluster.write(1);
  cluster.write(1);
  assert.equal(cluster.flying, []);
});

test('B15: a learner votes when asked, and never campaigns', () => {
  const members = { voters: [idOf(1), idOf(2)], outgoing: [], learners: [idOf(3)] };
  const cluster = group(3, {}, members);
  take(cluster, vote([1, 3], 1, [0, 0]));
  assert.is(cluster.raft(3).status().vote, idOf(1));
  assert.equal(ticks(cluster, 3, 100), []);
  cluster.step(3, { kind: 'campaign' });
  take(cluster, { kind: 'timeout-now', ...between(1, 3, 1) });
  assert.is(cluster.raft(3).status().role, 'follower');
});

test('thesis 4.2.3, the vote lease: who hears a leader does not look at votes, unless the leader asked for them', () => {
  const cluster = group(3);
  take(cluster, heartbeat([2, 1], 1, 0));
  ticks(cluster, 1, 9);
  assert.equal(kinds(take(cluster, vote([3, 1], 7, [9, 6]))), []);
  assert.is(cluster.raft(1).status().term, 1);
  take(cluster, vote([3, 1], 7, [9, 6], true));
  assert.is(cluster.raft(1).status().vote, idOf(3));
});

test('thesis 4.2.3: the lease ends with the minimum timeout, and with the news that the leader is dead', () => {
  const cluster = group(3);
  take(cluster, heartbeat([2, 1], 1, 0));
  const asked = (): boolean[] =>
    take(cluster, preVote([3, 1], 2, [0, 0])).send.map((message) => 'granted' in message && message.granted);
  assert.equal(asked(), [false]);
  cluster.step(1, { kind: 'suspect', peer: idOf(3) });
  assert.equal(asked(), [false]);
  cluster.step(1, { kind: 'suspect', peer: idOf(2) });
  assert.equal(asked(), [true]);
});

test('certain death of the leader: pre-vote within three ticks', () => {
  for (const [draw, expected] of [
    [0, 1],
    [0.5, 2],
    [0.99, 3],
  ] as const) {
    let now = 0;
    const cluster = group(3);
    const raft = new Raft({
      self: idOf(1),
      configuration: cluster.configuration,
      recovered: cluster.member(1).disk.recover(),
      limits: testLimits,
      random: () => now,
      sealNoop: neverElected,
    });
    cluster.member(1).raft = raft;
    take(cluster, heartbeat([2, 1], 1, 0));
    now = draw;
    cluster.step(1, { kind: 'suspect', peer: idOf(2) });
    assert.equal(ticks(cluster, 1, expected - 1), []);
    assert.equal(ticks(cluster, 1, 1), ['pre-vote', 'pre-vote']);
  }
});

test('a leader that begins anew leads no more', () => {
  const cluster = group(3);
  take(cluster, heartbeat([2, 1], 1, 0));
  const effects = cluster.step(1, { kind: 'restarted', peer: idOf(2) });
  assert.equal(effects.role, { role: 'follower', term: 1, leader: undefined });
});

test('thesis 9.6: pre-vote touches neither term nor vote, on either side', () => {
  const cluster = group(3);
  const asked = take(cluster, preVote([2, 1], 5, [0, 0]));
  assert.equal(asked.persist, []);
  assert.equal(asked.send, [{ kind: 'pre-vote-reply', ...between(1, 2, 5), granted: true }]);
  cluster.step(1, { kind: 'campaign' });
  const { role, term: inTerm, vote: given } = cluster.raft(1).status();
  assert.equal([role, inTerm, given], ['pre-candidate', 0, undefined]);
});

test('B10: a pre-candidate that is refused in a higher term takes it on; messages of lower terms are answered', () => {
  const cluster = group(3);
  cluster.step(1, { kind: 'campaign' });
  take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 6), granted: false });
  assert.equal([cluster.raft(1).status().role, cluster.raft(1).status().term], ['follower', 6]);
  const stale = [preVote([3, 1], 3, [0, 0]), vote([3, 1], 3, [0, 0]), heartbeat([3, 1], 3, 0)];
  for (const message of [...stale, append([3, 1], 3, emptyTail, [])]) {
    assert.equal(
      take(cluster, message).send.map((reply) => reply.term),
      [6],
      message.kind,
    );
  }
});

test("Raft paper 5.2: a candidate that hears this term's leader follows it; a leader that hears a higher term does too", () => {
  const cluster = candidate(3);
  take(cluster, heartbeat([2, 1], 1, 0));
  assert.equal(cluster.raft(1).status().leader, idOf(2));
  const leading = led(3);
  take(leading, heartbeat([2, 1], 2, 0));
  assert.is(leading.raft(1).status().role, 'follower');
});

test('R1: two leaders in one term are a broken invariant', () => {
  const cluster = led(3);
  throwsInvariant(() => take(cluster, heartbeat([2, 1], 1, 0)), /R1/);
});

test('Raft paper 5.2: the timeout is drawn from the whole range, anew for each attempt', () => {
  const drawn = new Set<number>();
  let draw = 0;
  const cluster = group(3);
  cluster.member(1).raft = new Raft({
    self: idOf(1),
    configuration: cluster.configuration,
    recovered: cluster.member(1).disk.recover(),
    limits: testLimits,
    random: () => {
      draw = (draw + 0.3711) % 1;
      return draw;
    },
    sealNoop: neverElected,
  });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    let waited = 1;
    while (ticks(cluster, 1, 1).length === 0) waited += 1;
    drawn.add(waited);
  }
  assert.equal(
    [...drawn].toSorted((a, b) => a - b),
    Array.from({ length: 11 }, (_, at) => at + 10),
  );
});

test('a campaign is ignored while a leader lives', () => {
  const cluster = led(3);
  assert.equal(kinds(cluster.step(2, { kind: 'campaign' })), []);
  assert.equal(kinds(cluster.step(1, { kind: 'campaign' })), []);
});

test('a replica that lost its journal stays out', () => {
  const cluster = group(3);
  const recovered = {
    ...cluster.member(1).disk.recover(),
    verdict: { kind: 'journal-lost', detail: '' },
  } as const;
  const { configuration } = cluster;
  const options = {
    self: idOf(1),
    configuration,
    recovered,
    limits: testLimits,
    random: () => 0,
    sealNoop: neverElected,
  };
  throwsInvariant(() => new Raft(options), /stays out/);
});

test.run();
