// What the store does when a batch, a sync or an index fails: it ends or mends, and says so.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tailKey, tailTag } from '../../src/storage/keys.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState } from './kit.ts';
import { owes, scene } from './scene.ts';

const test = suite('faults of the store');

test('after a failed batch the store refuses everything, and says so once', () => {
  const { node } = scene();
  node.crash(false);
  const told: string[] = [];
  const store = node.start({ failed: (detail) => told.push(detail) });
  const log = new LogMaker(g1, []);
  store.birth(birthOf(3 as typeof g1));
  store.open(g2);
  node.storage.engine.failNextBatch();
  const entry = new LogMaker(g2).append();
  const answer = store.tryWrite(appendOf(g2, [entry], { hard: hardState(1) }));
  assert.is(answer.ok ? '' : answer.code, 'storage_failed');
  assert.not(store.tryWrite(appendOf(g2, [], { hard: hardState(2) })).ok);
  assert.not(node.time.wait<{ ok: boolean }>((done) => store.store.saveDocument('a', 'b', done)).ok);
  assert.is(told.length, 1);
  assert.is(log.entries.length, 0);
  node.time.runFor(5_000);
  store.close();
  assert.is(node.storage.engine.faults.of('batch-error'), 1, 'nothing is tried again');
});

test('a compaction that failed fails the next batch, writes nothing of it, and is over with the process', () => {
  const { node, store, log } = scene();
  const before = log.tail;
  node.storage.engine.failCompaction('error');
  assert.not(store.tryWrite(appendOf(g1, [log.append({ term: 2 })])).ok);
  assert.not(store.tryWrite(appendOf(g1, [], { hard: hardState(5) })).ok);
  assert.is(node.storage.engine.faults.of('compaction-error'), 1, 'nothing is tried again');
  node.crash(false);
  const { verdict, tail } = node.start().open(g1);
  assert.equal(verdict, { kind: 'clean' });
  assert.equal(tail, before);
});

for (const [when, meets] of [
  ['in a batch', true],
  ['at the next start, as the process died before', false],
] as const) {
  test(`damage that a compaction has met costs the database and no promise: ${when}`, () => {
    const { node, store, log } = scene();
    const { tail } = log;
    node.storage.engine.failCompaction('damage');
    if (meets) assert.not(store.tryWrite(appendOf(g1, [log.append({ term: 2 })])).ok);
    node.crash(false);
    const next = node.start();
    assert.ok(next.warnings.some((warning) => warning.includes('set aside')));
    assert.equal(owes(next.open(g1).verdict), tail);
    next.write(appendOf(g1, [], { hard: hardState(7) }));
  });
}

test('a call that keeps its process waiting is answered as any other', () => {
  const { node, store, log } = scene();
  let waits = 0;
  node.storage.device.blockNext(3, () => {
    waits += 1;
  });
  store.write(appendOf(g1, [log.append({ term: 2 })], { hard: hardState(3) }));
  assert.is(waits, 3);
  node.storage.device.blockNext(3, () => {
    throw new Error('the process that was to wait is dead');
  });
  node.crash(false);
  assert.equal(node.start().open(g1).tail, log.tail);
});

for (const [what, count] of [
  ['append to the first file', 1],
  ['later', 2],
] as const) {
  test(`a journal write error (${what}) ends the store`, () => {
    const { node, store } = scene();
    node.storage.files.failNext(count);
    assert.not(store.tryWrite(appendOf(g1, [], { hard: hardState(5) })).ok);
    assert.not(store.tryWrite(appendOf(g1, [], { hard: hardState(6) })).ok);
    node.crash(true);
    const { hard } = node.start().open(g1);
    assert.ok(hard.term === 2 || hard.term === 5);
  });
}

test('an error in the background sync of tail records ends the store', () => {
  const node = new TestNode(1);
  const told: string[] = [];
  const store = node.start({ failed: (detail) => told.push(detail) });
  store.birth(birthOf(g1));
  store.open(g1);
  store.write(appendOf(g1, [new LogMaker(g1).append()], { hard: hardState(1) }));
  node.storage.files.failNext(1);
  node.time.runFor(2_000);
  assert.is(told.length, 1);
  assert.not(store.tryWrite(appendOf(g1, [], { hard: hardState(5) })).ok);
});

test('damage that cannot be journaled leaves the replica out', () => {
  const { node } = scene();
  node.crash(false);
  node.storage.engine.loseTail(2);
  const store = node.start();
  node.storage.files.failNext(1);
  const { verdict } = store.open(g1);
  assert.is(verdict.kind, 'journal-lost');
  node.crash(false);
  assert.is(node.start().open(g1).verdict.kind, 'damaged');
});

test('tail records leave the engine once the journal has synced them, all but the newest', () => {
  const { node, store, log } = scene();
  const sequences = (): number =>
    [...node.storage.engine.stored()].filter(({ key }) => key[0] === tailTag).length;
  assert.is(sequences(), 2, 'two since the last hard record');
  for (let round = 0; round < 20; round += 1) store.write(appendOf(g1, [log.append({ term: 2 })]));
  node.time.runFor(2_000);
  store.write(appendOf(g1, [log.append({ term: 2 })]));
  assert.is(sequences(), 1);
  assert.ok([...node.storage.engine.stored()].some(({ key }) => Buffer.compare(key, tailKey(26)) === 0));
});

test.run();
