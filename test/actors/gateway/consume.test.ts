import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { offset } from '@callboard/client/protocol';
import { Rig } from './rig.ts';
import type { Sent } from './rig.ts';

function give(rig: Rig, to: Sent, text: string, at = 0): void {
  rig.reply(to, {
    kind: 'consumed',
    id: to.message.id,
    offset: offset(at),
    value: new TextEncoder().encode(text),
  });
}

function nothing(rig: Rig, to: Sent): void {
  rig.reply(to, { kind: 'nothing', id: to.message.id, heldBy: undefined });
}

function sized(rig: Rig, to: Sent, size: number, open = 0): void {
  rig.reply(to, { kind: 'sized', id: to.message.id, size, open });
}

function read(rig: Rig, call: number): unknown {
  const value = rig.answers.get(call)?.value;
  return value?.op === 'consume'
    ? [value.partition, new TextDecoder().decode(value.value)]
    : rig.verdict(call);
}

test('a consume with a partition asks that one and answers its record', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.consume(1);
  const sent = rig.one();
  assert.equal([sent.node, sent.group, sent.message.kind], ['n2', 2, 'consume']);
  give(rig, sent, 'hello', 4);
  assert.equal(rig.value(call), {
    op: 'consume',
    partition: 1,
    offset: 4,
    value: new TextEncoder().encode('hello'),
  });
});

test('an empty partition is told, and no other one is asked', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.consume(0);
  nothing(rig, rig.one());
  assert.is(rig.verdict(call), 'empty_partition not_applied');
  assert.equal(rig.sent(), []);
});

test('without a partition the turn starts at 0, passes empty ones, and goes on behind the one that was read', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1'], ['n1']]);
  const records: unknown[] = [];
  // Partition 0 and 2 have records, 1 is empty.
  for (let i = 0; i < 4; i += 1) {
    const call = rig.consume();
    for (let sent = rig.sent(); sent.length > 0; sent = rig.sent()) {
      for (const one of sent) {
        if (one.group === 2) nothing(rig, one);
        else give(rig, one, `p${one.group - 1}`);
      }
    }
    records.push(read(rig, call));
  }
  assert.equal(records, [
    [0, 'p0'],
    [2, 'p2'],
    [0, 'p0'],
    [2, 'p2'],
  ]);
});

test('over many partitions the first is asked, the others are looked at together, and only those with records are asked', () => {
  const rig = new Rig();
  rig.withTopic(
    't',
    Array.from({ length: 12 }, () => ['n1']),
  );
  const call = rig.consume();
  nothing(rig, rig.one());
  const looks = rig.sent();
  assert.equal(
    looks.map(({ message }) => message.kind),
    Array.from({ length: 11 }, () => 'size'),
  );
  // Partitions 4 and 9 have records, and 9 is known first: the order of the turn holds nevertheless.
  for (const look of looks.toReversed()) sized(rig, look, [5, 10].includes(look.group) ? 1 : 0);
  const asked = rig.one();
  assert.equal([asked.group, asked.message.kind], [5, 'consume']);
  // Somebody else of the same id took it meanwhile.
  nothing(rig, asked);
  const next = rig.one();
  assert.is(next.group, 10);
  give(rig, next, 'found', 2);
  assert.equal(read(rig, call), [9, 'found']);

  const again = rig.consume();
  const behind = rig.one();
  assert.is(behind.group, 11, 'the turn goes on behind the one that was read');
  give(rig, behind, 'more');
  assert.equal(read(rig, again), [10, 'more']);
});

test('over many partitions that are all empty, each is asked or looked at once', () => {
  const rig = new Rig();
  rig.withTopic(
    't',
    Array.from({ length: 12 }, () => ['n1']),
  );
  const call = rig.consume();
  nothing(rig, rig.one());
  for (const look of rig.sent()) sized(rig, look, 0);
  assert.is(rig.verdict(call), 'empty_partition not_applied');
  assert.equal(rig.sent(), []);
});

test('a full turn over empty partitions asks each once and leaves the turn where it was', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1'], ['n1']]);
  const asked: number[] = [];
  const call = rig.consume();
  for (let sent = rig.sent(); sent.length > 0; sent = rig.sent()) {
    for (const one of sent) {
      asked.push(one.group);
      nothing(rig, one);
    }
  }
  assert.equal(asked, [1, 2, 3]);
  assert.is(rig.verdict(call), 'empty_partition not_applied');
  const next = rig.consume();
  give(rig, rig.one(), 'x');
  assert.equal(read(rig, next), [0, 'x']);
});

test('parallel consumes of one consumer begin at different partitions; an explicit one does not move the turn', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1'], ['n1']]);
  rig.consume();
  rig.consume(2);
  rig.consume();
  rig.consume();
  assert.equal(
    rig.sent().map(({ group }) => group),
    [1, 3, 2, 3],
  );
});

/** What is given back of the calls with these numbers. */
function givenBack(rig: Rig): readonly number[] {
  return rig.sent().flatMap(({ message }) => {
    if (message.kind !== 'settle-takes') throw new Error(`a ${message.kind} was sent`);
    return message.words.flatMap(({ noted, returned }) => {
      assert.equal(noted, []);
      return returned;
    });
  });
}

test('a consume that was sent is never sent again: no answer means unknown at the deadline, and what it took is given back', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.consume(0);
  const sent = rig.one();
  rig.clock.advance(4_900);
  assert.is(rig.verdict(call), 'open');
  rig.clock.advance(200);
  assert.is(rig.verdict(call), 'timeout unknown');
  assert.equal(givenBack(rig), [sent.message.id]);
});

test('an unknown outcome ends the consume at once', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.consume(0);
  const sent = rig.one();
  rig.refuse(sent, 'no_quorum');
  assert.is(rig.verdict(call), 'no_quorum unknown');
  assert.equal(givenBack(rig), [sent.message.id]);
});

test('what certainly took nothing is tried again: refusals, unreachable nodes, full links', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.reach.set('n1', 'gone');
  const call = rig.consume(0);
  rig.refuse(rig.one(), 'not_leader');
  rig.reach.set('n3', 'full');
  rig.clock.advance(100);
  rig.reach.clear();
  const sent = rig.nextSent();
  assert.is(sent.node, 'n3');
  rig.refuse(sent, 'replica_damaged');
  give(rig, rig.nextSent(), 'x');
  assert.equal(read(rig, call), [0, 'x']);
});

test('a consume that no replica serves is certainly not carried out', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.consume(0);
  rig.refuseFor(5_100, 'not_leader');
  assert.is(rig.verdict(call), 'unavailable not_applied');
});

test('a lost node is told at once, as unknown', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.consume(0);
  const sent = rig.one();
  rig.link('n2', false);
  assert.is(rig.verdict(call), 'open');
  rig.link('n1', false);
  assert.is(rig.verdict(call), 'unavailable unknown');
  assert.equal(givenBack(rig), [sent.message.id]);
});

test('a new leader elsewhere ends the wait for the old one after a moment for its answer', () => {
  const rig = new Rig();
  rig.withTopic('t');
  give(rig, (rig.consume(0), rig.one()), 'warm');
  const calls = [rig.consume(0), rig.consume(0)];
  const [first, second] = rig.sent();
  if (first === undefined || second === undefined) throw new Error('expected two requests');
  rig.size(0);
  rig.refuse(rig.one(), 'not_leader', {}, 'n2');
  rig.clock.advance(100);
  give(rig, first, 'in time');
  rig.clock.advance(200);
  assert.equal(
    calls.map((call) => read(rig, call)),
    [[0, 'in time'], 'unavailable unknown'],
  );
});

test('a partition without a leader uses up half of the time, and the next ones the rest', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.consume();
  for (let ms = 0; ms < 2_600; ms += 1) {
    for (const sent of rig.sent()) {
      if (sent.node === 'n1') rig.refuse(sent, 'not_leader');
      else give(rig, sent, 'from the other');
    }
    rig.clock.advance(1);
  }
  assert.equal(read(rig, call), [1, 'from the other']);
});

test('an answer that is merely slow is waited for, also on a turn', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.consume();
  const sent = rig.one();
  rig.clock.advance(4_000);
  give(rig, sent, 'slow');
  assert.equal(read(rig, call), [0, 'slow']);
  // And a late refusal leads to the next partition.
  const second = rig.consume();
  const late = rig.one();
  assert.is(late.group, 2);
  rig.clock.advance(4_000);
  rig.refuse(late, 'not_leader');
  const next = rig.nextSent();
  assert.is(next.group, 1);
  give(rig, next, 'other');
  assert.equal(read(rig, second), [0, 'other']);
});

test('a turn over partitions that could not all be asked does not claim that there is nothing', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.consume();
  for (let ms = 0; ms < 2_600; ms += 1) {
    for (const sent of rig.sent()) {
      if (sent.node === 'n1') rig.refuse(sent, 'not_leader');
      else nothing(rig, sent);
    }
    rig.clock.advance(1);
  }
  assert.is(rig.verdict(call), 'unavailable not_applied');
  // And the turn is where it was.
  rig.consume();
  assert.is(rig.one().group, 1);
});

test('a partition in doubt ends the call, and the next call begins behind it', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const lost = rig.consume();
  rig.one();
  rig.link('n1', false);
  assert.is(rig.verdict(lost), 'unavailable unknown');
  assert.is(givenBack(rig).length, 1);
  const next = rig.consume();
  give(rig, rig.one(), 'x');
  assert.equal(read(rig, next), [1, 'x']);
});

test('size asks all partitions at once and answers them in order', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2'], ['n3']]);
  const call = rig.size();
  const sent = rig.sent();
  assert.equal(
    sent.map(({ group, message }) => [group, message.kind]),
    [
      [1, 'size'],
      [2, 'size'],
      [3, 'size'],
    ],
  );
  for (const one of sent.toReversed()) sized(rig, one, 9 * one.group);
  assert.equal(rig.value(call), {
    op: 'size',
    sizes: [
      { partition: 0, size: 9 },
      { partition: 1, size: 18 },
      { partition: 2, size: 27 },
    ],
  });
});

test('size of one partition is a list of one', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.size(1);
  sized(rig, rig.one(), 3);
  assert.equal(rig.value(call), { op: 'size', sizes: [{ partition: 1, size: 3 }] });
});

test('an unanswered size is asked again', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.size(0);
  rig.one();
  rig.clock.advance(1_020);
  sized(rig, rig.one(), 5, 0);
  assert.is(rig.verdict(call), 'ok');
});

test('a size that cannot be had of one partition fails as a whole, and changed nothing', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const call = rig.size();
  sized(rig, rig.sent()[0] ?? rig.one(), 1, 0);
  rig.clock.advance(5_100);
  assert.is(rig.verdict(call), 'timeout not_applied');
  rig.sent();
  rig.clock.advance(5_000);
  assert.equal(rig.sent(), []);
  assert.is(rig.answered, 1);
});

test.run();
