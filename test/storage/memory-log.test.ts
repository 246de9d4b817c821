// Logs that are kept in memory: what a replica of one is after each kind of end of its process.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tail, Verdict } from '../../src/raft/types.ts';
import { journalNames } from '../../src/storage/journal.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState, tailOf } from './kit.ts';
import type { TestStore } from './kit.ts';

const test = suite('logs in memory');

interface Scene {
  readonly node: TestNode;
  readonly store: TestStore;
  readonly log: LogMaker;
  /** Of group 2, on disk. */
  readonly disk: LogMaker;
}

/** Group 1 in memory and group 2 on disk, with one batch of both and some of each. */
function scene(seed: string | number = 1): Scene {
  const node = new TestNode(seed);
  const store = node.start();
  const log = new LogMaker(g1);
  const disk = new LogMaker(g2);
  store.birth(birthOf(g1, 'first', 'memory'), birthOf(g2));
  store.open(g1);
  store.open(g2);
  const hard = hardState(1);
  store.write(appendOf(g1, log.appendMany(3), { hard }), appendOf(g2, disk.appendMany(2), { hard }));
  store.write(appendOf(g1, log.appendMany(2)));
  store.write(appendOf(g2, disk.appendMany(1)));
  return { node, store, log, disk };
}

function owes(verdict: Verdict): Tail | string {
  if (verdict.kind !== 'damaged') return verdict.kind;
  return verdict.owed.kind === 'known' ? verdict.owed.tail : 'unknown';
}

test('its entries are read and found like those on disk, and none of them is on the disk', () => {
  const { node, store, log } = scene();
  assert.equal(store.read({ group: g1 }).entries, log.entries);
  assert.is(store.findOffset(g1, 4), 5);
  const stored = [...node.storage.engine.stored()].filter(({ key }) => key[0] === 0x65);
  assert.is(stored.length, 3, 'the entries of group 2');
  assert.equal(
    store.store.replicas().map(({ storage }) => storage),
    ['memory', 'disk'],
  );
});

test('opened again in the same process it is clean', () => {
  const { store, log } = scene();
  const opened = store.open(g1);
  assert.equal(opened.verdict, { kind: 'clean' });
  assert.equal(opened.tail, log.tail);
});

test('after its process died it is damaged, owing exactly its tail; what is beside it on disk is clean', () => {
  const { node, log, disk } = scene();
  node.crash(false);
  const store = node.start();
  const opened = store.open(g1);
  assert.equal(owes(opened.verdict), log.tail);
  assert.is(opened.highest, 0);
  assert.equal(opened.hard, hardState(1));
  assert.match(
    opened.verdict.kind === 'damaged' ? opened.verdict.detail : '',
    /memory of an earlier process/,
  );
  assert.equal(store.open(g2).verdict, { kind: 'clean' });
  assert.equal(store.open(g2).tail, disk.tail);
});

test('after a power loss it does not know what it owes, unless its journal was closed or synced', () => {
  const { node, disk } = scene();
  node.crash(true, 'lost');
  const store = node.start();
  assert.equal(owes(store.open(g1).verdict), 'unknown');
  const { verdict, tail } = store.open(g2);
  assert.equal(verdict, { kind: 'clean' }, 'batches in memory are no gap among those of the engine');
  assert.equal(tail, disk.tail);

  const closed = scene();
  closed.store.close();
  closed.node.crash(true);
  assert.equal(owes(closed.node.start().open(g1).verdict), closed.log.tail);
});

test('a newborn one that owes nothing is clean, whenever its process died', () => {
  const node = new TestNode(1);
  const store = node.start();
  store.birth(birthOf(g1, 'first', 'memory'));
  node.crash(false);
  const second = node.start();
  assert.equal(second.open(g1).verdict, { kind: 'clean' });
  second.write(appendOf(g1, [], { hard: hardState(3) }));
  node.crash(false);
  assert.equal(
    node.start().open(g1).verdict,
    { kind: 'clean' },
    'a vote is in the journal, it owes no entry',
  );
});

test('killed at any moment of its first write it is clean only if that write was not answered', () => {
  let clean = 0;
  let damaged = 0;
  for (let steps = 0; steps < 40; steps += 1) {
    const node = new TestNode(steps);
    const store = node.start();
    store.birth(birthOf(g1, 'first', 'memory'));
    store.open(g1);
    const log = new LogMaker(g1);
    let answered = false;
    store.store.write([appendOf(g1, log.appendMany(2), { hard: hardState(1) })], () => {
      answered = true;
    });
    for (let step = 0; step < steps; step += 1) node.time.step();
    node.crash(false);
    const { verdict } = node.start().open(g1);
    if (verdict.kind === 'clean') {
      clean += 1;
      assert.not(answered);
    } else {
      damaged += 1;
      assert.equal(owes(verdict), log.tail);
    }
  }
  assert.ok(clean > 0 && damaged > 0, `${String(clean)} clean, ${String(damaged)} damaged`);
});

test('it stays damaged through further deaths, also when half of it was repaired, until it has healed', () => {
  const { node, log } = scene();
  for (let life = 0; life < 3; life += 1) {
    node.crash(false);
    const store = node.start();
    assert.equal(owes(store.open(g1).verdict), log.tail);
    store.write(appendOf(g1, log.entries.slice(0, 2), { tail: undefined }));
    assert.equal(owes(store.open(g1).verdict), log.tail, 'in the same process');
  }
  node.crash(false);
  const store = node.start();
  store.open(g1);
  store.write(appendOf(g1, log.entries, { tail: tailOf(log.entries.at(-1)), healed: true }));
  assert.equal(store.open(g1).verdict, { kind: 'clean' });
  store.write(appendOf(g1, log.appendMany(1)));
  node.crash(false);
  assert.equal(owes(node.start().open(g1).verdict), log.tail);
});

test('what it owes survives the replacement of the journal by a base record', () => {
  const node = new TestNode(3);
  const store = node.start({ journalBytes: 600 });
  store.birth(birthOf(g1, 'first', 'memory'));
  store.open(g1);
  const log = new LogMaker(g1);
  store.write(appendOf(g1, log.appendMany(1), { hard: hardState(1) }));
  for (let round = 0; round < 60; round += 1) store.write(appendOf(g1, log.appendMany(1)));
  node.time.runFor(5_000);
  node.crash(false);
  const again = node.start();
  assert.equal(again.store.replicas(), [birthOf(g1, 'first', 'memory')]);
  assert.equal(owes(again.open(g1).verdict), log.tail);
});

test('one journal file is enough to know what is owed; with both ends bad it is unknown', () => {
  for (const bad of [[journalNames[0]], [journalNames[1]], [...journalNames]]) {
    const { node, log } = scene();
    node.crash(false);
    for (const name of bad) {
      const bytes = node.storage.files.copy(name)?.byteLength ?? 0;
      node.storage.files.flipBit(name, bytes - 10);
    }
    assert.equal(owes(node.start().open(g1).verdict), bad.length === 2 ? 'unknown' : log.tail);
  }
});

test('a death frees its memory, and a successor begins empty', () => {
  const { node, store, log } = scene();
  assert.not(store.store.memoryFull());
  store.death(g1);
  node.time.runFor(10);
  assert.equal(
    store.store.replicas().map(({ group }) => group),
    [g2],
  );
  store.birth(birthOf(g1, 'second', 'memory'));
  const { verdict, tail } = store.open(g1);
  assert.equal(verdict, { kind: 'clean' });
  assert.is(tail.index, 0);
  assert.equal(store.read({ group: g1 }).entries, []);
  assert.is(log.entries.length, 5);
});

test('it says when its memory is full, and when a truncation or a death has made room', () => {
  const node = new TestNode(5);
  const store = node.start({ memoryBytes: 5_000 });
  store.birth(birthOf(g1, 'first', 'memory'));
  store.open(g1);
  const log = new LogMaker(g1);
  const entries = log.appendMany(10, { bodyBytes: 600 });
  store.write(appendOf(g1, entries, { hard: hardState(1) }));
  assert.ok(store.store.memoryFull());
  assert.ok(store.store.memorySpent());
  log.cut(3);
  const next = log.append({ term: 2 });
  store.write(appendOf(g1, [next], { truncateFrom: next.index, hard: hardState(2) }));
  assert.not(store.store.memoryFull());
});

test('cursors and leaderships may take a little more memory than records', () => {
  const node = new TestNode(5);
  const store = node.start({ memoryBytes: 20_000 });
  store.birth(birthOf(g1, 'first', 'memory'));
  store.open(g1);
  const log = new LogMaker(g1);
  const hard = hardState(1);
  while (!store.store.memoryFull()) store.write(appendOf(g1, [log.append({ bodyBytes: 100 })], { hard }));
  assert.not(store.store.memorySpent());
  const before = log.entries.length;
  while (!store.store.memorySpent()) store.write(appendOf(g1, [log.append({ bodyBytes: 100 })], { hard }));
  assert.ok(log.entries.length > before);
});

test.run();
