import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex } from '@callboard/client/protocol';
import { ProducerTable, ProducerTail } from '../../src/partition/producers.ts';

const test = suite('partition/producers (S3, S4)');
const limits = { producerBatchesRemembered: 4, producerIdleMs: 1_000, producersPerPartition: 2 };
const a = 'a'.repeat(32);
const b = 'b'.repeat(32);
const c = 'c'.repeat(32);

function batch(producerId: string, firstSequence: number, count = 1, epoch = 0) {
  return { producerId, epoch, firstSequence, count };
}

test('a new producer begins at sequence 0', () => {
  const table = new ProducerTable(limits);
  assert.equal(table.decide(batch(a, 0), []), { kind: 'accept' });
  assert.equal(table.decide(batch(a, 1), []), { kind: 'gap', expected: 0 });
});

test('the next sequence is exactly last plus one', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10, 0);
  assert.equal(table.decide(batch(a, 3), []), { kind: 'accept' });
  assert.equal(table.decide(batch(a, 5), []), { kind: 'gap', expected: 3 });
});

test('a known batch is answered with its old offset', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10, 0);
  table.apply(batch(a, 3, 2), 20, 0);
  assert.equal(table.decide(batch(a, 0, 3), []), { kind: 'duplicate', baseOffset: 10, index: undefined });
  assert.equal(table.decide(batch(a, 3, 2), []), { kind: 'duplicate', baseOffset: 20, index: undefined });
});

test('a repeat with other borders is no known batch', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 3), 10, 0);
  assert.equal(table.decide(batch(a, 0, 2), []), { kind: 'forgotten-batch', nextSequence: 3 });
});

test('only the newest batches are remembered, and an older repeat is never stored', () => {
  const table = new ProducerTable(limits);
  for (let n = 0; n < 6; n += 1) table.apply(batch(a, n), n, 0);
  assert.is(table.decide(batch(a, 2), []).kind, 'duplicate');
  assert.equal(table.decide(batch(a, 1), []), { kind: 'forgotten-batch', nextSequence: 6 });
});

test('a newer epoch begins at 0 and fences the older', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0, 5), 0, 0);
  assert.equal(table.decide(batch(a, 3, 1, 1), []), { kind: 'gap', expected: 0 });
  assert.equal(table.decide(batch(a, 0, 1, 1), []), { kind: 'accept' });
  table.apply(batch(a, 0, 1, 1), 5, 0);
  assert.equal(table.decide(batch(a, 5), []), { kind: 'fenced', epoch: 1 });
  assert.is(table.decide(batch(a, 0, 1, 1), []).kind, 'duplicate');
});

test('the unapplied tail decides before the applied state', () => {
  const table = new ProducerTable(limits);
  const tail = new ProducerTail();
  table.apply(batch(a, 0), 0, 0);
  tail.add(batch(a, 1, 2), 1, logIndex(7));
  assert.equal(table.decide(batch(a, 1, 2), tail.of(a)), { kind: 'duplicate', baseOffset: 1, index: 7 });
  assert.equal(table.decide(batch(a, 3), tail.of(a)), { kind: 'accept' });
  assert.equal(table.decide(batch(a, 0), tail.of(a)), { kind: 'duplicate', baseOffset: 0, index: undefined });
  assert.equal(table.decide(batch(a, 4), tail.of(a)), { kind: 'gap', expected: 3 });
  tail.add(batch(a, 0, 1, 1), 3, logIndex(8));
  assert.equal(table.decide(batch(a, 3), tail.of(a)), { kind: 'fenced', epoch: 1 });
  tail.applied(a, logIndex(7));
  assert.is(tail.of(a).length, 1);
  tail.applied(a, logIndex(8));
  assert.is(tail.of(a).length, 0);
});

test('a producer that is idle for too long by log time is forgotten and may not go on', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0, 1_000);
  table.apply(batch(b, 0), 1, 2_000);
  assert.is(table.size, 2);
  table.apply(batch(b, 1), 2, 2_001);
  assert.is(table.size, 1);
  assert.equal(table.decide(batch(a, 1), []), { kind: 'expired' });
});

test('a clock that goes back does not make anybody expire', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0, 5_000);
  table.apply(batch(b, 0), 1, 0);
  assert.is(table.size, 2);
});

test('a full table refuses new producers and keeps the old ones', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0, 0);
  table.apply(batch(b, 0), 1, 0);
  assert.equal(table.decide(batch(c, 0), []), { kind: 'table-full', limit: 2 });
  assert.equal(table.decide(batch(a, 1), []), { kind: 'accept' });
});

test('an anonymous batch is always taken and never remembered', () => {
  const table = new ProducerTable(limits);
  const anonymous = batch('0'.repeat(32), 0);
  table.apply(anonymous, 0, 0);
  assert.equal(table.decide(anonymous, []), { kind: 'accept' });
  assert.is(table.size, 0);
});

test('a committed batch that contradicts the state is an invariant broken', () => {
  const table = new ProducerTable(limits);
  table.apply(batch(a, 0), 0, 0);
  assert.throws(() => table.apply(batch(a, 0), 1, 0), /expected 1/);
  assert.throws(() => table.apply(batch(a, 2), 1, 0), /expected 1/);
});

test.run();
