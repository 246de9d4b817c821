import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Effects, Entry } from '../../src/raft/index.ts';
import { idOf } from './harness.ts';
import { append, chain, group, heartbeat, take, throwsInvariant, withLog } from './kit.ts';
import { emptyTail } from './sim-disk.ts';

function outcome(effects: Effects): string[] {
  return effects.send.map((message) =>
    message.kind === 'append-reply' ? `${message.outcome} ${message.index}` : message.kind,
  );
}

function terms(entries: readonly Entry[] | undefined): string {
  return (entries ?? []).map((entry) => `${entry.index}/${entry.term}`).join(' ');
}

test('B30: an ack waits for its entries to be durable, and one with nothing to write for those in flight', () => {
  const cluster = group(3);
  const entries = chain([1, 1]);
  assert.equal(outcome(take(cluster, append([2, 1], 1, emptyTail, entries))), []);
  // Nothing new in it, and yet it says that 1/1 is durable.
  assert.equal(outcome(take(cluster, append([2, 1], 1, emptyTail, entries.slice(0, 1)))), []);
  cluster.flying = [];
  cluster.write(1);
  const acks = cluster.flying.map(({ message }) => message.kind === 'append-reply' && message.index);
  assert.equal(acks, [2, 1]);
});

test('B18: an empty append behind a stale suffix commits only what it proves', () => {
  const cluster = group(3);
  const entries = chain([1, 1, 1]);
  withLog(cluster, 1, entries, 1);
  const [first] = entries;
  take(cluster, append([2, 1], 2, first as Entry, [], 3));
  assert.is(cluster.raft(1).status().commit, 1);
  take(cluster, append([2, 1], 2, first as Entry, chain([2], first), 9));
  assert.is(cluster.raft(1).status().commit, 2);
});

test('B21: the commit index never goes back', () => {
  const cluster = group(3);
  const entries = chain([1, 1, 1]);
  take(cluster, append([2, 1], 1, emptyTail, entries, 3));
  take(cluster, append([2, 1], 1, emptyTail, entries.slice(0, 1), 1));
  take(cluster, heartbeat([2, 1], 1, 2));
  assert.is(cluster.raft(1).status().commit, 3);
});

test('B17: a late append that matches truncates nothing, whatever came after it', () => {
  const cluster = group(3);
  const entries = chain([1, 1, 2, 2]);
  take(cluster, append([2, 1], 2, emptyTail, entries));
  const late = take(cluster, append([2, 1], 2, emptyTail, entries.slice(0, 2)));
  assert.equal(late.persist, []);
  assert.is(cluster.raft(1).status().last, 4);
});

test('B23, B26: only a real conflict truncates, in the same persist as what takes its place; no entries are no conflict', () => {
  const cluster = group(3);
  const old = chain([1, 1, 1]);
  withLog(cluster, 1, old, 1);
  const [first] = old;
  assert.equal(take(cluster, append([2, 1], 2, first as Entry, [])).persist[0]?.truncateFrom, undefined);
  assert.is(cluster.raft(1).status().last, 3);
  const effects = take(cluster, append([2, 1], 2, emptyTail, [first as Entry, ...chain([2], first)]));
  assert.is(effects.persist.length, 1);
  const [persist] = effects.persist;
  assert.equal([persist?.truncateFrom, terms(persist?.entries), persist?.tail?.index], [2, '2/2', 2]);
});

test('R5: a conflict at or below the commit index is a broken invariant', () => {
  const cluster = group(3);
  take(cluster, append([2, 1], 1, emptyTail, chain([1, 1, 1]), 2));
  throwsInvariant(() => take(cluster, append([2, 1], 2, emptyTail, chain([1, 2]))), /R5/);
  throwsInvariant(() => take(cluster, append([2, 1], 2, { index: 2, term: 2 }, [])), /R4/);
});

test('R3: an entry of equal index and term but another content is a broken invariant', () => {
  const cluster = group(3);
  take(cluster, append([2, 1], 1, emptyTail, chain([1, 1])));
  throwsInvariant(() => take(cluster, append([2, 1], 1, emptyTail, chain([1, 1], emptyTail, 'x'))), /R3/);
});

test('Raft paper, end of 5.3: a rejection names the highest entry that may match', () => {
  const cluster = group(3);
  withLog(cluster, 1, chain([1, 1, 3, 3, 5]), 5);
  const hint = (prev: { index: number; term: number }): number[] =>
    take(cluster, append([2, 1], 6, prev, [])).send.flatMap((message) =>
      message.kind === 'append-reply' ? [message.index, message.hintIndex, message.hintTerm] : [],
    );
  assert.equal(hint({ index: 9, term: 6 }), [9, 5, 5]);
  assert.equal(hint({ index: 5, term: 4 }), [5, 4, 3]);
  assert.equal(hint({ index: 4, term: 2 }), [4, 2, 1]);
  assert.equal(hint({ index: 2, term: 2 }), [2, 2, 1]);
});

test('a heartbeat of a lower term is answered with the own term, and with no round that an old leader could count', () => {
  const cluster = group(3);
  take(cluster, heartbeat([2, 1], 3, 0, 4));
  const [reply] = take(cluster, heartbeat([3, 1], 2, 0, 9)).send;
  assert.equal(reply?.kind === 'heartbeat-reply' && [reply.term, reply.context], [3, 0]);
});

test('R7: a heartbeat that tells of more than this log has is a broken invariant', () => {
  const cluster = group(3);
  throwsInvariant(() => take(cluster, heartbeat([2, 1], 1, 1)), /R7/);
});

test('B56: a new empty replica takes a heartbeat of a leader far ahead', () => {
  const cluster = group(3);
  take(cluster, heartbeat([2, 1], 1, 0, 1, 900));
  assert.is(cluster.raft(1).status().leader, idOf(2));
});

test('keys left over above a clean log go with the first entries written', () => {
  const cluster = group(3);
  const entries = chain([1, 1, 1, 1]);
  withLog(cluster, 1, entries.slice(0, 2), 1);
  cluster.crash(1);
  const { disk } = cluster.member(1);
  disk.entries.set(4, entries[3] as Entry);
  cluster.restart(1);
  const [second] = entries.slice(1, 2);
  const effects = take(cluster, append([2, 1], 2, second as Entry, chain([2], second)));
  assert.is(effects.persist[0]?.truncateFrom, 3);
  const next = take(cluster, append([2, 1], 2, second as Entry, chain([2, 2], second)));
  assert.is(next.persist[0]?.truncateFrom, undefined);
});

test('R6: applied follows commit and never goes back', () => {
  const cluster = group(3);
  take(cluster, append([2, 1], 1, emptyTail, chain([1, 1]), 2));
  throwsInvariant(() => cluster.step(1, { kind: 'applied', index: 1 as never }), /R6/);
  throwsInvariant(() => cluster.step(1, { kind: 'applied', index: 3 as never }), /R7/);
});

test.run();
