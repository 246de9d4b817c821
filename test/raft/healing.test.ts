import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Effects, Entry, RaftMessage } from '../../src/raft/index.ts';
import { idOf, type Cluster } from './harness.ts';
import { append, between, chain, group, heartbeat, index, kinds, take, term, withLog } from './kit.ts';

/** Node 1 opens damaged: it promised `owed`, and `gone` of it is lost. Everybody else is silent. */
function damaged(
  owed: readonly Entry[],
  gone: readonly number[],
  inTerm: number,
  nodes: number = 3,
): Cluster {
  const cluster = group(nodes);
  withLog(cluster, 1, owed, inTerm);
  cluster.crash(1);
  cluster.member(1).disk.damage(new Map(gone.map((at) => [at, undefined])));
  cluster.restart(1);
  assert.ok(cluster.raft(1).status().damaged);
  return cluster;
}

function unknown(owed: readonly Entry[], gone: readonly number[], inTerm: number): Cluster {
  const cluster = damaged(owed, gone, inTerm);
  cluster.crash(1);
  cluster.member(1).disk.owed = { kind: 'unknown' };
  cluster.restart(1);
  return cluster;
}

function tick(cluster: Cluster): Effects {
  return cluster.step(1, { kind: 'tick' });
}

function fetches(effects: Effects): string[] {
  return effects.send.flatMap((message) =>
    message.kind === 'fetch' ? [`${Number.parseInt(message.to, 16)}: ${message.index}`] : [],
  );
}

function fetched(from: number, entries: readonly Entry[]): RaftMessage {
  const last = entries.at(-1);
  return {
    kind: 'fetched',
    ...between(from, 1, 1),
    index: last?.index ?? index(0),
    checksum: last?.checksum ?? 0,
    entries,
  };
}

function grants(cluster: Cluster, last: readonly [number, number]): boolean[] {
  const asked = { ...between(2, 1, 9), lastIndex: index(last[0]), lastTerm: term(last[1]) };
  const [preVote] = take(cluster, { kind: 'pre-vote', ...asked }).send;
  take(cluster, { kind: 'vote', ...asked, transfer: false });
  const voted = cluster.raft(1).status().vote === idOf(2);
  return [preVote?.kind === 'pre-vote-reply' && preVote.granted, voted];
}

test('design 7: votes compare candidates with the owed tail; with an unknown one nobody is granted anything', () => {
  const owed = chain([1, 1, 2, 2]);
  assert.equal(grants(damaged(owed, [2, 3, 4], 2), [3, 2]), [false, false]);
  assert.equal(grants(damaged(owed, [2, 3, 4], 2), [9, 1]), [false, false]);
  assert.equal(grants(damaged(owed, [2, 3, 4], 2), [4, 2]), [true, true]);
  assert.equal(grants(damaged(owed, [2, 3, 4], 2), [1, 3]), [true, true]);
  assert.equal(grants(unknown(owed, [2, 3, 4], 2), [99, 8]), [false, false]);
});

test('design 7: a damaged replica never campaigns, whoever asks', () => {
  const cluster = damaged(chain([1, 1]), [2], 1);
  const sent = Array.from({ length: 60 }, () => kinds(tick(cluster))).flat();
  sent.push(...kinds(cluster.step(1, { kind: 'campaign' })));
  sent.push(...kinds(take(cluster, { kind: 'timeout-now', ...between(2, 1, 1) })));
  assert.equal(
    sent.filter((kind) => kind !== 'fetch'),
    [],
  );
  assert.is(cluster.raft(1).status().term, 1);
});

test('B62: a hole in the middle is filled from a peer, and whole it is when the record is written, not before', () => {
  const owed = chain([1, 1, 2, 2, 3]);
  const cluster = damaged(owed, [3], 3);
  assert.is(cluster.raft(1).status().last, 2);
  tick(cluster);
  cluster.load(1);
  cluster.flying = [];
  assert.equal(
    cluster.member(1).loads.map(({ reason, to }) => [reason, to]),
    [['local', 3]],
  );
  cluster.load(1);
  const asked = cluster.flying.map(({ message }) => message.kind === 'fetch' && message.checksum);
  assert.equal(asked, [owed[2]?.checksum]);
  const effects = take(cluster, fetched(2, owed.slice(0, 3)));
  const [persist] = effects.persist;
  assert.equal(
    [persist?.entries.map((entry) => entry.index), persist?.tail?.index, persist?.healed],
    [[3], 5, true],
  );
  assert.ok(cluster.raft(1).status().damaged);
  cluster.write(1);
  const { damaged: still, last, durable } = cluster.raft(1).status();
  assert.equal([still, last, durable], [false, 5, 5]);
  // Now it acks, by the whole log.
  const [reply] = take(cluster, append([2, 1], 3, owed[4] as Entry, [])).send;
  assert.equal(reply?.kind === 'append-reply' && [reply.outcome, reply.index], ['ack', 5]);
});

test('the proof is the checksum: entries of another chain, with a gap, or asked for earlier, are not taken', () => {
  const owed = chain([1, 1, 2, 2]);
  const cluster = damaged(owed, [2, 3, 4], 2);
  tick(cluster);
  cluster.load(1);
  const other = chain([1, 1, 2, 2], undefined, 'x');
  const disguised = [...other.slice(0, 3), owed[3] as Entry];
  const gap = [owed[0], owed[1], owed[3]] as Entry[];
  for (const entries of [other, owed.slice(0, 3), []]) {
    assert.equal(take(cluster, { ...fetched(2, entries), index: index(4) } as RaftMessage).persist, []);
  }
  for (const entries of [disguised, gap]) {
    const fresh = damaged(owed, [2, 3, 4], 2);
    tick(fresh);
    fresh.load(1);
    const [persist] = take(fresh, fetched(2, entries)).persist;
    assert.equal([persist?.entries.map((entry) => entry.index), persist?.healed], [[4], false]);
  }
});

test('peers are asked in turn, soon after an empty answer, then more and more slowly; and the disk once in each circle', () => {
  const owed = chain([1, 1]);
  const cluster = damaged(owed, [2], 1, 4);
  tick(cluster);
  const asked: string[] = [];
  let quiet = 0;
  let longest = 0;
  let loads = 0;
  for (let count = 0; count < 200; count += 1) {
    loads += cluster.member(1).loads.length;
    while (cluster.load(1));
    for (const { message, to } of cluster.flying) {
      if (message.kind !== 'fetch') continue;
      asked.push(String(to));
      longest = Math.max(longest, quiet);
      quiet = 0;
    }
    cluster.flying = [];
    quiet += 1;
    tick(cluster);
  }
  assert.equal(asked.slice(0, 6), ['2', '3', '4', '2', '3', '4']);
  assert.is(longest, 20);
  assert.ok(asked.length < 25, `${asked.length} fetches in 200 ticks`);
  assert.ok(loads >= 4 && loads < asked.length, `${loads} loads`);
});

test('an empty answer to an earlier question does not hurry the present one', () => {
  const owed = chain([1, 1, 1]);
  const cluster = damaged(owed, [2, 3], 1);
  tick(cluster);
  cluster.load(1);
  take(cluster, { ...fetched(2, []), index: index(2) } as RaftMessage);
  assert.equal([fetches(tick(cluster)), fetches(tick(cluster)), fetches(tick(cluster))], [[], [], ['3: 3']]);
  take(cluster, { ...fetched(3, []), index: index(3), checksum: owed[2]?.checksum ?? 0 } as RaftMessage);
});

test('whole by its own disk alone: the damage was a read that failed, or the record of the healing was lost', () => {
  const owed = chain([1, 1, 1]);
  const cluster = damaged(owed, [], 1);
  const [persist] = tick(cluster).persist;
  assert.equal([persist?.healed, persist?.tail?.index, persist?.entries.length], [true, 3, 0]);
  const sole = damaged(chain([1, 1]), [2], 1, 1);
  for (let count = 0; count < 50; count += 1) tick(sole);
  sole.member(1).disk.entries.set(2, chain([1, 1])[1] as Entry);
  for (let count = 0; count < 50; count += 1) {
    tick(sole);
    sole.settle();
  }
  assert.equal(sole.leaders(), [1]);
});

test('fragments above what is owed go with the healing record', () => {
  const entries = chain([1, 1, 1, 1]);
  const cluster = damaged(entries.slice(0, 2), [2], 1);
  cluster.crash(1);
  cluster.member(1).disk.entries.set(4, entries[3] as Entry);
  cluster.restart(1);
  tick(cluster);
  cluster.load(1);
  const [persist] = take(cluster, fetched(2, entries.slice(0, 2))).persist;
  assert.equal([persist?.truncateFrom, persist?.healed], [3, true]);
});

test('a stale prefix, sound in itself, shrinks where a peer proves the owed log', () => {
  const stale = chain([1, 1, 1, 1]);
  const owed = [...stale.slice(0, 1), ...chain([2, 2], stale[0])];
  const cluster = damaged(owed, [], 2);
  cluster.crash(1);
  cluster.member(1).disk.damage(new Map(stale.map((entry) => [entry.index, entry])));
  cluster.restart(1);
  assert.is(cluster.raft(1).status().last, 4);
  tick(cluster);
  cluster.load(1);
  const [persist] = take(cluster, fetched(2, owed.slice(1))).persist;
  assert.equal(
    persist?.entries.map((entry) => `${entry.index}/${entry.term}`),
    ['2/2', '3/2'],
  );
  assert.is(cluster.raft(1).status().last, 1);
  cluster.settle();
  assert.equal(
    [cluster.raft(1).status().damaged, cluster.raft(1).tail().checksum],
    [false, owed[2]?.checksum],
  );
  assert.is(cluster.member(1).disk.entries.size, 3);
});

test('way (a): whole at the first last index that a leader of this term reports; `stored` until then', () => {
  const owed = chain([1, 1, 1]);
  const cluster = unknown(owed, [2], 1);
  take(cluster, heartbeat([2, 1], 2, 0, 1, 5));
  const theirs = [...owed, ...chain([2, 2, 2], owed[2])];
  const first = take(cluster, append([2, 1], 2, owed[0] as Entry, theirs.slice(1, 4)));
  assert.equal(
    first.persist.map(({ healed, tail }) => [healed, tail]),
    [[false, undefined]],
  );
  cluster.flying = [];
  cluster.write(1);
  cluster.write(1);
  const replies = cluster.flying.map(({ message }) => message.kind === 'append-reply' && message.outcome);
  assert.equal(replies, ['stored']);
  const second = take(cluster, append([2, 1], 2, theirs[3] as Entry, theirs.slice(4)));
  assert.equal(
    second.persist.map(({ healed, tail }) => [healed, tail?.index]),
    [[true, 6]],
  );
  // While the record is being written, the log holds still.
  assert.equal(take(cluster, append([2, 1], 2, theirs[5] as Entry, chain([2], theirs[5]))).persist, []);
  cluster.write(1);
  assert.not(cluster.raft(1).status().damaged);
});

test('way (a): a message that names no incarnation heals nobody, for it may be older than this open', () => {
  const owed = chain([1, 1, 1]);
  const shorter = append([2, 1], 1, owed[0] as Entry, owed.slice(1, 2));
  const older = [heartbeat([2, 1], 1, 0, 1, 2), shorter];
  for (const messages of [older, older.toReversed(), [shorter, shorter]]) {
    const cluster = unknown(owed, [2, 3], 1);
    const healed = messages.flatMap((message) =>
      cluster.step(1, { kind: 'message', message, anyLife: true }).persist.map((persist) => persist.healed),
    );
    assert.not(healed.includes(true), 'entry 3 was acknowledged, and may be committed');
    assert.is(cluster.raft(1).status().last, 2, 'what it carries is taken');
    // From now on the leader knows this incarnation.
    const [persist] = take(cluster, append([2, 1], 1, owed[1] as Entry, owed.slice(2))).persist;
    assert.equal([persist?.healed, persist?.tail?.index], [true, 3]);
  }
});

test('whole only with the healing record, not with a write that was under way before it', () => {
  const owed = chain([1, 1]);
  const cluster = damaged(owed, [2], 1);
  tick(cluster);
  cluster.load(1);
  take(cluster, heartbeat([2, 1], 2, 0, 1, 9));
  take(cluster, fetched(2, owed));
  cluster.write(1);
  assert.ok(cluster.raft(1).status().damaged);
  cluster.write(1);
  assert.not(cluster.raft(1).status().damaged);
});

test('way (a): what a leader of an older term reported is not what this one has', () => {
  const owed = chain([1, 1]);
  const cluster = unknown(owed, [2], 1);
  take(cluster, heartbeat([2, 1], 2, 0, 1, 2));
  const theirs = [...owed, ...chain([2, 3], owed[1])];
  const first = take(cluster, { ...append([3, 1], 3, owed[0] as Entry, theirs.slice(1, 3)), last: index(4) });
  assert.equal(
    first.persist.map(({ healed }) => healed),
    [false],
  );
  const second = take(cluster, append([3, 1], 3, theirs[2] as Entry, theirs.slice(3)));
  assert.equal(
    second.persist.map(({ healed }) => healed),
    [true],
  );
});

test('way (a): the tail that votes are compared with never falls', () => {
  const owed = chain([1, 2, 2]);
  const cluster = damaged(owed, [3], 2);
  // A leader of the same term speaks of an end below what it had already been acked.
  const late = take(cluster, append([2, 1], 2, owed[0] as Entry, owed.slice(1, 2)));
  assert.equal(late.persist, []);
  const whole = take(cluster, append([2, 1], 2, owed[1] as Entry, owed.slice(2)));
  assert.equal(
    whole.persist.map(({ healed, tail }) => [healed, tail?.index]),
    [[true, 3]],
  );
});

test('a damaged replica believes a commit index only as far as it has compared logs itself', () => {
  const owed = chain([1, 1, 1, 1]);
  const cluster = damaged(owed, [4], 1);
  take(cluster, heartbeat([2, 1], 1, 4));
  assert.is(cluster.raft(1).status().commit, 0);
  take(cluster, append([2, 1], 1, owed[0] as Entry, owed.slice(1, 2), 4));
  assert.is(cluster.raft(1).status().commit, 2);
});

test('a leader that contradicts the owed log ends the walk; its log heals, and a new term lets the walk go on', () => {
  const owed = chain([1, 1, 1, 1]);
  const cluster = damaged(owed, [2, 3, 4], 1);
  tick(cluster);
  cluster.load(1);
  take(cluster, fetched(2, owed.slice(2)));
  const theirs = chain([2, 2, 2], owed[0]);
  take(cluster, { ...append([2, 1], 2, owed[0] as Entry, theirs.slice(0, 1)), last: index(9) });
  cluster.settle();
  // Entry 2/2 equals the leader's, so the peer's 2/1 must not take its place.
  assert.equal(take(cluster, fetched(3, owed.slice(0, 2))).persist, []);
  for (let count = 0; count < 30; count += 1) assert.equal(fetches(tick(cluster)), []);
  assert.is(cluster.raft(1).status().last, 2);
  take(cluster, {
    kind: 'vote',
    ...between(3, 1, 3),
    lastIndex: index(9),
    lastTerm: term(2),
    transfer: true,
  });
  cluster.settle();
  const asked = Array.from({ length: 20 }, () => {
    const effects = tick(cluster);
    cluster.settle();
    return fetches(effects);
  });
  assert.ok(asked.flat().length > 0);
  take(cluster, fetched(3, owed.slice(0, 2)));
  cluster.settle();
  assert.equal(
    [cluster.raft(1).status().damaged, cluster.raft(1).tail().checksum],
    [false, owed[3]?.checksum],
  );
});

test('after a truncation by a leader the walk begins again, and reads the disk only when it is done', () => {
  const stale = chain([1, 1]);
  const owed = [...stale, ...chain([1, 1, 1], stale[1])];
  const cluster = damaged(owed, [3], 1);
  tick(cluster);
  cluster.load(1);
  // 4 and 5 were found on disk; now the leader's 2/2 takes the place of 2/1, and with it of everything above.
  take(cluster, { ...append([2, 1], 2, owed[0] as Entry, chain([2], owed[0])), last: index(9) });
  for (let count = 0; count < 5; count += 1) assert.equal(tick(cluster).load, []);
  while (cluster.write(1));
  const [load] = cluster.member(1).loads.slice(-1);
  assert.equal([load?.reason, load?.to], ['local', 5]);
});

test('a crash before the healing record leaves the replica damaged, owing the same, and richer', () => {
  const owed = chain([1, 1, 1]);
  const cluster = damaged(owed, [2, 3], 1);
  tick(cluster);
  cluster.load(1);
  take(cluster, fetched(2, owed.slice(2)));
  cluster.write(1);
  cluster.crash(1);
  cluster.restart(1);
  const { owed: owes } = cluster.member(1).disk;
  assert.is(owes.kind === 'known' && owes.tail.index, 3);
  assert.equal([cluster.raft(1).status().damaged, cluster.member(1).disk.entries.has(3)], [true, true]);
});

test('anyone serves entries, damaged or not, that chain down from the checksum asked for', () => {
  const owed = chain([1, 1, 1, 1]);
  const cluster = damaged(owed, [2], 1);
  const fetch = (at: number, checksum: number): RaftMessage => ({
    kind: 'fetch',
    ...between(2, 1, 7),
    index: index(at),
    checksum,
  });
  const served = (at: number, checksum: number): number[] | undefined => {
    cluster.flying = [];
    take(cluster, fetch(at, checksum));
    while (cluster.load(1));
    const message = cluster.flying.find((flight) => flight.message.kind === 'fetched')?.message;
    return message?.kind === 'fetched' ? message.entries.map((entry) => entry.index) : undefined;
  };
  assert.equal(served(4, owed[3]?.checksum ?? 0), [3, 4]);
  assert.equal(served(4, 12_345), []);
  assert.equal(served(2, owed[1]?.checksum ?? 0), []);
  assert.equal(served(9, 1), []);
  assert.equal(served(0, 0), []);
  // No term is involved.
  assert.is(cluster.raft(1).status().term, 1);
});

test('one fetch of a peer is served at a time', () => {
  const cluster = damaged(chain([1, 1]), [], 1);
  const fetch: RaftMessage = { kind: 'fetch', ...between(2, 1, 1), index: index(2), checksum: 1 };
  assert.is(take(cluster, fetch).load.length, 1);
  assert.is(take(cluster, fetch).load.length, 0);
  assert.is(take(cluster, { ...fetch, from: idOf(3) }).load.length, 1);
  while (cluster.load(1));
  assert.is(take(cluster, fetch).load.length, 1);
});

test.run();
