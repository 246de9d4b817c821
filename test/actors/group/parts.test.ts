// The small parts of a group's driver: who is who, who waits for what, and what of a peer is believed.
import { groupId, logIndex, replicaId, term } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Incarnations } from '../../../src/actors/group/incarnations.ts';
import { ReadWaiters } from '../../../src/actors/group/read-waiters.ts';
import { entriesFault } from '../../../src/actors/group/verify.ts';
import { crc32 } from '../../../src/node/ports/crc32.ts';
import type { Entry, RaftMessage } from '../../../src/raft/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';

const one = replicaId('1'.repeat(32));
const two = replicaId('2'.repeat(32));

test('a member is met once as known, anew as restarted, and its past is told from its present', () => {
  const members = new Incarnations([
    { replica: one, node: 'a' },
    { replica: two, node: 'b' },
  ]);
  assert.equal(
    [members.nodeOf(one), members.replicaOf('b'), members.nodeOf(replicaId('3'.repeat(32)))],
    ['a', two, undefined],
  );
  assert.is(members.incarnationOf('a'), 0);
  assert.is(members.meet('a', 5), 'known');
  assert.is(members.meet('a', 5), 'known');
  assert.is(members.meet('a', 4), 'past');
  assert.is(members.incarnationOf('a'), 5);
  assert.is(members.meet('a', 6), 'restarted');
  assert.is(members.meet('a', 5), 'past');
  assert.equal([members.incarnationOf('a'), members.incarnationOf('b')], [6, 0]);
  assert.is(members.meet('stranger', 1), 'past');
});

test('a reader is answered once, and waits until what it must see is applied', () => {
  const waiters = new ReadWaiters();
  const heard: (number | undefined)[] = [];
  const ids = [1, 2].map(() => waiters.register((index) => void heard.push(index)));
  assert.is(new Set(ids).size, 2);
  waiters.answer(ids[1] as number, logIndex(7));
  waiters.answer(ids[1] as number, logIndex(8));
  waiters.answer(ids[0] as number, undefined);
  waiters.answer(99, logIndex(1));
  assert.equal(heard, [7, undefined]);
  const applied: number[] = [];
  for (const index of [3, 5, 4]) {
    waiters.whenApplied(logIndex(index), logIndex(3), () => void applied.push(index));
  }
  assert.equal(applied, [3]);
  waiters.applied(logIndex(4));
  assert.equal(applied, [3, 4]);
  waiters.applied(logIndex(6));
  waiters.applied(logIndex(9));
  assert.equal(applied, [3, 4, 5]);
});

function chain(count: number, group = 1): Entry[] {
  const entries: Entry[] = [];
  for (let index = 1; index <= count; index += 1) {
    const previous = entries.at(-1)?.checksum ?? 0;
    entries.push(entryOf(draftOf([`${index}`]), { group, index, baseOffset: index - 1, previous }));
  }
  return entries;
}

function append(entries: readonly Entry[]): RaftMessage {
  const zero = {
    prevIndex: logIndex(0),
    prevTerm: term(0),
    commit: logIndex(0),
    last: logIndex(0),
    stream: 1,
  };
  return { kind: 'append', from: one, to: two, term: term(1), ...zero, entries };
}

function flipped(entry: Entry, at: number): Entry {
  const bytes = Uint8Array.from(entry.bytes);
  const place = (bytes.byteLength + at) % bytes.byteLength;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return { ...entry, bytes };
}

test('entries of a peer are believed only with sound checksums, of this group and in one chain', () => {
  const fault = (entries: readonly Entry[], group = 1): string | undefined =>
    entriesFault(append(entries), groupId(group), crc32);
  const good = chain(4);
  const [first, second, third, fourth] = good as [Entry, Entry, Entry, Entry];
  assert.is(fault(good), undefined);
  assert.is(fault([]), undefined);
  assert.is(fault([third, fourth]), undefined);
  assert.match(fault(good, 2) ?? '', /another group/);
  assert.match(fault([first, third]) ?? '', /entry 3 does not follow/);
  assert.match(fault([second, first]) ?? '', /entry 1 does not follow/);
  assert.match(fault([first, { ...second, index: logIndex(3) }]) ?? '', /does not follow/);
  for (const at of [0, 20, 40, 60, -1]) {
    assert.ok(fault([first, flipped(second, at)]) !== undefined, `one bit of byte ${at}`);
  }
  const vote = { lastIndex: logIndex(0), lastTerm: term(0) };
  const other = { kind: 'vote', from: one, to: two, term: term(1), ...vote } as unknown as RaftMessage;
  assert.is(entriesFault(other, groupId(1), crc32), undefined, 'other messages carry none');
});

test.run();
