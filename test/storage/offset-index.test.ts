// The sparse offset index: how many points it has, how far a look-up walks, and that it stays right over truncations, damage and
// healing, also from one write to the next within a batch.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import type { GroupWrite } from '../../src/raft/log-store.ts';
import type { Entry } from '../../src/raft/types.ts';
import { offsetTag } from '../../src/storage/keys.ts';
import { decodePoint, pointOf } from '../../src/storage/offset-index.ts';
import { recordFields } from '../../src/storage/stored-entry.ts';
import { LogMaker, TestNode, appendOf, birthOf, crc32, g1, hardState } from './kit.ts';
import type { TestStore } from './kit.ts';
import { keyAt } from './scene.ts';

const test = suite('offset index');

interface Point {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function points(node: TestNode): readonly Point[] {
  return [...node.storage.engine.stored()].filter(({ key }) => key[0] === offsetTag);
}

function texts(stored: readonly Point[]): readonly string[] {
  return stored.map(({ key, value }) => Buffer.concat([key, value]).toString('hex'));
}

function start(seed: number, more: Parameters<TestNode['start']>[0] = {}): [TestNode, TestStore, LogMaker] {
  const node = new TestNode(seed);
  const store = node.start(more);
  store.birth(birthOf(g1));
  store.open(g1);
  return [node, store, new LogMaker(g1)];
}

/** Every offset and every time, against a search through the entries. */
function checkLookUps(store: TestStore, log: LogMaker, where: string): void {
  let max = 0;
  const chunks = log.entries.flatMap(({ index, bytes }) => {
    const fields = recordFields(bytes);
    if (fields === undefined) return [];
    max = Math.max(max, fields.timestamp);
    return [{ index, end: fields.baseOffset + fields.count, max }];
  });
  for (let offset = 0; offset <= log.nextOffset; offset += 1) {
    const expected = chunks.find(({ end }) => offset < end)?.index;
    assert.is(store.findOffset(g1, offset), expected, `${where}: offset ${String(offset)}`);
  }
  const times = new Set(chunks.flatMap((chunk) => [chunk.max, chunk.max + 1]));
  for (const time of [0, ...times]) {
    const expected = chunks.find((chunk) => chunk.max >= time)?.index;
    assert.is(store.findTime(g1, time), expected, `${where}: time ${String(time)}`);
  }
}

test('has one point for each stretch of its gap, not one for each chunk', () => {
  const [node, store, log] = start(1, { indexGapBytes: 1_000 });
  for (let round = 0; round < 20; round += 1) {
    store.write(appendOf(g1, log.appendMany(5), { hard: hardState(1) }));
  }
  // 116 bytes each: nine fill a gap.
  assert.is(points(node).length, 12);
  checkLookUps(store, log, 'after appends');
});

test('is not misled by a long run of commands', () => {
  const [, store, log] = start(2);
  store.write(appendOf(g1, log.appendMany(2), { hard: hardState(1) }));
  store.write(appendOf(g1, log.appendMany(30, { records: 0 })));
  checkLookUps(store, log, 'at the end');
  store.write(appendOf(g1, log.appendMany(2)));
  checkLookUps(store, log, 'in between');
});

test('is mended at open where it is damaged, foreign or older', () => {
  const [node, store, log] = start(3);
  store.write(appendOf(g1, log.appendMany(20), { hard: hardState(1) }));
  const before = points(node);
  node.crash(false);
  const [first, second, third] = before;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no index');
  const { engine } = node.storage;
  engine.tamper(first.key, undefined);
  engine.tamper(second.key, Uint8Array.of(1, 2));
  engine.tamper(third.key, second.value);
  const stray = Uint8Array.from(third.key);
  stray[20] = 250;
  engine.tamper(stray, third.value);
  const again = node.start();
  assert.equal(again.open(g1).verdict, { kind: 'clean' });
  assert.equal(texts(points(node)), texts(before));
  checkLookUps(again, log, 'mended');
});

test('a directory with a point for each chunk is read as it is', () => {
  const [node, store, log] = start(4, { indexGapBytes: 1 });
  store.write(appendOf(g1, log.appendMany(20), { hard: hardState(1) }));
  const dense = texts(points(node));
  assert.is(dense.length, 20);
  node.crash(false);
  const again = node.start({ indexGapBytes: 1_000 });
  assert.equal(again.open(g1).verdict, { kind: 'clean' });
  assert.equal(texts(points(node)), dense);
  checkLookUps(again, log, 'dense');
});

test('points that go bad while the store runs only make the walk longer', () => {
  const [node, store, log] = start(5);
  store.write(appendOf(g1, log.appendMany(30), { hard: hardState(1) }));
  for (const { key } of points(node).slice(1)) node.storage.engine.tamper(key, Uint8Array.of(1));
  checkLookUps(store, log, 'bad points');
});

test('an entry that is gone answers for the records that it held', () => {
  const [node, store, log] = start(6);
  store.write(appendOf(g1, log.appendMany(9), { hard: hardState(1) }));
  node.storage.engine.tamper(keyAt(5), undefined);
  assert.equal(
    [3, 4, 5].map((at) => store.findOffset(g1, at)),
    [4, 5, 6],
  );
  assert.is(store.findTime(g1, 1_005), 5);
});

test('entries that come before those below them are found all the same', () => {
  const [, store, log] = start(7);
  store.write(appendOf(g1, log.appendMany(3, { timestamp: 2_000 }), { hard: hardState(1) }));
  log.append({ timestamp: 3_000 });
  const above = log.appendMany(6, { timestamp: 1_000 });
  store.write(appendOf(g1, above, { tail: undefined }));
  store.write(appendOf(g1, log.entries.slice(3, 4), { tail: undefined }));
  store.write(appendOf(g1, [], { tail: log.tail, healed: true }));
  checkLookUps(store, log, 'healed');
  store.write(appendOf(g1, log.appendMany(6, { timestamp: 2_500 })));
  checkLookUps(store, log, 'appended to');
});

/** Each stored point is that of its entry. */
function checkPoints(node: TestNode, log: LogMaker): void {
  let max = 0;
  const right = log.entries.flatMap((entry) => {
    const point = pointOf(entry, max);
    max = point?.maxTimestamp ?? max;
    return point === undefined ? [] : [point];
  });
  for (const { key, value } of points(node)) {
    const point = decodePoint(key, value, crc32);
    assert.equal(
      point,
      right.find(({ baseOffset }) => baseOffset === point?.baseOffset),
    );
  }
}

/** One step of a random history; gives the log after it. */
function step(random: SimRandom, store: TestStore, log: LogMaker): LogMaker {
  let now = log;
  const writes: GroupWrite[] = [];
  const count = random.chance(0.3) ? 2 + random.below(3) : 1;
  let { term } = now.tail;
  for (let at = 0; at < count; at += 1) {
    const cuts = now.entries.length > 0 && random.chance(0.35);
    if (cuts || term === 0) term = (term + 1) as typeof term;
    if (cuts) now = now.fork().cut(1 + random.below(now.entries.length));
    const entries: Entry[] = [];
    for (let left = 1 + random.below(6); left > 0; left -= 1) {
      const timestamp = 1_000 + random.below(200);
      const bodyBytes = random.below(200);
      entries.push(now.append({ term, records: random.below(4), bodyBytes, timestamp }));
    }
    writes.push(
      appendOf(g1, entries, { truncateFrom: cuts ? entries[0]?.index : undefined, hard: hardState(term) }),
    );
  }
  store.write(...writes);
  return now;
}

/** Makes a hole, opens the log with it, fetches what is missing from the top down, and heals. */
function damageAndHeal(random: SimRandom, node: TestNode, log: LogMaker): TestStore {
  node.crash(false);
  const low = 1 + random.below(log.entries.length);
  const high = Math.min(log.entries.length, low + random.below(6));
  for (let index = low; index <= high; index += 1) node.storage.engine.tamper(keyAt(index), undefined);
  for (const { key } of points(node)) if (random.chance(0.2)) node.storage.engine.tamper(key, undefined);
  const store = node.start({ indexGapBytes: 400 });
  assert.is(store.open(g1).verdict.kind, 'damaged');
  for (let to = high; to >= low;) {
    const from = Math.max(low, to - random.below(3));
    store.write(appendOf(g1, log.entries.slice(from - 1, to), { tail: undefined }));
    to = from - 1;
  }
  store.write(appendOf(g1, [], { tail: log.tail, healed: true }));
  return store;
}

for (let seed = 1; seed <= 12; seed += 1) {
  test(`stays right through history ${String(seed)}`, () => {
    const random = new SimRandom(`history-${String(seed)}`);
    const [node, first, empty] = start(seed, { indexGapBytes: 400 });
    let store = first;
    let log = empty;
    let wasHealed = false;
    for (let round = 0; round < 60; round += 1) {
      log = step(random, store, log);
      if (random.chance(0.1)) checkLookUps(store, log, `round ${String(round)}`);
      if (random.chance(0.05)) {
        store = damageAndHeal(random, node, log);
        wasHealed = true;
        checkLookUps(store, log, `healed in round ${String(round)}`);
      } else if (random.chance(0.06)) {
        const live = texts(points(node));
        node.crash(true, 'lost');
        store = node.start({ indexGapBytes: 400 });
        assert.equal(store.open(g1).verdict, { kind: 'clean' });
        checkLookUps(store, log, `opened in round ${String(round)}`);
        const added = texts(points(node)).filter((text) => !live.includes(text));
        // Of repaired entries the times are mended at the next start.
        if (!wasHealed) assert.equal(added, [], 'nothing was missing');
        wasHealed = false;
        checkPoints(node, log);
      }
    }
    checkLookUps(store, log, 'at the end');
  });
}

test.run();
