// Produces whose fate is unknown: what is repeated under which numbers, and what callers are told.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chunkOf, producer, Rig } from './rig.ts';
import type { Sent } from './rig.ts';

function numbers(sent: Sent): unknown {
  const { values, producerEpoch, firstSequence } = chunkOf(sent);
  return [values, producerEpoch, firstSequence];
}

function produceWithin(rig: Rig, value: string, deadlineMs: number): number {
  const bytes = new TextEncoder().encode(value);
  return rig.call(
    { op: 'produce', topic: 't', producer, partition: 0, sequence: undefined, value: bytes },
    deadlineMs,
  );
}

test('an unanswered chunk is sent again with the same numbers and records, and later ones wait', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const first = rig.produce('a', 0);
  const sent = rig.one();
  const second = rig.produce('b', 0);
  rig.clock.advance(1_020);
  const again = rig.one();
  assert.equal(numbers(again), [['a'], 0, 0]);
  assert.is(chunkOf(again).firstTimestamp, chunkOf(sent).firstTimestamp);
  rig.stored(again, 7);
  assert.is(rig.verdict(first), 'ok');
  const next = rig.one();
  assert.equal(numbers(next), [['b'], 0, 1]);
  rig.stored(next, 8);
  assert.is(rig.verdict(second), 'ok');
});

test('each attempt has bytes of its own: the receiver writes into what it got', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', 0);
  const first = rig.one();
  if (first.message.kind === 'produce') first.message.chunk.fill(0xff);
  rig.clock.advance(1_020);
  assert.equal(numbers(rig.one()), [['a'], 0, 0]);
});

test('the late answer of an earlier attempt counts', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.clock.advance(1_020);
  const second = rig.one();
  rig.stored(first, 7);
  assert.equal(rig.value(call), { op: 'produce', partition: 0, offset: 7 });
  rig.stored(second, 7);
  assert.is(rig.answered, 1);
  rig.produce('b', 0);
  assert.equal(numbers(rig.one()), [['b'], 0, 1]);
});

test('a late refusal of an earlier attempt does not disturb the newer one', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.clock.advance(1_020);
  const second = rig.one();
  rig.refuse(first, 'not_leader');
  assert.equal(rig.sent(), []);
  rig.stored(second, 1);
  assert.is(rig.verdict(call), 'ok');
});

test('an unknown outcome is repeated with the same numbers', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.produce('b', 0);
  rig.refuse(rig.one(), 'no_quorum');
  rig.clock.advance(60);
  const again = rig.one();
  // Not regrouped with the record that came later: the first one may be stored already.
  assert.equal(numbers(again), [['a'], 0, 0]);
  rig.stored(again, 0);
  assert.is(rig.verdict(call), 'ok');
});

test('after an unknown outcome a certain refusal proves nothing about the first attempt', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'no_quorum');
  rig.clock.advance(60);
  rig.refuse(rig.one(), 'limit_reached');
  assert.is(rig.verdict(call), 'limit_reached unknown');
  rig.produce('b', 0);
  assert.equal(numbers(rig.one()), [['b'], 1, 0]);
});

test('a dead link makes the chunk go elsewhere at once, and answers that still come count', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.link('n2', false);
  assert.equal(rig.sent(), []);
  rig.link('n1', false);
  const second = rig.one();
  assert.is(second.node, 'n2');
  assert.equal(numbers(second), [['a'], 0, 0]);
  rig.stored(first, 0);
  assert.is(rig.verdict(call), 'ok');
});

test('news of another leader makes an unanswered chunk follow after a short wait', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', 0);
  rig.stored(rig.one(), 0);
  rig.produce('b', 0);
  assert.is(rig.one().node, 'n1');
  const size = rig.size(0);
  rig.refuse(rig.one(), 'not_leader', {}, 'n2');
  assert.is(rig.one().node, 'n2');
  rig.clock.advance(280);
  const moved = rig.one();
  assert.is(moved.node, 'n2');
  assert.equal(numbers(moved), [['b'], 0, 1]);
  assert.is(rig.verdict(size), 'open');
});

test('given up in doubt: callers learn unknown, the epoch rises and counting begins again', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.stored((rig.produce('a', 0), rig.one()), 0);
  const lost = rig.produce('b', 0);
  rig.clock.advance(2_000);
  const later = rig.produce('c', 0);
  rig.clock.advance(3_020);
  assert.is(rig.verdict(lost), 'timeout unknown');
  assert.is(rig.verdict(later), 'open');
  const sent = rig.sent();
  const last = sent.at(-1);
  if (last === undefined) throw new Error('nothing was sent');
  for (const earlier of sent.slice(0, -1)) assert.equal(numbers(earlier), [['b'], 0, 1]);
  assert.equal(numbers(last), [['c'], 1, 0]);
  rig.stored(last, 2);
  assert.is(rig.verdict(later), 'ok');
  assert.is(rig.answered, 3);
});

test('callers of one batch are answered at their own deadlines while the batch goes on', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('first', 0);
  const short = produceWithin(rig, 'short', 1_500);
  const long = produceWithin(rig, 'long', 4_000);
  rig.stored(rig.one(), 0);
  assert.equal(numbers(rig.one()), [['short', 'long'], 0, 1]);
  rig.clock.advance(1_600);
  assert.is(rig.verdict(short), 'timeout unknown');
  assert.is(rig.verdict(long), 'open');
  const again = rig.sent().at(-1);
  if (again === undefined) throw new Error('the batch was not sent again');
  assert.equal(numbers(again), [['short', 'long'], 0, 1]);
  rig.stored(again, 1);
  assert.equal(rig.value(long), { op: 'produce', partition: 0, offset: 2 });
  assert.is(rig.verdict(short), 'timeout unknown');
  assert.is(rig.answered, 3);
});

test('records that wait behind a chunk in doubt and expire were never sent', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const first = rig.produce('first', 0);
  const waiting = produceWithin(rig, 'waiting', 500);
  rig.clock.advance(600);
  assert.is(rig.verdict(waiting), 'timeout not_applied');
  assert.is(rig.verdict(first), 'open');
  rig.stored(rig.one(), 0);
  assert.equal(rig.sent(), []);
  assert.is(rig.verdict(first), 'ok');
});

test('a record whose deadline is the tick in which the chunk before it is given up is not sent', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const calls = [rig.produce('a', 0), rig.produce('b', 0)];
  rig.clock.advance(5_100);
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    ['timeout unknown', 'timeout not_applied'],
  );
  for (const sent of rig.sent()) assert.equal(numbers(sent), [['a'], 0, 0]);
  // And the lane is ready for the next one.
  rig.produce('c', 0);
  assert.equal(numbers(rig.one()), [['c'], 1, 0]);
});

test('numbers that the partition does not know lead to a new epoch, and nothing is lost', () => {
  for (const code of ['producer_expired', 'producer_fenced', 'sequence_gap'] as const) {
    const rig = new Rig();
    rig.withTopic('t');
    rig.stored((rig.produce('a', 0), rig.one()), 0);
    const call = rig.produce('b', 0);
    rig.refuse(rig.one(), code);
    const again = rig.one();
    assert.equal(numbers(again), [['b'], 1, 0]);
    rig.stored(again, 1);
    assert.is(rig.verdict(call), 'ok');
  }
});

test('S4: the numbers that a refusal names are the next ones, and where none are above, those of a new id', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const first = rig.one();
  rig.refuse(first, 'producer_expired', { nextEpoch: 40 });
  const second = rig.one();
  assert.equal(numbers(second), [['a'], 40, 0]);
  rig.refuse(second, 'producer_expired', { nextEpoch: 7 });
  const third = rig.one();
  assert.equal(numbers(third), [['a'], 0, 0]);
  assert.is(chunkOf(second).producerId, chunkOf(first).producerId);
  assert.is.not(chunkOf(third).producerId, chunkOf(first).producerId);
  rig.refuse(third, 'producer_expired', { nextEpoch: 7 });
  const fourth = rig.one();
  assert.equal(numbers(fourth), [['a'], 7, 0]);
  rig.stored(fourth, 3);
  assert.is(rig.verdict(call), 'ok');
  rig.produce('b', 0);
  const next = rig.one();
  assert.equal(numbers(next), [['b'], 7, 1]);
  assert.is(chunkOf(next).producerId, chunkOf(third).producerId);
});

test("S4b: a caller's own numbers go under the epoch that the directory gave its id, and are never changed", () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.tell([{ kind: 'producer', id: producer, topic: 't', epoch: 9 }]);
  const call = rig.produce('x', 0, 5);
  const sent = rig.one();
  const { producerId, producerEpoch, firstSequence } = chunkOf(sent);
  assert.equal([producerId, producerEpoch, firstSequence], [producer, 9, 5]);
  assert.is(sent.message.kind === 'produce' && sent.message.registered, true);
  rig.refuse(sent, 'producer_expired', { nextEpoch: 10 });
  assert.equal(rig.sent(), []);
  assert.is(rig.verdict(call), 'producer_expired not_applied');
});

test('a partition that refuses every epoch is not asked for ever', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  const epochs: number[] = [];
  for (let sent = rig.sent(); sent.length > 0; sent = rig.sent()) {
    for (const one of sent) {
      epochs.push(chunkOf(one).producerEpoch);
      rig.refuse(one, 'producer_fenced');
    }
  }
  assert.equal(epochs, [0, 1, 2, 3]);
  assert.is(rig.verdict(call), 'producer_fenced not_applied');
});

test('refused numbers after a lost attempt leave the records in doubt', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.one();
  rig.clock.advance(1_020);
  rig.refuse(rig.one(), 'producer_fenced');
  assert.is(rig.verdict(call), 'producer_fenced unknown');
  rig.produce('b', 0);
  assert.equal(numbers(rig.one()), [['b'], 1, 0]);
});

test('a chunk that is taken for an old one is in doubt: its offsets cannot be known', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0);
  rig.refuse(rig.one(), 'duplicate_unknown_offset');
  assert.is(rig.verdict(call), 'duplicate_unknown_offset unknown');
  rig.produce('b', 0);
  assert.equal(numbers(rig.one()), [['b'], 1, 0]);
});

test('a sequence makes a chunk of its own under the caller’s id, repeated with the same numbers', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0, 41);
  const sent = rig.one();
  const chunk = chunkOf(sent);
  assert.equal(
    [chunk.producerId, chunk.producerEpoch, chunk.firstSequence, chunk.values],
    [producer, 0, 41, ['a']],
  );
  rig.clock.advance(1_020);
  const again = chunkOf(rig.one());
  assert.equal([again.producerId, again.firstSequence, again.values], [producer, 41, ['a']]);
  rig.stored(sent, 9);
  assert.equal(rig.value(call), { op: 'produce', partition: 0, offset: 9 });
});

test('calls with a sequence do not wait for each other or for the lane', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('lane', 0);
  rig.produce('a', 0, 0);
  rig.produce('b', 0, 1);
  assert.equal(
    rig.sent().map((sent) => chunkOf(sent).values),
    [['lane'], ['a'], ['b']],
  );
});

test('a gap is told as the partition tells it', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0, 7);
  rig.refuse(rig.one(), 'sequence_gap', { message: 'Expected sequence 3, got 7.' });
  assert.is(rig.verdict(call), 'sequence_gap not_applied');
  assert.is(rig.answers.get(call)?.error?.message, 'Expected sequence 3, got 7.');
  assert.equal(rig.sent(), []);
});

test('a repeat that is too old to have an offset is told to be stored', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('a', 0, 7);
  rig.refuse(rig.one(), 'duplicate_unknown_offset');
  assert.is(rig.verdict(call), 'duplicate_unknown_offset applied');
});

test('a sequence that ends without an answer is unknown; refused to the end, it is not stored', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const lost = rig.produce('a', 0, 0);
  rig.clock.advance(5_100);
  assert.is(rig.verdict(lost), 'timeout unknown');
  rig.sent();
  const refused = rig.produce('b', 0, 1);
  rig.refuseFor(5_100, 'not_leader');
  assert.is(rig.verdict(refused), 'unavailable not_applied');
});

test('a sequence without a partition, or one that is no count, is refused', () => {
  const rig = new Rig();
  rig.withTopic('t');
  for (const [partition, sequence] of [
    [undefined, 0],
    [0, -1],
    [0, 0.5],
    [0, 2 ** 53],
  ] as const) {
    assert.is(rig.verdict(rig.produce('a', partition, sequence)), 'bad_request not_applied');
  }
  assert.equal(rig.sent(), []);
});

test.run();
