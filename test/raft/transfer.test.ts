import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RaftMessage } from '../../src/raft/index.ts';
import { idOf, type Cluster } from './harness.ts';
import { between, heartbeat, index, kinds, led, take, term } from './kit.ts';

function timeoutNow(messages: readonly RaftMessage[]): string[] {
  return messages.flatMap((message) => (message.kind === 'timeout-now' ? [message.to] : []));
}

function transfer(cluster: Cluster, to: number | undefined): string[] {
  const target = to === undefined ? undefined : idOf(to);
  return timeoutNow(cluster.step(1, { kind: 'transfer', to: target }).send);
}

test('thesis 3.10: the target is told at once when it has everything, else with the ack that completes it', () => {
  const cluster = led(3);
  cluster.propose(1, 'a');
  assert.equal(transfer(cluster, 3), []);
  assert.is(cluster.raft(1).refusal(1), 'transferring');
  const ack: RaftMessage = {
    kind: 'append-reply',
    ...between(3, 1, 1),
    outcome: 'ack',
    index: index(2),
    hintIndex: index(2),
    hintTerm: term(1),
    stream: 0,
  };
  assert.equal(timeoutNow(take(cluster, ack).send), [idOf(3)]);
  assert.equal(timeoutNow(take(cluster, ack).send), []);
});

test('without a name the best follower is chosen: active, undamaged, a voter, with the most entries', () => {
  const members = { voters: [1, 2, 3, 4].map(idOf), outgoing: [], learners: [idOf(5)] };
  const cluster = led(5, {}, members);
  cluster.cuts.add('1>2');
  cluster.propose(1, 'a');
  cluster.settle();
  take(cluster, { kind: 'heartbeat-reply', ...between(3, 1, 1), context: 0, damaged: true, last: index(2) });
  assert.equal(transfer(cluster, undefined), [idOf(4)]);
});

test('a learner, a stranger, a damaged or a silent replica, or the leader itself is no target', () => {
  const members = { voters: [1, 2, 3].map(idOf), outgoing: [], learners: [idOf(4)] };
  const cluster = led(4, {}, members);
  take(cluster, { kind: 'heartbeat-reply', ...between(3, 1, 1), context: 0, damaged: true, last: index(1) });
  for (const to of [1, 3, 4, 9]) {
    assert.equal(transfer(cluster, to), []);
    assert.is(cluster.raft(1).refusal(1), undefined);
  }
});

test('a transfer that takes an election timeout is over, and a later one replaces an earlier', () => {
  const cluster = led(5);
  assert.equal(transfer(cluster, 2), [idOf(2)]);
  assert.equal(transfer(cluster, 2), []);
  assert.equal(transfer(cluster, 3), [idOf(3)]);
  for (let count = 0; count < 10; count += 1) {
    assert.is(cluster.raft(1).refusal(1), 'transferring');
    cluster.step(1, { kind: 'tick' });
    for (const from of [4, 5]) {
      take(cluster, {
        kind: 'heartbeat-reply',
        ...between(from, 1, 1),
        context: 0,
        damaged: false,
        last: index(1),
      });
    }
  }
  assert.is(cluster.raft(1).refusal(1), undefined);
});

test('a timeout-now that comes late or twice starts no second campaign', () => {
  const cluster = led(3);
  const message: RaftMessage = { kind: 'timeout-now', ...between(1, 2, 1) };
  take(cluster, message);
  assert.is(cluster.raft(2).status().term, 2);
  take(cluster, message);
  assert.is(cluster.raft(2).status().term, 2);
  take(cluster, heartbeat([3, 2], 5, 0));
  take(cluster, message);
  assert.is(cluster.raft(2).status().role, 'follower');
});

test('design 7: a leader that finds damage hands over, withdraws what it holds back, and is silent from then on', () => {
  const cluster = led(3);
  cluster.propose(1, 'a');
  const effects = cluster.step(1, { kind: 'damage-found', index: index(1) });
  assert.equal(kinds(effects), ['timeout-now']);
  assert.is(effects.role?.role, 'follower');
  assert.is(cluster.raft(1).refusal(1), 'damaged');
  assert.ok(cluster.raft(1).status().damaged);
  assert.equal(kinds(take(cluster, heartbeat([2, 1], 9, 0))), []);
  assert.is(cluster.raft(1).status().term, 1);
});

test('design 7: a follower that finds damage takes back the acks that it holds', () => {
  const cluster = led(3);
  cluster.propose(1, 'a');
  cluster.deliver(cluster.flying.findIndex(({ to }) => to === 2));
  cluster.step(2, { kind: 'damage-found', index: index(1) });
  cluster.flying = [];
  cluster.write(2);
  assert.equal(cluster.flying, []);
});

test.run();
