import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex } from '@callboard/client/protocol';
import { ProducerTable, ProducerTail } from '../../src/partition/producers.ts';

const test = suite('partition/producers (S3, S4)');
const limits = {
  producerBatchesRemembered: 4,
  producerIdleMs: 1_000,
  producerEpochSteps: 1_024,
  producerEpochRange: 65_536,
  producersPerPartition: 2,
  producersOfNodes: 0,
};
const lastEpoch = 0xffffffff;
const a = 'a'.repeat(32);
const b = 'b'.repeat(32);
const c = 'c'.repeat(32);

function batch(producerId: string, firstSequence: number, count = 1, epoch = 0) {
  return { producerId, epoch, firstSequence, count };
}

test('a new producer begins at sequence 0', () => {
  const table = new ProducerTable(limits);
  assert.is(table.decide(batch(a, 0), []).kind, 'accept');
  assert.equal(table.decide(batch(a, 1), []), { kind: 'gap', expected: 0 });
});

test('the next sequence is exactly last plus one', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10);
  assert.is(table.decide(batch(a, 3), []).kind, 'accept');
  assert.equal(table.decide(batch(a, 5), []), { kind: 'gap', expected: 3 });
});

test('a known batch is answered with its old offset', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10);
  table.apply(batch(a, 3, 2), 20);
  assert.equal(table.decide(batch(a, 0, 3), []), { kind: 'duplicate', baseOffset: 10, index: undefined });
  assert.equal(table.decide(batch(a, 3, 2), []), { kind: 'duplicate', baseOffset: 20, index: undefined });
});

test('a repeat with other borders is no known batch', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10);
  assert.equal(table.decide(batch(a, 0, 2), []), { kind: 'forgotten-batch', nextSequence: 3 });
});

test('only the newest batches are remembered, and an older repeat is never stored', () => {
  const table = new ProducerTable(limits);
  for (let n = 0; n < 6; n += 1) table.apply(batch(a, n), n);
  assert.is(table.decide(batch(a, 2), []).kind, 'duplicate');
  assert.equal(table.decide(batch(a, 1), []), { kind: 'forgotten-batch', nextSequence: 6 });
});

test('a newer epoch begins at 0 and fences the older', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 5), 0);
  assert.equal(table.decide(batch(a, 3, 1, 1), []), { kind: 'gap', expected: 0 });
  assert.is(table.decide(batch(a, 0, 1, 1), []).kind, 'accept');
  table.apply(batch(a, 0, 1, 1), 5);
  assert.equal(table.decide(batch(a, 5), []), { kind: 'fenced', epoch: 1 });
  assert.is(table.decide(batch(a, 0, 1, 1), []).kind, 'duplicate');
});

test('the unapplied tail decides before the applied state', () => {
  const table = new ProducerTable(limits);
  const tail = new ProducerTail();
  table.apply(batch(a, 0), 0);
  tail.add(batch(a, 1, 2), 1, logIndex(7));
  assert.equal(table.decide(batch(a, 1, 2), tail.of(a)), { kind: 'duplicate', baseOffset: 1, index: 7 });
  assert.is(table.decide(batch(a, 3), tail.of(a)).kind, 'accept');
  assert.equal(table.decide(batch(a, 0), tail.of(a)), { kind: 'duplicate', baseOffset: 0, index: undefined });
  assert.equal(table.decide(batch(a, 4), tail.of(a)), { kind: 'gap', expected: 3 });
  tail.add(batch(a, 0, 1, 1), 3, logIndex(8));
  assert.equal(table.decide(batch(a, 3), tail.of(a)), { kind: 'fenced', epoch: 1 });
  tail.applied(a, logIndex(7));
  assert.is(tail.of(a).length, 1);
  tail.applied(a, logIndex(8));
  assert.is(tail.of(a).length, 0);
});

/** As much as one clock entry after the other moves it. */
function pass(table: ProducerTable, ms: number): void {
  const target = table.logTimeMs + ms;
  while (table.logTimeMs < target) table.advance(target);
}

test('a producer that is idle for too long by log time is forgotten, and comes back only under a higher epoch', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 1, 3), 0);
  pass(table, 600);
  table.apply(batch(b, 0), 1);
  pass(table, 400);
  assert.is(table.decide(batch(a, 0, 1, 3), []).kind, 'duplicate');
  pass(table, 1);
  assert.is(table.size, 1);
  const refused = { kind: 'expired', forgotten: 3, nextEpoch: 4 };
  for (const sequence of [0, 1, 7]) assert.equal(table.decide(batch(a, sequence, 1, 3), []), refused);
  assert.is(table.decide(batch(a, 0, 1, 4), []).kind, 'accept');
  assert.equal(table.decide(batch(a, 1, 1, 4), []), { kind: 'gap', expected: 0 });
  assert.is(table.decide(batch(b, 1), []).kind, 'accept', 'whoever is known is not bound by it');
});

test('one number says who was forgotten: an unknown id comes in above it, by so many epochs at most', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 1, 9), 0);
  table.apply(batch(b, 0, 1, 2), 1);
  pass(table, 1_001);
  assert.is(table.size, 0);
  assert.is(table.forgotten, 9);
  assert.equal(table.decide(batch(c, 0, 1, 9), []), { kind: 'expired', forgotten: 9, nextEpoch: 10 });
  assert.is(table.decide(batch(c, 0, 1, 10), []).kind, 'accept');
  assert.is(table.decide(batch(c, 0, 1, 9 + 1_024), []).kind, 'accept');
  const tooHigh = { kind: 'epoch-too-high', nextEpoch: 10 };
  assert.equal(table.decide(batch(c, 0, 1, 9 + 1_025), []), tooHigh);
  assert.equal(table.decide(batch(c, 0, 1, lastEpoch), []), tooHigh);
});

test('S4b: an epoch that the directory gave is bound from below alone, and only where its id is not known', () => {
  const table = new ProducerTable(limits);
  assert.is(table.decide(batch(a, 0, 1, 50_000), [], true).kind, 'accept');
  table.apply(batch(a, 0, 1, 50_000), 0);
  assert.equal(table.decide(batch(a, 0, 1, 50_000 + 1_025), [], true).kind, 'epoch-too-high');
  pass(table, 1_001);
  assert.equal(table.decide(batch(a, 0, 1, 50_000), [], true).kind, 'expired');
  assert.equal(table.decide(batch(b, 0, 1, 49_000), [], true).kind, 'expired');
  assert.is(table.decide(batch(b, 0, 1, 60_000), [], true).kind, 'accept');
});

test('where nobody was forgotten an unknown id begins low', () => {
  const table = new ProducerTable(limits);
  assert.is(table.decide(batch(a, 0, 1, 1_023), []).kind, 'accept');
  assert.equal(table.decide(batch(a, 0, 1, 1_024), []), { kind: 'epoch-too-high', nextEpoch: 0 });
});

test("nobody takes a known producer's last epoch: one step goes so far and no further, also behind what is on its way", () => {
  const table = new ProducerTable(limits);
  const tail = new ProducerTail();
  table.apply(batch(a, 0, 1, 5), 0);
  assert.is(table.decide(batch(a, 0, 1, 5 + 1_024), []).kind, 'accept');
  assert.equal(table.decide(batch(a, 0, 1, 5 + 1_025), []), { kind: 'epoch-too-high', nextEpoch: 6 });
  assert.equal(table.decide(batch(a, 0, 1, lastEpoch), []), { kind: 'epoch-too-high', nextEpoch: 6 });
  tail.add(batch(a, 0, 1, 8), 1, logIndex(7));
  assert.is(table.decide(batch(a, 0, 1, 8 + 1_024), tail.of(a)).kind, 'accept');
  assert.equal(table.decide(batch(a, 0, 1, 8 + 1_025), tail.of(a)), { kind: 'epoch-too-high', nextEpoch: 9 });
});

test('nobody uses up all epochs step by step, and whoever gets so far is told where a new id begins', () => {
  const table = new ProducerTable(limits);
  const climb = (id: string, from: number): number => {
    for (let epoch = from; ; epoch += 1_024) {
      const decision = table.decide(batch(id, 0, 1, epoch), []);
      if (decision.kind !== 'accept') {
        assert.equal(decision, { kind: 'epochs-spent', nextEpoch: from, range: 65_536 });
        return epoch - 1_024;
      }
      table.apply(batch(id, 0, 1, epoch), 0);
    }
  };
  const top = climb(a, 0);
  assert.is(top, 65_536 - 1_024);
  assert.is(table.decide(batch(a, 1, 1, top), []).kind, 'accept', 'it goes on as it is');
  assert.is(table.decide(batch(a, 0, 1, 65_536), [], true).kind, 'accept', 'but for what nodes answer for');
  assert.is(table.decide(batch(b, 0), []).kind, 'accept', 'a new id');
  pass(table, 1_001);
  assert.is(table.forgotten, top);
  assert.is(climb(c, top + 1), top + 1 + 65_536 - 1_024);
});

test('one entry moves log time by a bound at most, and none moves it back', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0);
  table.advance(Number.MAX_SAFE_INTEGER);
  assert.is(table.logTimeMs, 250);
  table.advance(3);
  assert.is(table.logTimeMs, 250);
  for (let n = 0; n < 3; n += 1) assert.not(table.advance(Number.MAX_SAFE_INTEGER));
  assert.is(table.size, 1);
  assert.ok(table.advance(1_001));
  assert.is(table.size, 0);
});

test('a batch that its leader took before the producer was forgotten goes on, and what came before is not stored again', () => {
  const table = new ProducerTable(limits);
  const tail = new ProducerTail();
  table.apply(batch(a, 0, 3, 2), 0);
  assert.is(table.decide(batch(a, 3, 1, 2), []).kind, 'accept');
  tail.add(batch(a, 3, 1, 2), 3, logIndex(9));
  pass(table, 1_001);
  assert.is(table.size, 0);
  assert.is(table.decide(batch(a, 0, 3, 2), tail.of(a)).kind, 'forgotten-batch');
  table.apply(batch(a, 3, 1, 2), 3);
  assert.is(table.decide(batch(a, 0, 3, 2), []).kind, 'forgotten-batch');
  assert.is(table.decide(batch(a, 3, 1, 2), []).kind, 'duplicate');
  assert.is(table.decide(batch(a, 4, 1, 2), []).kind, 'accept');
  assert.throws(() => table.apply(batch(b, 3, 1, 3), 4), /expected 0/, 'no epoch above was ever forgotten');
});

test('a full table refuses new producers and keeps the old ones', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0);
  table.apply(batch(b, 0), 1);
  assert.equal(table.decide(batch(c, 0), []), { kind: 'table-full', limit: 2, own: 2 });
  assert.is(table.decide(batch(a, 1), []).kind, 'accept');
});

test('an anonymous batch is always taken and never remembered', () => {
  const table = new ProducerTable(limits);
  const anonymous = batch('0'.repeat(32), 0);
  table.apply(anonymous, 0);
  assert.is(table.decide(anonymous, []).kind, 'accept');
  assert.is(table.size, 0);
});

test('a committed batch that contradicts the state is an invariant broken', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0);
  assert.throws(() => table.apply(batch(a, 0), 1), /expected 1/);
  assert.throws(() => table.apply(batch(a, 2), 1), /expected 1/);
});

test.run();
