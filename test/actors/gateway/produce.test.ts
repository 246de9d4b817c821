import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { brokerEvent, chunkOf, producer, Rig, topicEvent } from './rig.ts';

test('a produce goes to the preferred replica as a chunk of its own and is answered with its place', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('hello', 0);
  const sent = rig.one();
  assert.equal([sent.node, sent.group], ['n1', 1]);
  const chunk = chunkOf(sent);
  assert.equal(chunk.values, ['hello']);
  assert.equal([chunk.producerEpoch, chunk.firstSequence, chunk.recordCount], [0, 0, 1]);
  assert.is.not(chunk.producerId, producer);
  assert.is.not(chunk.producerId, '0'.repeat(32));
  assert.match(chunk.producerId, /^[0-9a-f]{32}$/);
  assert.is(rig.verdict(call), 'open');
  rig.stored(sent, 41);
  assert.equal(rig.value(call), { op: 'produce', partition: 0, offset: 41 });
});

test('one chunk is in flight; what comes meanwhile gathers, and sequences count records', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const calls = ['a', 'b', 'c'].map((value) => rig.produce(value, 0));
  const first = rig.one();
  assert.equal(chunkOf(first).values, ['a']);
  rig.stored(first, 10);
  const second = rig.one();
  assert.equal([chunkOf(second).values, chunkOf(second).firstSequence], [['b', 'c'], 1]);
  rig.stored(second, 11);
  assert.equal(
    calls.map((call) => rig.value(call)),
    [10, 11, 12].map((offset) => ({ op: 'produce', partition: 0, offset })),
  );
  rig.produce('d', 0);
  assert.is(chunkOf(rig.one()).firstSequence, 3);
});

test('what comes in one turn of the gateway leaves as one chunk for each partition', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const calls = rig.together(() => ['a', 'b', 'c', 'd', 'e'].map((value) => rig.produce(value)));
  const chunks = rig.sent().map((sent) => {
    rig.stored(sent, 10);
    return chunkOf(sent).values;
  });
  assert.equal(chunks, [
    ['a', 'c', 'e'],
    ['b', 'd'],
  ]);
  const next = rig.together(() => [rig.produce('f', 1), rig.produce('g', 1)]);
  const [sent] = rig.sent();
  assert.ok(sent !== undefined);
  assert.equal(chunkOf(sent).values, ['f', 'g']);
  rig.stored(sent, 12);
  assert.equal(
    [...calls, ...next].map((call) => rig.verdict(call)),
    Array.from({ length: 7 }, () => 'ok'),
  );
});

test('a batch ends at its limits of records and bytes, but always takes one record', () => {
  const rig = new Rig({ limits: { gatewayBatchRecords: 2, gatewayBatchBytes: 100 } });
  rig.withTopic('t');
  for (const value of ['a', 'b', 'c', 'd', 'x'.repeat(90), 'e', 'y'.repeat(200), 'f']) rig.produce(value, 0);
  const batches: string[][] = [];
  for (let offset = 0; offset < 8;) {
    const sent = rig.one();
    batches.push([...chunkOf(sent).values]);
    rig.stored(sent, offset);
    offset += batches.at(-1)?.length ?? 8;
  }
  assert.equal(
    batches.map((batch) => batch.map((value) => value[0])),
    [['a'], ['b', 'c'], ['d'], ['x'], ['e'], ['y'], ['f']],
  );
});

test('partitions have lanes of their own, and each counts from 0', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  for (const index of [0, 1, 0]) rig.produce(`p${index}`, index);
  const [left, right, ...more] = rig.sent();
  if (left === undefined || right === undefined) throw new Error('expected two requests');
  assert.is(more.length, 0);
  assert.equal([left.group, right.group], [1, 2]);
  assert.equal([chunkOf(left).firstSequence, chunkOf(right).firstSequence], [0, 0]);
  assert.is(chunkOf(left).producerId, chunkOf(right).producerId);
});

test('each start of a gateway draws its own producer id', () => {
  const rig = new Rig();
  const ids: string[] = [];
  for (let start = 0; start < 3; start += 1) {
    rig.withTopic('t');
    rig.produce('a', 0);
    ids.push(chunkOf(rig.one()).producerId);
    rig.stopGateway();
    rig.startGateway();
  }
  assert.is(new Set(ids).size, 3);
});

test('without a partition records go round from 0, each topic by itself', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1'], ['n1']]);
  rig.withTopic('u', [['n1'], ['n1']], 11);
  rig.tell([{ kind: 'producer', id: producer, topic: 't' }]);
  const groups: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    rig.produce('x');
    if (i === 1) rig.produce('x', 0);
    for (const sent of rig.sent()) {
      groups.push(sent.group);
      rig.stored(sent, 0);
    }
  }
  // The explicit partition (group 1 after 2) does not move the cursor.
  assert.equal(groups, [1, 2, 1, 3, 1, 2]);
});

test('without a partition those whose brokers are all inactive are passed over', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2'], ['n3']]);
  rig.tell([brokerEvent('n2', { deactivated: true })]);
  const groups: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    rig.produce('x');
    const sent = rig.one();
    groups.push(sent.group);
    rig.stored(sent, 0);
  }
  assert.equal(groups, [1, 3, 1, 3]);
});

test('a message above the record limit is refused and nothing is sent', () => {
  const rig = new Rig({ limits: { recordBytes: 10 } });
  rig.withTopic('t');
  const call = rig.produce('x'.repeat(11), 0);
  assert.is(rig.verdict(call), 'record_too_large not_applied');
  assert.match(rig.answers.get(call)?.error?.message ?? '', /11 bytes.*at most 10/);
  assert.is(rig.verdict(rig.produce('x'.repeat(10), 0)), 'open');
});

test('a hint is followed at once, and the leader is remembered', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'not_leader', {}, 'n3');
  const again = rig.one();
  assert.is(again.node, 'n3');
  assert.equal([chunkOf(again).values, chunkOf(again).firstSequence], [['a'], 0]);
  rig.stored(again, 0);
  assert.is(rig.verdict(call), 'ok');
  rig.produce('b', 0);
  assert.is(rig.one().node, 'n3');
});

test('two replicas that each believe in the other are not asked in a loop', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', 0);
  const nodes: string[] = [];
  for (let hop = 0; hop < 3; hop += 1) {
    const sent = rig.one();
    nodes.push(sent.node);
    rig.refuse(sent, 'not_leader', {}, sent.node === 'n1' ? 'n2' : 'n1');
  }
  assert.equal(nodes, ['n1', 'n2', 'n1']);
  assert.equal(rig.sent(), []);
  rig.clock.advance(60);
  assert.is(rig.sent().length, 1);
});

test('a hint to a node that does not hold the partition is not followed', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', 0);
  rig.refuse(rig.one(), 'not_leader', {}, 'n9');
  assert.equal(rig.sent(), []);
  rig.clock.advance(60);
  assert.is(rig.one().node, 'n2');
});

test('without a hint the replicas are asked in turn, with pauses that double up to their limit', () => {
  const rig = new Rig({ pace: { tickMs: 1 } });
  rig.withTopic('t');
  const call = rig.call(
    { op: 'produce', topic: 't', producer, partition: 0, sequence: undefined, value: new Uint8Array(1) },
    60_000,
  );
  const nodes: string[] = [];
  const pauses: number[] = [];
  let lastMs = rig.clock.now();
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const sent = rig.nextSent();
    nodes.push(sent.node);
    pauses.push(sent.atMs - lastMs);
    lastMs = sent.atMs;
    rig.refuse(sent, 'not_leader');
  }
  assert.equal(nodes, ['n1', 'n2', 'n3', 'n1', 'n2', 'n3', 'n1', 'n2']);
  [0, 25, 50, 100, 200, 400, 400, 400].forEach((pause, index) => {
    const actual = pauses[index] ?? -1;
    assert.ok(
      actual >= pause * 0.75 && actual <= pause * 1.25 + 2,
      `pause ${index} is ${actual} ms, not about ${pause}`,
    );
  });
  assert.is(rig.verdict(call), 'open');
});

test('an overloaded leader is asked again after the time it names, and stays the leader', () => {
  const rig = new Rig({ pace: { tickMs: 1 } });
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'overloaded', { retryAfterMs: 200 });
  rig.clock.advance(150);
  assert.equal(rig.sent(), []);
  rig.clock.advance(100);
  const again = rig.one();
  assert.is(again.node, 'n1');
  rig.stored(again, 5);
  assert.is(rig.verdict(call), 'ok');
});

test('a leader that stays overloaded makes the call fail as overloaded, not stored', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuseFor(5_100, 'overloaded', { retryAfterMs: 200 });
  assert.is(rig.verdict(call), 'overloaded not_applied');
  assert.is(rig.answers.get(call)?.error?.retryAfterMs, 200);
});

test('a refusal for good is told to every caller of the batch, and the numbers stay free', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const first = rig.produce('a', 0);
  const others = [rig.produce('b', 0), rig.produce('c', 0)];
  rig.stored(rig.one(), 0);
  rig.refuse(rig.one(), 'limit_reached');
  assert.is(rig.verdict(first), 'ok');
  assert.equal(
    others.map((call) => rig.verdict(call)),
    ['limit_reached not_applied', 'limit_reached not_applied'],
  );
  rig.produce('d', 0);
  const next = chunkOf(rig.one());
  assert.equal([next.producerEpoch, next.firstSequence], [0, 1]);
});

test('a nearly full disk is told at once', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'low_disk_space');
  assert.is(rig.verdict(call), 'low_disk_space not_applied');
});

test('unreachable replicas are passed over at once; none reachable: pause, then fail as not stored', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.reach.set('n1', 'gone');
  const call = rig.produce('a', 0);
  const sent = rig.one();
  assert.is(sent.node, 'n2');
  rig.stored(sent, 0);
  assert.is(rig.verdict(call), 'ok');
  for (const node of ['n2', 'n3']) rig.reach.set(node, 'gone');
  const lost = rig.produce('b', 0);
  rig.clock.advance(4_900);
  assert.is(rig.verdict(lost), 'open');
  rig.clock.advance(200);
  assert.is(rig.verdict(lost), 'unavailable not_applied');
  assert.equal(rig.sent(), []);
});

test('a full link leads to a pause, not to another replica', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.reach.set('n1', 'full');
  const call = rig.produce('a', 0);
  assert.equal(rig.sent(), []);
  rig.reach.delete('n1');
  rig.clock.advance(500);
  const sent = rig.one();
  assert.is(sent.node, 'n1');
  rig.stored(sent, 3);
  assert.is(rig.verdict(call), 'ok');
});

test('records that certainly were not stored may be regrouped with later ones under the same numbers', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', 0);
  const first = rig.one();
  rig.produce('b', 0);
  rig.refuse(first, 'not_leader');
  rig.clock.advance(60);
  const second = chunkOf(rig.one());
  assert.equal([second.values, second.firstSequence, second.producerEpoch], [['a', 'b'], 0, 0]);
});

test('a call that expires between refused attempts was not stored, and is not sent again', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const value = new TextEncoder().encode('short');
  const short = rig.call(
    { op: 'produce', topic: 't', producer, partition: 0, sequence: undefined, value },
    300,
  );
  const long = rig.produce('long', 0);
  rig.refuse(rig.one(), 'not_leader');
  rig.refuseFor(400, 'not_leader');
  assert.is(rig.verdict(short), 'unavailable not_applied');
  assert.is(rig.verdict(long), 'open');
  const sent = rig.nextSent();
  assert.equal(chunkOf(sent).values, ['long']);
  rig.stored(sent, 0);
  assert.is(rig.verdict(long), 'ok');
});

test('an idle gateway has no timer but the one that tells who was in use, and a busy one has one more', () => {
  const rig = new Rig();
  rig.withTopic('t');
  assert.is(rig.clock.timers, 0);
  for (let i = 0; i < 10; i += 1) rig.produce('x', 0);
  assert.is(rig.clock.timers, 2);
  rig.stored(rig.one(), 0);
  rig.stored(rig.one(), 1);
  rig.clock.advance(100);
  assert.is(rig.clock.timers, 1);
  assert.is(rig.inspect()['pendingBytes'], 0);
});

test('calls beyond the bounds are refused at once with a time to try again', () => {
  const rig = new Rig({ limits: { gatewayPendingCalls: 3, gatewayPendingBytes: 4_000 } });
  rig.withTopic('t');
  const calls = [1, 2, 3, 4].map(() => rig.produce('x', 0));
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    ['open', 'open', 'open', 'overloaded not_applied'],
  );
  assert.ok((rig.answers.get(calls[3] ?? 0)?.error?.retryAfterMs ?? 0) > 0);
  rig.stored(rig.one(), 0);
  const big = rig.produce('x'.repeat(3_000), 0);
  assert.is(rig.verdict(big), 'overloaded not_applied');
  rig.stored(rig.one(), 1);
  assert.is(rig.verdict(rig.produce('x'.repeat(3_000), 0)), 'open');
  // One call that is larger than the bound still passes when it is alone.
  const alone = new Rig({ limits: { gatewayPendingBytes: 100 } });
  alone.withTopic('t');
  assert.is(alone.verdict(alone.produce('x'.repeat(3_000), 0)), 'open');
});

test('replicas that moved are found by the next attempt', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1']]);
  rig.produce('a', 0);
  rig.refuse(rig.one(), 'not_leader');
  rig.tell([topicEvent('t', [['n5']])]);
  rig.clock.advance(60);
  assert.is(rig.one().node, 'n5');
});

test.run();
