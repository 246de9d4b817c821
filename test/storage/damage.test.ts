// One damage at a time, everywhere: the verdict is never clean unless everything that was answered is there.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFile } from '../../src/storage/journal-records.ts';
import { entryTag, tailTag } from '../../src/storage/keys.ts';
import { LogMaker, TestNode, appendOf, birthOf, crc32, g1, g2, hardState, idOf, tailOf } from './kit.ts';
import { damagedBy, keyAt, owes, scene } from './scene.ts';

const test = suite('damage');

for (const power of [false, true]) {
  const how = power ? 'after a power loss' : 'after a process death';

  test(`${how}: any flipped bit of any value is noticed or harmless`, () => {
    const { node: first } = scene();
    const values = [...first.storage.engine.stored()];
    let noticed = 0;
    for (const [position, { key, value }] of values.entries()) {
      for (let at = 0; at < value.byteLength; at += 1) {
        const { node, log } = scene();
        node.crash(power, 'lost');
        const copy = Uint8Array.from(value);
        copy[at] = (copy[at] as number) ^ (1 << ((at + position) % 8));
        node.storage.engine.tamper(key, copy);
        const { verdict, tail } = node.start().open(g1);
        const where = `byte ${String(at)} of ${Buffer.from(key).toString('hex')}: ${damagedBy(verdict)}`;
        if (key[0] === entryTag) assert.is(verdict.kind, 'damaged', where);
        if (verdict.kind === 'clean') assert.equal(tail, log.tail, where);
        else noticed += 1;
        assert.is.not(verdict.kind, 'journal-lost', where);
      }
    }
    assert.ok(noticed > 500);
  });

  test(`${how}: any missing key is noticed or harmless`, () => {
    const { node: first } = scene();
    for (const { key } of [...first.storage.engine.stored()]) {
      const { node, log } = scene();
      node.crash(power, 'lost');
      node.storage.engine.tamper(key, undefined);
      const { verdict, tail } = node.start().open(g1);
      const where = `${Buffer.from(key).toString('hex')}: ${damagedBy(verdict)}`;
      if (key[0] === entryTag) assert.is(verdict.kind, 'damaged', where);
      if (verdict.kind === 'clean') assert.equal(tail, log.tail, where);
    }
  });

  test(`${how}: any older value that comes back is noticed or harmless`, () => {
    let brought = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const { node, log } = scene(seed);
      node.crash(power, 'lost');
      if (node.storage.engine.returnOlder()) brought += 1;
      const { verdict, tail } = node.start().open(g1);
      if (verdict.kind === 'clean') assert.equal(tail, log.tail);
    }
    assert.ok(brought > 100);
  });

  test(`${how}: a batch gone from the middle is noticed`, () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const { node, log } = scene(seed);
      node.crash(power, 'lost');
      node.storage.engine.makeBatchHole();
      const { verdict, tail } = node.start().open(g1);
      if (verdict.kind === 'clean') assert.equal(tail, log.tail);
    }
  });
}

test('lost newest batches are owed, as the journal knows them', () => {
  for (let count = 1; count < 4; count += 1) {
    const { node, log } = scene();
    node.crash(false, 'lost');
    assert.is(node.storage.engine.loseTail(count), count);
    const store = node.start();
    const { verdict, tail } = store.open(g1);
    assert.equal(owes(verdict), log.tail);
    assert.ok(tail.index < log.tail.index || count === 2);
    assert.equal(store.open(g2).verdict, { kind: 'clean' }, 'the other group owes nothing');
  }
});

test('when the journal may have lost its newest tails as well, what is owed is unknown', () => {
  const { node, log } = scene();
  node.time.runFor(2_000);
  node.crash(true, 'lost');
  node.storage.engine.loseTail(1);
  const store = node.start();
  assert.is(owes(store.open(g1).verdict), 'unknown');
  assert.is(owes(store.open(g2).verdict), 'unknown', 'group 2 may have been written to in a lost batch');
  assert.is(store.open(g1).tail.index, log.tail.index - 1);
});

test('it is known after an orderly end, and when each tail record was synced before the answer', () => {
  const orderly = scene();
  orderly.store.close();
  orderly.node.crash(true);
  orderly.node.storage.engine.loseTail(2);
  assert.equal(owes(orderly.node.start().open(g1).verdict), orderly.log.tail);

  const node = new TestNode(1);
  const store = node.start({ tailSyncMs: 0 });
  const log = new LogMaker(g1);
  store.birth(birthOf(g1));
  store.open(g1);
  for (let round = 0; round < 5; round += 1) {
    store.write(appendOf(g1, [log.append()], { hard: hardState(1) }));
  }
  node.crash(true, 'lost');
  node.storage.engine.loseTail(3);
  assert.equal(owes(node.start().open(g1).verdict), log.tail);
});

test('the exception of S18: only a journal synced with each batch knows of batches lost together with the power', () => {
  for (const tailSyncMs of [1_000, 0]) {
    const node = new TestNode(1);
    const store = node.start({ tailSyncMs });
    const log = new LogMaker(g1);
    store.birth(birthOf(g1));
    store.open(g1);
    store.write(appendOf(g1, [log.append()], { hard: hardState(1) }));
    store.write(appendOf(g1, [log.append()]));
    // The machine loses its power within the second; and of what the engine had synced the newest batch is gone.
    node.crash(true, 'lost');
    node.storage.engine.loseTail(1);
    const { verdict } = node.start().open(g1);
    if (tailSyncMs === 0) assert.equal(owes(verdict), log.tail);
    else assert.equal(verdict, { kind: 'clean' }, 'not to be told from a batch that was never written');
  }
});

test('a second restart does not forget damage, even if the log is sound again', () => {
  const { node, log } = scene();
  const key = [...node.storage.engine.stored()].find((entry) => entry.key[0] === entryTag);
  if (key === undefined) throw new Error('no entry');
  node.crash(false);
  node.storage.engine.tamper(key.key, undefined);
  assert.equal(owes(node.start().open(g1).verdict), log.tail);
  for (const power of [true, false]) {
    node.crash(power);
    node.storage.engine.tamper(key.key, key.value);
    const { verdict, tail } = node.start().open(g1);
    assert.equal(owes(verdict), log.tail);
    assert.match(damagedBy(verdict), /earlier/);
    assert.equal(tail, log.tail);
  }
});

test('a replica healed is clean at the next start; what lay above its end is gone', () => {
  const { node, log } = scene();
  node.crash(false);
  const hole = keyAt(3);
  assert.ok([...node.storage.engine.stored()].some(({ key }) => Buffer.compare(key, hole) === 0));
  node.storage.engine.tamper(hole, undefined);
  node.storage.engine.tamper(keyAt(4_000), Uint8Array.of(1, 2, 3));
  const store = node.start();
  const opened = store.open(g1);
  assert.is(opened.tail.index, 2);
  assert.is(opened.highest, log.tail.index, 'an unsound stray is not the highest entry');
  const missing = log.entries.slice(2, 3);
  store.write(appendOf(g1, missing, { tail: undefined }));
  store.write(appendOf(g1, [], { tail: log.tail, healed: true }));
  store.write(appendOf(g1, [log.append({ timestamp: 5 })]));
  assert.equal(store.read({ group: g1 }).entries, log.entries);
  assert.is(store.findOffset(g1, 2), 3);
  assert.is(store.findTime(g1, 1_003), 3);
  node.crash(true, 'lost');
  const again = node.start();
  const { verdict, tail, highest } = again.open(g1);
  assert.equal(verdict, { kind: 'clean' });
  assert.equal(tail, log.tail);
  assert.is(highest, log.tail.index);
});

test('a database that does not open is set aside: every replica owes its tail, the newborn ones nothing', () => {
  const { node, log } = scene();
  node.crash(false);
  node.storage.engine.breakOpen();
  const store = node.start();
  assert.match(store.warnings.join(), /set aside as log\.bad-1/);
  const { verdict, tail } = store.open(g1);
  assert.equal(owes(verdict), log.tail);
  assert.is(tail.index, 0);
  assert.equal(store.open(g2).verdict, { kind: 'clean' });
});

test('a database that cannot open for lack of space is left alone, and the start refused', () => {
  const { node, log } = scene();
  node.crash(false);
  node.storage.setFull(true);
  const refused = node.tryStart();
  assert.not(refused.ok);
  assert.match(refused.ok ? '' : refused.detail, /no space/);
  node.storage.setFull(false);
  assert.equal(node.start().open(g1).tail, log.tail);
});

test('both journal files unsound: a new journal begins, and the log is kept aside', () => {
  const { node, store } = scene();
  node.crash(false);
  for (const name of ['journal-1', 'journal-2']) node.storage.files.flipBit(name, 50);
  const again = node.start();
  assert.is.not(again.store.journalId, store.store.journalId);
  assert.equal(again.store.replicas(), []);
  assert.is(again.store.startCount, 1);
  assert.ok(node.storage.files.names().includes('journal-1.bad-1'));
  assert.match(again.warnings.join(), /belongs to another journal/);
});

test('a journal that is gone is a new node, too', () => {
  const { node, store } = scene();
  node.crash(false);
  for (const name of ['journal-1', 'journal-2']) node.storage.files.remove(name);
  const again = node.start();
  assert.is.not(again.store.journalId, store.store.journalId);
  assert.equal(again.store.replicas(), []);
});

test('a hard record unsound in both files costs the replica its place, for good', () => {
  const { node, store } = scene();
  const before = node.storage.files.copy('journal-1')?.byteLength ?? 0;
  store.write(appendOf(g1, [], { hard: hardState(9, idOf('x')) }));
  store.write(appendOf(g2, [], { hard: hardState(4) }));
  node.crash(false);
  for (const name of ['journal-1', 'journal-2']) node.storage.files.flipBit(name, before + 50);
  for (let start = 0; start < 2; start += 1) {
    const again = node.start();
    assert.is(again.open(g1).verdict.kind, 'journal-lost');
    assert.equal(again.open(g2).verdict, { kind: 'clean' });
    assert.equal(again.open(g2).hard, hardState(4));
    assert.throws(() => again.tryWrite(appendOf(g1, [], { hard: hardState(10) })), /journal is lost/);
    node.crash(true);
  }
  const successor = node.start();
  successor.birth(birthOf(g1, 'second'));
  const fresh = successor.open(g1);
  assert.equal(fresh.verdict, { kind: 'clean' });
  assert.equal(fresh.tail, tailOf(undefined));
});

test('both journal files put back to an older copy are found out by the engine', () => {
  const { node, store, log } = scene();
  const copies = ['journal-1', 'journal-2'].map((name) => [name, node.storage.files.copy(name)] as const);
  store.write(appendOf(g1, [log.append({ term: 3 })], { hard: hardState(3) }));
  node.crash(false);
  for (const [name, bytes] of copies) node.storage.files.put(name, bytes ?? new Uint8Array(0));
  const again = node.start();
  assert.match(again.warnings.join(), /older/);
  assert.is(again.open(g1).verdict.kind, 'journal-lost');
});

test('a log with a term above its journal is out', () => {
  const { node } = scene();
  const log = new LogMaker(g1, []);
  const alien = log.append({ term: 7 });
  node.crash(false);
  node.storage.engine.tamper(keyAt(1), alien.bytes);
  const { verdict } = node.start().open(g1);
  assert.match(verdict.kind === 'journal-lost' ? verdict.detail : '', /term 7/);
});

test('an entry of another place, sound in itself, is bad where it lies', () => {
  const { node, log } = scene();
  node.crash(false);
  const bytes = log.entries[1]?.bytes ?? new Uint8Array(0);
  node.storage.engine.tamper(keyAt(4), bytes);
  assert.match(damagedBy(node.start().open(g1).verdict), /entry 4: other-index/);
});

test("another group's entry is bad, even where index and chain would fit", () => {
  const { node } = scene();
  node.crash(false);
  node.storage.engine.tamper(keyAt(1), new LogMaker(g2).append().bytes);
  assert.match(damagedBy(node.start().open(g1).verdict), /entry 1: other-group/);
});

/** A journal frame with the tail of one group. */
const tailFrameBytes = 40 + 12 + 24;

test('an entry later than what is owed shows that a tail record is gone, also when the log got shorter', () => {
  const { node, store, log } = scene();
  store.write(appendOf(g1, [], { hard: hardState(3) }));
  log.cut(3);
  const older = log.append({ term: 2, timestamp: 9 });
  store.write(appendOf(g1, [older], { truncateFrom: older.index }));
  log.cut(2);
  const newer = log.append({ term: 3 });
  store.write(appendOf(g1, [newer], { truncateFrom: newer.index }));
  const newest = [...node.storage.engine.stored()].findLast(({ key }) => key[0] === tailTag);
  if (newest === undefined) throw new Error('no tail record');
  node.crash(true, 'lost');
  for (const name of ['journal-1', 'journal-2']) {
    // The power took the tail records of both batches, which were not synced.
    const bytes = node.storage.files.copy(name) ?? new Uint8Array(0);
    const { frames } = parseFile(bytes, crc32);
    for (const frame of frames.toReversed()) {
      if (frame.hard) break;
      const length = node.storage.files.copy(name)?.byteLength ?? 0;
      node.storage.files.truncate(name, length - tailFrameBytes);
    }
  }
  node.storage.engine.tamper(newest.key, undefined);
  assert.is(owes(node.start().open(g1).verdict), 'unknown');
});

test('entries above the owed tail show that a tail record is gone', () => {
  const { node, log } = scene();
  node.crash(true, 'lost');
  const stray = log.append({ term: 2 });
  node.storage.engine.tamper(keyAt(stray.index), stray.bytes);
  assert.is(owes(node.start().open(g1).verdict), 'unknown');
});

test('reads stop at the first bad entry, from either end', () => {
  const { node, store, log } = scene();
  const key = keyAt(4);
  const sound = log.entries[3]?.bytes ?? new Uint8Array(0);
  const flipped = Uint8Array.from(sound);
  flipped[100] = (flipped[100] as number) ^ 4;
  const to = log.tail.index;
  const indexes = (cut: 'tail' | 'head'): unknown => {
    const { entries, bad } = store.read({ group: g1, to, cut });
    return [entries.map(({ index }) => index), bad];
  };
  const older = new LogMaker(g1, log.entries.slice(0, 3)).append({ timestamp: 77 }).bytes;
  for (const value of [flipped, undefined, older]) {
    node.storage.engine.tamper(key, value);
    // An older entry is sound; it shows by the next one, which is chained to another.
    const chained = value === older;
    assert.equal(indexes('tail'), chained ? [[1, 2, 3, 4], 5] : [[1, 2, 3], 4]);
    assert.equal(indexes('head'), [[5, 6, 7], 4]);
  }
});

test('an entry that cannot be read costs neither those before it nor the process', () => {
  const { node, store, log } = scene();
  const to = log.tail.index;
  node.storage.engine.failNextReads(1);
  assert.equal(store.read({ group: g1, to }).entries.length, 7, 'one failed read is made good one by one');
  node.storage.engine.failNextReads(2);
  assert.equal(store.read({ group: g1, to }), { entries: [], bad: 1 });
  node.storage.engine.failNextReads(2);
  assert.equal(store.read({ group: g1, to, cut: 'head' }), { entries: [], bad: to });
  node.storage.engine.failNextReads(2);
  assert.match(damagedBy(store.open(g1).verdict), /unreadable/);
});

test.run();
