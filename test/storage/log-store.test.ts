// The store over simulated storage: what is written is there, also after crashes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GroupWrite } from '../../src/raft/log-store.ts';
import { LogMaker, TestNode, appendOf, birthOf, g1, g2, hardState, idOf, tailOf } from './kit.ts';

const test = suite('log store');

test('a new store has a journal id, its first start and no replicas', () => {
  const { store, warnings } = new TestNode(1).start();
  assert.is(store.journalId, idOf('journal-1'));
  assert.is(store.startCount, 1);
  assert.equal(store.replicas(), []);
  assert.equal(warnings, []);
});

test('counts its starts and keeps its journal id', () => {
  const node = new TestNode(1);
  node.start().close();
  const { store } = node.start();
  assert.is(store.startCount, 2);
  assert.is(store.journalId, idOf('journal-1'));
});

test('remembers births, documents, term and vote', () => {
  const node = new TestNode(1);
  const first = node.start();
  first.birth(birthOf(g2), birthOf(g1));
  first.saveDocument('founders', 'a, b, c');
  first.open(g1);
  first.write(appendOf(g1, [], { hard: hardState(3, idOf('a')) }));
  node.crash(true);
  const second = node.start();
  assert.equal(second.store.replicas(), [birthOf(g1), birthOf(g2)]);
  assert.is(second.store.document('founders'), 'a, b, c');
  assert.is(second.store.document('other'), undefined);
  const log = second.open(g1);
  assert.equal(log.hard, hardState(3, idOf('a')));
  assert.equal(log.verdict, { kind: 'clean' });
});

for (const power of [false, true]) {
  test(`entries survive a crash ${power ? 'with' : 'without'} power loss`, () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const node = new TestNode(seed);
      const store = node.start();
      const log = new LogMaker(g1);
      store.birth(birthOf(g1));
      store.open(g1);
      for (let round = 0; round < 10; round += 1) {
        store.write(appendOf(g1, log.appendMany(1 + (round % 3)), { hard: hardState(1) }));
        if (round === seed % 10) node.time.runFor(1_500);
      }
      node.crash(power);
      const again = node.start();
      const opened = again.open(g1);
      assert.equal(opened.verdict, { kind: 'clean' }, `seed ${String(seed)}`);
      assert.equal(opened.tail, log.tail);
      assert.is(opened.highest, log.tail.index);
      assert.equal(opened.runs, [{ first: 1, term: 1 }]);
      assert.equal(again.read({ group: g1, to: log.tail.index }).entries, log.entries);
    }
  });
}

test('a truncation deletes the entries and their index keys in the batch of the new ones', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  store.write(appendOf(g1, log.appendMany(8, { records: 2 }), { hard: hardState(1) }));
  log.cut(5);
  const entry = log.append({ term: 2, records: 1 });
  store.write(appendOf(g1, [entry], { truncateFrom: entry.index, hard: hardState(2) }));
  assert.equal(store.read({ group: g1 }).entries, log.entries);
  assert.is(store.findOffset(g1, 8), 5);
  assert.is(store.findOffset(g1, 9), undefined);
  node.crash(true);
  const opened = node.start().open(g1);
  assert.equal(opened.verdict, { kind: 'clean' });
  assert.equal(opened.tail, tailOf(entry));
  assert.is(opened.highest, 5);
  assert.equal(opened.runs, [
    { first: 1, term: 1 },
    { first: 5, term: 2 },
  ]);
});

test('one batch may truncate what it put itself', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  const early = appendOf(g1, log.appendMany(4, { timestamp: 9_000 }), { hard: hardState(1) });
  log.cut(3);
  const entry = log.append({ term: 2, timestamp: 10 });
  store.write(early, appendOf(g1, [entry], { truncateFrom: entry.index, hard: hardState(2) }));
  assert.equal(store.read({ group: g1 }).entries, log.entries);
  assert.is(store.findOffset(g1, 2), 3);
  assert.is(store.findOffset(g1, 3), undefined);
  assert.is(store.findTime(g1, 9_000), 1);
  node.crash(true, 'lost');
  assert.equal(node.start().open(g1).verdict, { kind: 'clean' });
});

test('hard state alone does not touch the engine', () => {
  const node = new TestNode(1);
  const store = node.start();
  store.birth(birthOf(g1));
  store.open(g1);
  const before = [...node.storage.engine.stored()];
  store.write(appendOf(g1, [], { hard: hardState(7) }));
  assert.equal([...node.storage.engine.stored()], before);
});

test('finds records by offset and by time, past no-ops', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  const stamps = [500, 300, 700, 700, 600, 900];
  for (const [at, timestamp] of stamps.entries()) {
    store.write(
      appendOf(g1, [log.append({ records: 0 }), log.append({ records: at + 1, timestamp })], {
        hard: hardState(1),
      }),
    );
  }
  assert.equal(
    [0, 1, 2, 3, 5, 6, 20, 21, 99].map((at) => store.findOffset(g1, at)),
    [2, 4, 4, 6, 6, 8, 12, undefined, undefined],
  );
  assert.equal(
    [0, 500, 501, 700, 701, 900, 901].map((at) => store.findTime(g1, at)),
    [2, 2, 6, 6, 12, 12, undefined],
  );
  assert.is(store.findOffset(g1, 0), 2);
});

test('reads keep the lowest or the highest entries when the bounds cut', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  store.write(appendOf(g1, log.appendMany(10, { bodyBytes: 100 }), { hard: hardState(1) }));
  const indexes = (request: Parameters<typeof store.read>[0]): unknown => {
    const { entries, bad } = store.read(request);
    return [entries.map((entry) => entry.index), bad];
  };
  const from = log.entries[2]?.index;
  const to = log.entries[7]?.index;
  if (from === undefined || to === undefined) throw new Error('no entries');
  assert.equal(indexes({ group: g1, from, to, maxEntries: 3 }), [[3, 4, 5], undefined]);
  assert.equal(indexes({ group: g1, from, to, maxEntries: 3, cut: 'head' }), [[6, 7, 8], undefined]);
  assert.equal(indexes({ group: g1, from, to, maxBytes: 400 }), [[3, 4], undefined]);
  assert.equal(indexes({ group: g1, from, to, maxBytes: 400, cut: 'head' }), [[7, 8], undefined]);
  assert.equal(indexes({ group: g1, from, to, maxBytes: 1 }), [[3], undefined]);
  assert.equal(indexes({ group: g1, from, to, maxBytes: 1, cut: 'head' }), [[8], undefined]);
  assert.equal(indexes({ group: g1, from, to }), [[3, 4, 5, 6, 7, 8], undefined]);
  assert.equal(indexes({ group: g1, from }), [[3, 4, 5, 6, 7, 8, 9, 10], 11]);
  assert.equal(indexes({ group: g1, from, cut: 'head' }), [[], 1_000_000]);
});

test('groups in one batch are independent', () => {
  const node = new TestNode(1);
  const store = node.start();
  const one = new LogMaker(g1);
  const two = new LogMaker(g2);
  store.birth(birthOf(g1), birthOf(g2));
  store.open(g1);
  store.open(g2);
  store.write(
    appendOf(g1, one.appendMany(3), { hard: hardState(1) }),
    appendOf(g2, two.appendMany(2, { term: 5 }), { hard: hardState(5) }),
  );
  node.crash(true);
  const again = node.start();
  assert.equal(again.open(g2).tail, two.tail);
  assert.equal(again.open(g1).tail, one.tail);
  assert.equal(again.open(g1).verdict, { kind: 'clean' });
});

test('a dead replica is gone with its entries, and a new one begins empty', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  store.write(appendOf(g1, log.appendMany(30), { hard: hardState(1) }));
  const stored = [...node.storage.engine.stored()].length;
  node.time.wait((done) => store.store.death([g1], done));
  node.time.runFor(100);
  assert.equal(store.store.replicas(), []);
  // An entry of 116 bytes each, and an index point for every third.
  assert.is([...node.storage.engine.stored()].length, stored - 40);
  store.birth(birthOf(g1, 'second'));
  const opened = store.open(g1);
  assert.equal(opened.verdict, { kind: 'clean' });
  assert.equal(opened.tail, tailOf(undefined));
  assert.equal(opened.hard, hardState(0));
});

test('callers that break the contract are stopped before anything is written', () => {
  const node = new TestNode(1);
  const store = node.start();
  const log = new LogMaker(g1);
  const entry = log.append();
  const attempt =
    (...batch: readonly GroupWrite[]): (() => unknown) =>
    () =>
      store.tryWrite(...batch);
  assert.throws(attempt(appendOf(g1, [entry], { hard: hardState(1) })), /no replica was born/);
  store.birth(birthOf(g1));
  assert.throws(attempt(appendOf(g1, [entry], { hard: hardState(1) })), /not opened/);
  store.open(g1);
  assert.throws(attempt(appendOf(g1, [entry])), /later term/);
  const flipped = Uint8Array.from(entry.bytes);
  flipped[100] = (flipped[100] as number) ^ 1;
  assert.throws(
    attempt(appendOf(g1, [{ ...entry, bytes: flipped }], { hard: hardState(1) })),
    /bad-body-checksum/,
  );
  assert.throws(attempt(appendOf(g1, [{ ...entry, previous: 5 }], { hard: hardState(1) })), /its fields/);
  assert.throws(() => store.birth(birthOf(g1, 'other')), /already has replica/);
  store.write(appendOf(g1, [entry], { hard: hardState(1) }));
  assert.throws(attempt(appendOf(g1, [], { hard: hardState(0) })), /goes back/);
  store.store.write([appendOf(g1, [], { hard: hardState(2) })], () => undefined);
  assert.throws(attempt(appendOf(g1, [], { hard: hardState(3) })), /in flight/);
});

test.run();
