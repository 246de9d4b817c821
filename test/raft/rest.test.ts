// When a replica may go without ticks, and what its clocks say when they come again.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cluster } from './harness.ts';
import { group, heartbeat, kinds, led, take, ticksOf } from './kit.ts';

/** Node 1 leads, and a round that began with nothing left to do was answered by all. */
function calm(nodes: number): Cluster {
  const cluster = led(nodes);
  beat(cluster);
  beat(cluster);
  assert.ok(cluster.raft(1).restful);
  return cluster;
}

/** Enough ticks of the leader for one round, which is answered. */
function beat(cluster: Cluster): void {
  ticksOf(cluster, 1, cluster.limits.heartbeatTicks);
  cluster.settle();
}

test('a leader is restful once all followers have answered a round begun with everything committed everywhere', () => {
  const cluster = led(3);
  assert.not(cluster.raft(1).restful, 'the followers may not know the commit index');
  ticksOf(cluster, 1, cluster.limits.heartbeatTicks);
  assert.not(cluster.raft(1).restful, 'the round is not answered');
  cluster.settle();
  assert.ok(cluster.raft(1).restful);
  assert.ok(cluster.raft(2).restful, 'a follower that knows its leader');
  for (const node of [2, 3]) assert.is(cluster.raft(node).status().commit, cluster.raft(1).status().commit);
});

test('a follower that has not answered the calm round keeps the leader busy', () => {
  const cluster = led(3);
  cluster.cuts.add('3>1');
  beat(cluster);
  assert.not(cluster.raft(1).restful);
  cluster.cuts.clear();
  beat(cluster);
  assert.ok(cluster.raft(1).restful);
});

test('an entry, a read, a transfer, a lost link and a new incarnation each end the rest of a leader', () => {
  const disturb: readonly ((cluster: Cluster) => void)[] = [
    (cluster) => cluster.propose(1, 'a'),
    (cluster) => cluster.step(1, { kind: 'read', id: 1 }),
    (cluster) => cluster.step(1, { kind: 'transfer', to: undefined }),
    (cluster) => cluster.step(1, { kind: 'suspect', peer: cluster.configuration.voters[1] ?? never() }),
    (cluster) => cluster.step(1, { kind: 'restarted', peer: cluster.configuration.voters[1] ?? never() }),
  ];
  for (const [at, act] of disturb.entries()) {
    const cluster = calm(3);
    act(cluster);
    assert.not(cluster.raft(1).restful, `case ${at}`);
  }
});

test('after a proposal only a later round makes restful: an earlier answer says nothing of the new commit index', () => {
  const cluster = calm(3);
  cluster.propose(1, 'a');
  cluster.settle();
  assert.not(cluster.raft(1).restful);
  beat(cluster);
  assert.ok(cluster.raft(1).restful);
});

test('candidates, replicas that know no leader, and damaged ones are not restful', () => {
  const cluster = group(3);
  assert.not(cluster.raft(1).restful);
  cluster.step(1, { kind: 'campaign' });
  assert.not(cluster.raft(1).restful);
  const other = calm(3);
  other.step(2, { kind: 'damage-found', index: other.raft(2).status().last });
  assert.not(other.raft(2).restful);
});

test('a sole voter rests once everything is committed', () => {
  const cluster = led(1);
  assert.not(cluster.raft(1).restful);
  beat(cluster);
  assert.ok(cluster.raft(1).restful);
});

test('a follower that was kept without ticks campaigns as soon after its leader was heard as any other', () => {
  const cluster = calm(3);
  const { electionTicksMin } = cluster.limits;
  cluster.step(2, { kind: 'rested', ticks: 7 });
  ticksOf(cluster, 2, electionTicksMin - 7 - 1);
  assert.is(cluster.raft(2).role, 'follower');
  assert.equal(kinds(ticksOf(cluster, 2, 1)), ['pre-vote', 'pre-vote']);
});

test('one that begins to rest has heard its leader just now, and refuses pre-votes as such', () => {
  const cluster = calm(3);
  ticksOf(cluster, 2, cluster.limits.electionTicksMin - 1);
  cluster.step(2, { kind: 'rested', ticks: 0 });
  ticksOf(cluster, 2, cluster.limits.electionTicksMin - 1);
  assert.is(cluster.raft(2).role, 'follower');
});

test('a leader that is woken asks its followers with the next tick, and gives way if they stay silent', () => {
  const cluster = calm(3);
  const { electionTicksMin } = cluster.limits;
  cluster.flying = [];
  cluster.step(1, { kind: 'rested', ticks: 7 });
  assert.equal(kinds(ticksOf(cluster, 1, 1)), ['heartbeat', 'heartbeat']);
  cluster.cuts.add('1>2').add('1>3');
  cluster.flying = [];
  ticksOf(cluster, 1, electionTicksMin - 7 - 2);
  assert.is(cluster.raft(1).role, 'leader');
  ticksOf(cluster, 1, 1);
  assert.is(cluster.raft(1).role, 'follower');
});

test('what is told of a rest to a replica that is not restful changes nothing', () => {
  const cluster = group(3);
  take(cluster, heartbeat([3, 2], 1, 0));
  cluster.step(1, { kind: 'rested', ticks: 9 });
  ticksOf(cluster, 1, cluster.limits.electionTicksMin - 1);
  assert.is(cluster.raft(1).role, 'follower');
});

function never(): never {
  throw new Error('a group of three has a second member');
}

test.run();
