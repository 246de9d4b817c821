import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RaftMessage } from '../../src/raft/index.ts';
import { idOf, seal, type Cluster } from './harness.ts';
import { between, chain, group, heartbeat, index, kinds, led, take, term, throwsInvariant } from './kit.ts';

function ack(from: number, inTerm: number, at: number): RaftMessage {
  const last = index(at);
  return {
    kind: 'append-reply',
    ...between(from, 1, inTerm),
    outcome: 'ack',
    index: last,
    hintIndex: last,
    hintTerm: term(inTerm),
    stream: 0,
  };
}

function beat(from: number, inTerm: number, context: number, damaged: boolean = false): RaftMessage {
  return { kind: 'heartbeat-reply', ...between(from, 1, inTerm), context, damaged, last: index(1) };
}

/** Node 1 has the votes of term 1, and its no-op is not committed. */
function justElected(nodes: number): Cluster {
  const cluster = group(nodes);
  cluster.step(1, { kind: 'campaign' });
  for (const from of [2, 3]) take(cluster, { kind: 'pre-vote-reply', ...between(from, 1, 1), granted: true });
  cluster.write(1);
  for (const from of [2, 3]) take(cluster, { kind: 'vote-reply', ...between(from, 1, 1), granted: true });
  assert.equal(cluster.leaders(), [1]);
  cluster.flying = [];
  return cluster;
}

/** One tick after another, with a heartbeat answered by node 2 in each, so that check-quorum is content. */
function ticksHeard(cluster: Cluster, count: number): void {
  for (let left = count; left > 0; left -= 1) {
    cluster.step(1, { kind: 'tick' });
    take(cluster, beat(2, cluster.raft(1).status().term, 0));
  }
}

test('Raft paper 8: proposals are refused until the own no-op is committed and applied', () => {
  const cluster = justElected(3);
  const raft = cluster.raft(1);
  assert.is(raft.refusal(1), 'not-ready');
  throwsInvariant(() => cluster.propose(1, 'a'), /not refused/);
  cluster.write(1);
  take(cluster, ack(2, 1, 1));
  assert.is(raft.refusal(1), undefined);
  assert.is(cluster.raft(2).refusal(1), 'not-leader');
});

test('B22: a replica that does not lead takes no proposal, nor one of another term', () => {
  const cluster = led(3);
  throwsInvariant(() => cluster.propose(2, 'a'), /not refused/);
  const entry = seal(cluster.raft(1).tail(), 9, 'a');
  throwsInvariant(() => cluster.step(1, { kind: 'propose', entries: [entry] }), /leader's term/);
});

test('proposals that come together leave as one persist and one append to each follower', () => {
  const cluster = led(3);
  const tail = cluster.raft(1).tail();
  const entries = chain([1, 1, 1], tail, 'p');
  const effects = cluster.step(1, { kind: 'propose', entries });
  assert.is(effects.persist.length, 1);
  assert.equal(effects.persist[0]?.entries, entries);
  assert.equal(
    effects.send.map((message) => [
      message.kind,
      message.to,
      message.kind === 'append' && message.entries.length,
    ]),
    [
      ['append', idOf(2), 3],
      ['append', idOf(3), 3],
    ],
  );
  assert.is(
    cluster.raft(1).uncommittedBytes,
    entries.reduce((sum, entry) => sum + entry.bytes.byteLength, 0),
  );
  cluster.settle();
  assert.is(cluster.raft(1).status().commit, tail.index + 3);
  assert.is(cluster.raft(1).uncommittedBytes, 0);
});

test('B25: a leader commits by what is durable, its own copy as well', () => {
  const cluster = justElected(3);
  take(cluster, ack(2, 1, 1));
  assert.is(cluster.raft(1).status().commit, 0);
  cluster.write(1);
  assert.is(cluster.raft(1).status().commit, 1);
});

test('a leader whose disk hangs commits by the copies of a majority of others', () => {
  const cluster = justElected(3);
  take(cluster, ack(2, 1, 1));
  take(cluster, ack(3, 1, 1));
  assert.is(cluster.raft(1).status().commit, 1);
});

test('the cap on uncommitted bytes: the no-op is exempt, a first proposal is always taken, commits make room', () => {
  const cluster = led(3, { uncommittedGroupBytes: 10 });
  const raft = cluster.raft(1);
  assert.is(raft.refusal(1_000), undefined);
  cluster.propose(1, 'x'.repeat(1_000));
  assert.is(raft.refusal(1), 'uncommitted-full');
  cluster.settle();
  assert.is(raft.status().uncommittedBytes, 0);
  cluster.propose(1, 'x'.repeat(9));
  assert.is(raft.refusal(1), undefined);
  assert.is(raft.refusal(2), 'uncommitted-full');
  assert.is(raft.status().uncommittedBytes, 9);
});

test('thesis 6.2, check-quorum: no majority heard for an election timeout, and the leader steps down; learners do not help', () => {
  const members = { voters: [idOf(1), idOf(2), idOf(3)], outgoing: [], learners: [idOf(4)] };
  const cluster = led(4, {}, members);
  for (let count = 1; count < 10; count += 1) {
    cluster.step(1, { kind: 'tick' });
    take(cluster, beat(4, 1, 0));
  }
  assert.equal(cluster.leaders(), [1]);
  const effects = cluster.step(1, { kind: 'tick' });
  assert.equal(effects.role, { role: 'follower', term: 1, leader: undefined });
});

test('check-quorum: a damaged replica is alive', () => {
  const cluster = led(3);
  for (let count = 1; count < 50; count += 1) {
    cluster.step(1, { kind: 'tick' });
    take(cluster, beat(2, 1, 0, true));
  }
  assert.equal(cluster.leaders(), [1]);
});

test('B2: a leader without commits for stallTicks gives way in its own term, and keeps its vote', () => {
  const cluster = led(3, { stallTicks: 25 });
  cluster.propose(1, 'a');
  ticksHeard(cluster, 24);
  assert.equal(cluster.leaders(), [1]);
  ticksHeard(cluster, 1);
  const { role, term: inTerm, vote } = cluster.raft(1).status();
  assert.equal([role, inTerm, vote], ['follower', 1, idOf(1)]);
  const other = { ...between(2, 1, 1), lastIndex: index(9), lastTerm: term(9), transfer: true };
  const [reply] = take(cluster, { kind: 'vote', ...other }).send;
  assert.is(reply?.kind === 'vote-reply' && reply.granted, false);
});

test('a leader with nothing pending, or with commits, does not give way', () => {
  const cluster = led(3, { stallTicks: 25 });
  ticksHeard(cluster, 60);
  assert.equal(cluster.leaders(), [1]);
  for (let at = 2; at < 6; at += 1) {
    cluster.propose(1, 'a');
    ticksHeard(cluster, 20);
    take(cluster, ack(2, 1, at));
    cluster.write(1);
    assert.is(cluster.raft(1).status().commit, at);
  }
  assert.equal(cluster.leaders(), [1]);
});

test('a sole voter has nobody to give way to', () => {
  const cluster = led(1, { stallTicks: 25 });
  cluster.propose(1, 'a');
  for (let count = 0; count < 100; count += 1) cluster.step(1, { kind: 'tick' });
  assert.equal(cluster.leaders(), [1]);
});

test('B33: answers to an earlier leadership are not counted', () => {
  const cluster = led(3);
  take(cluster, heartbeat([2, 1], 2, 1));
  cluster.write(1);
  for (let count = 0; count < 10; count += 1) cluster.step(1, { kind: 'tick' });
  for (const from of [2, 3]) take(cluster, { kind: 'pre-vote-reply', ...between(from, 1, 3), granted: true });
  cluster.write(1);
  for (const from of [2, 3]) take(cluster, { kind: 'vote-reply', ...between(from, 1, 3), granted: true });
  assert.is(cluster.raft(1).status().term, 3);
  take(cluster, ack(2, 1, 2));
  take(cluster, ack(3, 1, 2));
  assert.is(cluster.raft(1).status().commit, 1);
  take(cluster, ack(2, 3, 2));
  take(cluster, ack(3, 3, 2));
  assert.is(cluster.raft(1).status().commit, 2);
});

test('B34: reads wait for an own-term commit, which starts their round', () => {
  const cluster = justElected(3);
  assert.equal(kinds(cluster.step(1, { kind: 'read', id: 1 })), []);
  cluster.step(1, { kind: 'tick' });
  cluster.step(1, { kind: 'tick' });
  cluster.step(1, { kind: 'tick' });
  assert.equal(take(cluster, beat(2, 1, 1)).reads, []);
  cluster.write(1);
  assert.ok(kinds(take(cluster, ack(2, 1, 1))).includes('heartbeat'));
  assert.equal(take(cluster, beat(2, 1, 2)).reads, [{ id: 1, ok: true, index: 1 }]);
});

test('B35, B36: a read is confirmed by a majority of undamaged voters, each of which answered a round begun after it', () => {
  const cluster = led(5);
  cluster.step(1, { kind: 'read', id: 1 });
  cluster.step(1, { kind: 'read', id: 2 });
  take(cluster, beat(2, 1, 1));
  take(cluster, beat(2, 1, 1));
  take(cluster, beat(3, 1, 0));
  assert.equal(take(cluster, beat(3, 1, 1, true)).reads, []);
  assert.equal(take(cluster, beat(4, 1, 1)).reads, [{ id: 1, ok: true, index: 1 }]);
  take(cluster, beat(2, 1, 1));
  assert.equal(take(cluster, beat(5, 1, 1)).reads, []);
  take(cluster, beat(5, 1, 2));
  assert.equal(take(cluster, beat(4, 1, 2)).reads, [{ id: 2, ok: true, index: 1 }]);
});

test('B36: an answer in this term to a heartbeat of an earlier leadership would confirm nothing', () => {
  const cluster = led(3);
  const old = heartbeat([1, 2], 1, 1, 40);
  take(cluster, heartbeat([3, 2], 5, 1));
  const [reply] = take(cluster, old).send;
  assert.equal(reply?.kind === 'heartbeat-reply' && reply.context, 0);
});

test('reads are bounded, refused by who does not lead, and refused when leadership ends', () => {
  const cluster = led(3, { pendingReads: 2 });
  const refused = { ok: false, leader: idOf(1) };
  assert.equal(cluster.step(2, { kind: 'read', id: 7 }).reads, [{ id: 7, ...refused }]);
  cluster.step(1, { kind: 'read', id: 1 });
  cluster.step(1, { kind: 'read', id: 2 });
  assert.equal(cluster.step(1, { kind: 'read', id: 3 }).reads, [{ id: 3, ...refused }]);
  assert.equal(take(cluster, heartbeat([2, 1], 2, 1)).reads, [
    { id: 1, ok: false, leader: idOf(2) },
    { id: 2, ok: false, leader: idOf(2) },
  ]);
});

test('a sole voter answers reads at once', () => {
  const cluster = led(1);
  assert.equal(cluster.step(1, { kind: 'read', id: 1 }).reads, [{ id: 1, ok: true, index: 1 }]);
});

test('heartbeats tell no follower of more than it is known to have', () => {
  const cluster = led(3);
  cluster.cuts.add('1>3');
  cluster.propose(1, 'a');
  cluster.settle();
  const sent = [1, 2, 3].flatMap(() => cluster.step(1, { kind: 'tick' }).send);
  assert.equal(
    sent.map((message) => (message.kind === 'heartbeat' ? [message.commit, message.last] : [])),
    [
      [2, 2],
      [1, 2],
    ],
  );
});

test('B13, B7: a restarted leader is a follower, and campaigns within its timeout', () => {
  const cluster = led(3);
  cluster.crash(1);
  cluster.restart(1);
  assert.is(cluster.raft(1).status().role, 'follower');
  const sent = Array.from({ length: 20 }, () => kinds(cluster.step(1, { kind: 'tick' }))).flat();
  assert.ok(sent.includes('pre-vote'));
});

test.run();
