// What the store does when a batch, a sync or an index fails: it ends or mends, and says so.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tailKey, tailTag } from '../../src/storage/keys.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState } from './kit.ts';
import { scene } from './scene.ts';

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
