import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex } from '@callboard/client/protocol';
import { nodeOwner, ownerOf } from '../../src/partition/producer-places.ts';
import { ProducerTable, ProducerTail } from '../../src/partition/producers.ts';

const test = suite('partition/producer-places (S26)');
const limits = {
  producerBatchesRemembered: 4,
  producerIdleMs: 1_000,
  producerEpochSteps: 1_024,
  producerEpochRange: 65_536,
  producersPerPartition: 120,
  producersOfNodes: 20,
};

const batch = (id: number, owner: number) => ({
  producerId: id.toString(16).padStart(32, '0'),
  epoch: 0,
  firstSequence: 0,
  count: 1,
  owner,
});

/** Takes new ids of `owner` until one is refused, or `most` are taken; answers how many. */
function fill(table: ProducerTable, owner: number, firstId: number, most = 1_000): number {
  for (let n = 0; n < most; n += 1) {
    const next = batch(firstId + n, owner);
    if (table.decide(next, []).kind !== 'accept') return n;
    table.apply(next, n);
  }
  return most;
}

test('one stranger alone may have all but what is kept, and keeps out nobody else', () => {
  const table = new ProducerTable(limits);
  assert.is(
    fill(table, 1, 1),
    80,
    'of 100 that are not for nodes, a fifth is kept for who is within his share',
  );
  assert.is(fill(table, 2, 1_000, 15), 15);
  assert.is(fill(table, 1, 2_000), 0, 'and none of that is for the first');
  assert.is(fill(table, 2, 3_000), 5);
  assert.is(fill(table, 3, 4_000), 0, 'strangers together may have all that is for strangers');
  assert.is(fill(table, nodeOwner, 5_000), 20, 'and nothing of what is kept for nodes');
});

test('of several who have some nobody has more than a share, but for what lies idle', () => {
  const table = new ProducerTable(limits);
  assert.is(fill(table, 1, 1, 1), 1);
  assert.is(fill(table, 2, 1_000), 40);
  assert.is(fill(table, 1, 2_000), 39);
});

test('an id that a node answers for is its own from then on, and forgotten ones give back their places', () => {
  const table = new ProducerTable(limits);
  assert.is(fill(table, 1, 1), 80);
  table.apply({ ...batch(1, nodeOwner), firstSequence: 1 }, 100);
  table.apply({ ...batch(1, 1), firstSequence: 2 }, 101);
  assert.is(fill(table, 1, 1_000), 1);
  for (let ms = 0; ms < 100_000; ms += 100) table.advance(ms);
  assert.is(table.size, 0);
  assert.is(table.decide({ ...batch(9, 1), epoch: 1 }, []).kind, 'accept');
});

test('those that are proposed count', () => {
  const table = new ProducerTable(limits);
  const tail = new ProducerTail();
  for (let id = 1; id <= 80; id += 1) {
    const decision = table.decide(batch(id, 1), [], false, tail.newcomers);
    assert.equal(decision, { kind: 'accept', newcomer: true });
    tail.add(batch(id, 1), id, logIndex(id));
    tail.came(batch(id, 1));
  }
  assert.is(table.decide(batch(90, 1), [], false, tail.newcomers).kind, 'table-full');
  assert.is(table.decide(batch(90, 2), [], false, tail.newcomers).kind, 'accept');
  table.apply(batch(1, 1), 1);
  tail.applied(batch(1, 1).producerId, logIndex(1));
  assert.is(table.decide(batch(90, 1), [], false, tail.newcomers).kind, 'table-full', 'it only moved');
  tail.clear();
  assert.is(table.decide(batch(90, 1), [], false, tail.newcomers).kind, 'accept');
});

test('an address has one number everywhere, and never that of nodes', () => {
  assert.is(ownerOf('127.0.0.2'), ownerOf('127.0.0.2'));
  const numbers = new Set(Array.from({ length: 2_000 }, (_, n) => ownerOf(`10.0.${n >> 8}.${n & 255}`)));
  assert.ok(!numbers.has(nodeOwner) && Math.max(...numbers) <= 255 && numbers.size > 200);
});

test.run();
