// S2: whoever waits for something of a replica that ends is told so at once, and that nothing came of it.
import { logIndex, offset } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadWaiters } from '../../../src/actors/group/read-waiters.ts';
import { draftOf } from '../../lib/chunks.ts';
import { leading, told, type Asked, type Leading } from './leading.ts';

const earliest = { at: 'earliest', value: 0 } as const;
const fetch = { kind: 'fetch', offset: offset(0), maxBytes: 1_000 } as const;
const byTime = { kind: 'locate', position: { at: 'time', value: 5 } } as const;

/** All of these wait for a majority to confirm the leader; there are no records. */
const confirmed: readonly Asked[] = [
  { kind: 'consume', consumer: 'c', start: 1, noted: [] },
  { kind: 'size', consumer: 'c' },
  fetch,
  { kind: 'locate', position: { at: 'latest', value: 0 } },
  { kind: 'push-open', owner: undefined, start: earliest, reset: false },
  { kind: 'push-open', owner: { consumer: 'd', session: 1 }, start: { at: 'time', value: 5 }, reset: false },
  {
    kind: 'produce',
    acks: 'quorum',
    chunk: draftOf(['x'], { producerId: 'b'.repeat(32), firstSequence: 3 }),
  },
];

const ends: Readonly<Record<string, (rig: Leading) => void>> = {
  stops: (rig) => rig.stop(),
  fails: (rig) => rig.tell({ kind: 'group-damage', index: logIndex(1) }),
};

/** Everybody is told once, and of each that it was not done. */
function allTurnedAway(rig: Leading, from: number, count: number): void {
  const ids = Array.from({ length: count }, (_, at) => from + at);
  assert.equal(told(rig).toSorted(), ids.map((id) => `${id}: not_leader not_applied`).toSorted());
}

for (const [how, end] of Object.entries(ends)) {
  test(`who waits for a confirmation of a replica that ${how} is answered at once`, () => {
    const rig = leading();
    for (const [at, request] of confirmed.entries()) rig.ask(1 + at, request);
    // A second take waits behind the first.
    rig.ask(1 + confirmed.length, { kind: 'consume', consumer: 'c', start: 1, noted: [] });
    assert.equal(told(rig), []);
    end(rig);
    rig.kit.settle();
    allTurnedAway(rig, 1, confirmed.length + 1);
  });

  test(`who waits for a read of the log of a replica that ${how} is answered at once`, () => {
    const rig = leading();
    rig.produce(100, 0);
    rig.commit(2);
    rig.answers.length = 0;
    rig.ask(1, fetch);
    rig.ask(2, { kind: 'consume', consumer: 'c', start: 1, noted: [] });
    rig.ask(3, byTime);
    // One round for the first, one for those that came meanwhile.
    for (let round = 0; round < 2; round += 1) rig.confirm();
    assert.equal(rig.reads.map(({ kind }) => kind).toSorted(), ['find-time', 'read-chunks', 'read-chunks']);
    assert.equal(told(rig), []);
    end(rig);
    rig.kit.settle();
    allTurnedAway(rig, 1, 3);
  });
}

test('what nobody has looked at when the replica stops is turned away, once', () => {
  const rig = leading();
  const requests: readonly Asked[] = [...confirmed, { kind: 'lead' }];
  for (const [at, request] of requests.entries()) rig.ask(1 + at, request, false);
  rig.stop();
  rig.kit.settle();
  allTurnedAway(rig, 1, requests.length);
});

test('a confirmation that still waits for entries to be applied ends with the leadership', () => {
  const heard: string[] = [];
  const waiters = new ReadWaiters();
  const wait = (name: string, index: number): void =>
    waiters.whenApplied(logIndex(index), logIndex(4), (applied) => heard.push(`${name} ${applied}`));
  wait('a', 4);
  wait('b', 6);
  wait('c', 9);
  waiters.applied(logIndex(7));
  assert.equal(heard, ['a true', 'b true']);
  waiters.deposed();
  waiters.applied(logIndex(20));
  assert.equal(heard, ['a true', 'b true', 'c false']);
  waiters.register((index) => heard.push(`d ${index}`));
  wait('e', 30);
  waiters.abandon();
  waiters.answer(1, logIndex(30));
  assert.equal(heard.slice(3), ['d undefined', 'e false']);
});

test.run();
