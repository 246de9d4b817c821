import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId, logIndex, term } from '@callboard/client/protocol';
import { mergeWrites } from '../../../src/actors/log-writer/merge.ts';
import { BatchLimit } from '../../../src/actors/log-writer/batch-limit.ts';
import type { GroupWrite } from '../../../src/raft/index.ts';
import { emptyDraft, entryOf } from '../../lib/chunks.ts';

const test = suite('log-writer/merge');

function write(indexes: readonly number[], more: Partial<GroupWrite> = {}): GroupWrite {
  const entries = indexes.map((index) => entryOf(emptyDraft('noop'), { index, term: more.tail?.term ?? 1 }));
  return {
    group: groupId(1),
    truncateFrom: undefined,
    entries,
    hard: undefined,
    tail: undefined,
    healed: false,
    ...more,
  };
}

test('entries follow each other', () => {
  const merged = mergeWrites([write([1, 2]), write([3])]);
  assert.equal(
    merged.entries.map((entry) => entry.index),
    [1, 2, 3],
  );
});

test('what the second cuts off is not put by the first', () => {
  const merged = mergeWrites([write([4, 5, 6]), write([5], { truncateFrom: logIndex(5) })]);
  assert.equal(
    merged.entries.map((entry) => entry.index),
    [4, 5],
  );
  assert.is(merged.truncateFrom, 5);
});

test('three writes count in their order, and none of them is changed', () => {
  const writes = [write([4, 5, 6]), write([5, 6, 7], { truncateFrom: logIndex(5) }), write([8])] as const;
  const merged = mergeWrites([...writes]);
  assert.equal(
    merged.entries.map((entry) => entry.index),
    [4, 5, 6, 7, 8],
  );
  assert.equal(
    merged.entries.slice(1, 4).map((entry) => writes[1].entries.includes(entry)),
    [true, true, true],
  );
  assert.equal(
    writes.map((one) => one.entries.length),
    [3, 3, 1],
  );
});

test('the lowest truncation counts', () => {
  const merged = mergeWrites([
    write([3], { truncateFrom: logIndex(3) }),
    write([4], { truncateFrom: logIndex(4) }),
  ]);
  assert.is(merged.truncateFrom, 3);
  assert.equal(
    merged.entries.map((entry) => entry.index),
    [3, 4],
  );
});

test('the newest hard state and tail count, and healed stays', () => {
  const hard = { term: term(3), vote: undefined };
  const tail = { index: logIndex(9), term: term(3), checksum: 1 };
  const merged = mergeWrites([write([], { hard, healed: true }), write([], { tail })]);
  assert.equal(merged.hard, hard);
  assert.equal(merged.tail, tail);
  assert.ok(merged.healed);
});

test('the batch limit doubles under load and halves when idle, within its bounds', () => {
  const limit = new BatchLimit(64);
  assert.is(limit.entries, 16);
  for (const expected of [32, 64, 64]) {
    limit.observe(limit.entries, true);
    assert.is(limit.entries, expected);
  }
  limit.observe(60, false);
  assert.is(limit.entries, 64);
  for (const expected of [32, 16, 16]) {
    limit.observe(1, false);
    assert.is(limit.entries, expected);
  }
});

test.run();
