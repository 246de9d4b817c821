import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Effects, Entry, RaftMessage } from '../../src/raft/index.ts';
import { idOf, type Cluster } from './harness.ts';
import { between, chain, index, led, take, term, throwsInvariant, withLog } from './kit.ts';

function appends(effects: Effects, to: number): string[] {
  return effects.send.flatMap((message) =>
    message.kind === 'append' && message.to === idOf(to)
      ? [`${message.prevIndex}+${message.entries.length}`]
      : [],
  );
}

function reply(
  from: number,
  outcome: 'ack' | 'stored' | 'reject',
  at: number,
  hint: number = at,
  stream: number = 0,
): RaftMessage {
  return {
    kind: 'append-reply',
    ...between(from, 1, 1),
    outcome,
    index: index(at),
    hintIndex: index(hint),
    hintTerm: term(1),
    stream,
  };
}

function follower(cluster: Cluster, node: number): string {
  const found = cluster
    .raft(1)
    .status()
    .followers.find(({ replica }) => replica === idOf(node));
  return found === undefined ? 'none' : `${found.state} ${found.match}<${found.next}`;
}

/** Node 1 leads three, replicates to all, and its messages go nowhere. */
function leading(limits: Parameters<typeof led>[1] = {}): Cluster {
  const cluster = led(3, limits);
  for (const link of ['1>2', '1>3']) cluster.cuts.add(link);
  return cluster;
}

test('thesis 10.2.1: appends are pipelined within a window of messages, and go out with the acks', () => {
  const cluster = leading({ inflightMessages: 2, appendEntries: 3 });
  assert.equal(appends(cluster.propose(1, 'a'), 2), ['1+1']);
  assert.equal(appends(cluster.propose(1, 'b'), 2), ['2+1']);
  assert.equal(
    ['c', 'd', 'e', 'f'].flatMap((text) => appends(cluster.propose(1, text), 2)),
    [],
  );
  assert.equal(appends(take(cluster, reply(2, 'ack', 2)), 2), ['3+3']);
  // One ack for everything frees the whole window.
  assert.equal(appends(take(cluster, reply(2, 'ack', 6)), 2), ['6+1']);
});

test('a window of bytes: full when they are reached, and an append takes at least one entry, however large', () => {
  const cluster = leading({ inflightBytes: 10, appendBytes: 4, uncommittedGroupBytes: 1_000 });
  assert.equal(appends(cluster.propose(1, 'x'.repeat(50)), 2), ['1+1']);
  assert.equal(appends(cluster.propose(1, 'yy'), 2), []);
  cluster.propose(1, 'yy');
  cluster.propose(1, 'yy');
  assert.equal(appends(take(cluster, reply(2, 'ack', 2)), 2), ['2+2', '4+1']);
});

test("a leader's appends do not wait for its own disk, nor for anything pending", () => {
  const cluster = leading();
  assert.equal(appends(cluster.propose(1, 'a'), 2), ['1+1']);
  assert.is(cluster.member(1).disk.pending.length, 1);
});

test('B20: no ack can be of more than was sent', () => {
  const cluster = leading();
  throwsInvariant(() => take(cluster, reply(2, 'ack', 9)), /than it was sent/);
});

test('B20: acks and rejections that come late move nothing back', () => {
  const cluster = leading();
  cluster.propose(1, 'a');
  cluster.propose(1, 'b');
  take(cluster, reply(2, 'ack', 3));
  take(cluster, reply(2, 'ack', 2));
  take(cluster, reply(2, 'reject', 2, 1));
  assert.is(follower(cluster, 2), 'replicate 3<4');
});

test('a rejection in the stream: probe from the hint, and one append at a time', () => {
  const cluster = leading();
  for (const text of ['a', 'b', 'c', 'd']) cluster.propose(1, text);
  assert.equal(appends(take(cluster, reply(2, 'reject', 4, 2)), 2), ['2+3']);
  assert.is(follower(cluster, 2), 'probe 1<3');
  assert.equal(appends(cluster.propose(1, 'e'), 2), []);
  assert.equal(appends(take(cluster, reply(2, 'reject', 4, 2)), 2), []);
  assert.equal(appends(take(cluster, reply(2, 'ack', 5)), 2), ['5+1']);
});

test('B25, B16: what damaged replicas store commits nothing', () => {
  const cluster = leading();
  cluster.propose(1, 'a');
  cluster.write(1);
  take(cluster, reply(2, 'stored', 2));
  take(cluster, reply(3, 'stored', 2));
  assert.is(cluster.raft(1).status().commit, 1);
  assert.is(follower(cluster, 2), 'replicate 0<3');
  take(cluster, reply(3, 'ack', 2));
  assert.is(cluster.raft(1).status().commit, 2);
});

test('B16: entries of older terms commit with the first of the own term, never before it', () => {
  const cluster = led(3);
  const entries = chain([1, 1, 1], undefined, '');
  for (const node of [1, 2, 3]) withLog(cluster, node, entries, 1);
  for (let count = 0; count < 10; count += 1) cluster.step(1, { kind: 'tick' });
  cluster.flying = [];
  take(cluster, { kind: 'pre-vote-reply', ...between(2, 1, 2), granted: true });
  cluster.write(1);
  take(cluster, { kind: 'vote-reply', ...between(2, 1, 2), granted: true });
  const inTerm2 = (at: number): RaftMessage => ({ ...reply(2, 'ack', at), term: term(2) });
  take(cluster, inTerm2(3));
  cluster.write(1);
  assert.is(cluster.raft(1).status().commit, 0);
  take(cluster, inTerm2(4));
  assert.is(cluster.raft(1).status().commit, 4);
});

test('an idle follower hears of a commit at once, a busy one with its next append', () => {
  const cluster = leading();
  cluster.propose(1, 'a');
  cluster.write(1);
  assert.equal(appends(take(cluster, reply(2, 'ack', 2)), 2), ['2+0']);
  cluster.propose(1, 'b');
  cluster.propose(1, 'c');
  cluster.write(1);
  cluster.write(1);
  const effects = take(cluster, reply(2, 'ack', 3));
  assert.is(effects.commit, 3);
  assert.equal(appends(effects, 2), []);
});

/** Node 3 was away while everything that it lacks left the leader's memory. */
function farBehind(): Cluster {
  const cluster = led(3, { entryCacheBytes: 1, appendEntries: 2 });
  cluster.crash(3);
  for (const text of ['aa', 'bb', 'cc', 'dd', 'ee']) {
    cluster.propose(1, text);
    cluster.settle();
  }
  cluster.restart(3);
  cluster.step(1, { kind: 'restarted', peer: idOf(3) });
  for (let rounds = 0; rounds < 4; rounds += 1) while (cluster.flying.length > 0) cluster.deliver(0);
  return cluster;
}

test('what is not durable here stays in memory, though others committed it and it was applied', () => {
  const cluster = leading({ entryCacheBytes: 1 });
  cluster.propose(1, 'aa');
  cluster.propose(1, 'bb');
  for (const from of [2, 3]) take(cluster, reply(from, 'ack', 3));
  assert.equal([cluster.raft(1).status().applied, cluster.raft(1).status().durable], [3, 1]);
  assert.equal(
    cluster
      .raft(1)
      .committedAfter(index(1), 9)
      .map((entry) => entry.index),
    [2, 3],
  );
  cluster.write(1);
  cluster.write(1);
  assert.equal(cluster.raft(1).committedAfter(index(1), 9), []);
});

test('what is no longer in memory is loaded, and an append waits for it', () => {
  const cluster = farBehind();
  assert.is(follower(cluster, 3), 'loading 1<2');
  const [load] = cluster.member(1).loads;
  assert.equal([load?.reason, load?.from, load?.maxEntries], ['replicate', 2, 2]);
  assert.equal(appends(cluster.propose(1, 'ff'), 3), []);
  cluster.load(1);
  const sent = cluster.flying.map(({ message }) => message).filter((message) => message.to === idOf(3));
  const [first] = sent;
  assert.equal(first?.kind === 'append' && first.entries.map((entry) => entry.index), [2, 3]);
  cluster.settle();
  assert.is(cluster.raft(3).status().last, 7);
});

test('a load that fails, or gives other entries than asked for: back to probe, and again with the next heartbeat', () => {
  for (const entries of [[], chain([1, 1, 1]).slice(2)]) {
    const cluster = farBehind();
    const id = cluster.member(1).loads.shift()?.id ?? 0;
    assert.equal(appends(cluster.step(1, { kind: 'loaded', id, entries }), 3), []);
    assert.is(follower(cluster, 3), 'probe 1<2');
    assert.equal(appends(cluster.propose(1, 'ff'), 3), []);
    for (let count = 0; count < 3; count += 1) cluster.step(1, { kind: 'tick' });
    cluster.settle();
    assert.is(follower(cluster, 3), 'replicate 7<8');
  }
});

test('a bad copy met on a replication read is damage: the leader hands over at once, and opens its log anew', () => {
  const older = chain([1, 1, 1], undefined, 'x')[1] as Entry;
  for (const found of [undefined, { ...older, term: term(0) }]) {
    const cluster = farBehind();
    cluster.member(1).disk.entries.delete(2);
    if (found !== undefined) cluster.member(1).disk.entries.set(2, found);
    const { incarnation } = cluster.member(1);
    cluster.load(1);
    assert.is(cluster.member(1).incarnation, incarnation + 1, 'the log was opened anew');
    assert.equal([cluster.raft(1).status().role, cluster.raft(1).status().damaged], ['follower', true]);
    cluster.settle();
    assert.equal(cluster.leaders(), [2], 'the heir was told to campaign');
    for (let rounds = 0; rounds < 5; rounds += 1) {
      for (const { node } of cluster.members) cluster.step(node, { kind: 'tick' });
      cluster.settle();
    }
    assert.equal(cluster.raft(1).status().damaged, false, 'it was healed from the others');
    assert.is(cluster.raft(3).status().last, cluster.raft(2).status().last);
  }
});

test('a bad copy met on a read for a peer that heals is damage too, but not what this log never held', () => {
  const cluster = farBehind();
  cluster.settle();
  const { disk } = cluster.member(2);
  const last = disk.entries.get(4) as Entry;
  const fetch = { kind: 'fetch', ...between(3, 2, 1), index: last.index } as const;
  const { incarnation } = cluster.member(2);
  take(cluster, { ...fetch, checksum: last.checksum + 1 });
  cluster.load(2);
  assert.is(cluster.member(2).incarnation, incarnation);
  disk.entries.delete(3);
  take(cluster, { ...fetch, checksum: last.checksum });
  cluster.load(2);
  assert.is(cluster.member(2).incarnation, incarnation + 1);
  assert.ok(cluster.raft(2).status().damaged);
});

test('a load that comes after leadership was lost, or twice, is ignored', () => {
  const cluster = farBehind();
  const load = cluster.member(1).loads[0];
  cluster.load(1);
  cluster.flying = [];
  if (load === undefined) throw new Error('no load is under way');
  const again = cluster.member(1).disk.load(load);
  assert.equal(cluster.step(1, { kind: 'loaded', id: load.id, ...again }).send, []);
});

test('B19: an append whose place is far below what memory holds is judged by the terms alone', () => {
  const cluster = farBehind();
  cluster.settle();
  const entries = [...cluster.member(3).disk.entries.values()].toSorted((a, b) => a.index - b.index);
  const [first, second] = entries as [Entry, Entry];
  const effects = take(cluster, {
    kind: 'append',
    ...between(1, 3, 1),
    prevIndex: first.index,
    prevTerm: first.term,
    commit: index(1),
    last: index(6),
    stream: 0,
    entries: [second],
  });
  assert.equal(effects.persist, []);
  const [answer] = effects.send;
  assert.is(answer?.kind === 'append-reply' && answer.outcome, 'ack');
});

test.run();
