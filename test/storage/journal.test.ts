// The journal's two files: each heals the other, an unsound end is normal, and damage to both is noticed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex, term } from '@callboard/client/protocol';
import type { OwedTail } from '../../src/raft/types.ts';
import { Journal, journalNames } from '../../src/storage/journal.ts';
import { recoverJournal } from '../../src/storage/journal-recovery.ts';
import type { FoundJournal } from '../../src/storage/journal-recovery.ts';
import { parseFile } from '../../src/storage/journal-records.ts';
import type { JournalRecord, JournalState, StateChange } from '../../src/storage/journal-state.ts';
import { SimDevice } from '../../sim/storage/sim-device.ts';
import { SimFiles } from '../../sim/storage/sim-files.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { VirtualTime, birthOf, crc32, g1, g2, hardState, idOf } from './kit.ts';

const test = suite('journal');

type Pair = readonly [Uint8Array | undefined, Uint8Array | undefined];

const empty: JournalState = {
  journalId: idOf('journal'),
  startCount: 1,
  bootId: 'boot',
  tailsSynced: false,
  sequence: 0,
  replicas: new Map(),
  documents: new Map(),
};

function owing(index: number): OwedTail {
  return { kind: 'known', tail: { index: logIndex(index), term: term(1), checksum: index * 7 } };
}

function change(group = g1, number = 2, owed: OwedTail = owing(0), owedSequence = 0): JournalRecord {
  const state: StateChange = {
    group,
    hard: hardState(number, idOf('a')),
    condition: 'normal',
    owed,
    owedSequence,
  };
  return { kind: 'states', states: [state] };
}

function tails(sequence: number, index: number, group = g1): JournalRecord {
  const tail = { index: logIndex(index), term: term(1), checksum: index * 7 };
  return { kind: 'tails', tails: { sequence, tails: [{ group, tail }] } };
}

const births: JournalRecord = { kind: 'births', sequence: 0, births: [birthOf(g1), birthOf(g2)] };

/** A journal on simulated files, with its calls made synchronous. */
class Desk {
  readonly time: VirtualTime = new VirtualTime();
  readonly files: SimFiles;
  readonly journal: Journal;

  constructor(state: JournalState = empty, number = 0, hardNumber = 0, seed = 'desk') {
    const random = new SimRandom(seed);
    this.files = new SimFiles(new SimDevice(this.time.schedule, () => random.next()));
    this.journal = new Journal(
      { files: this.files.open(), crc32, compactBytes: 1 << 20 },
      state,
      number,
      hardNumber,
    );
    this.wait((done) => this.journal.install(true, done));
  }

  wait(start: (done: (error: Error | undefined) => void) => void): void {
    const error = this.time.wait(start);
    if (error !== undefined) throw error;
  }

  add(...records: readonly JournalRecord[]): this {
    for (const record of records) {
      if (record.kind === 'tails') this.wait((done) => this.journal.tails(record.tails, done));
      else this.wait((done) => this.journal.hard([record], done));
    }
    return this;
  }

  pair(): [Uint8Array, Uint8Array] {
    const [one, two] = journalNames.map((name) => this.files.copy(name));
    if (one === undefined || two === undefined) throw new Error('a file is missing');
    return [one, two];
  }
}

function found(pair: Pair): FoundJournal {
  const recovered = recoverJournal(pair, crc32);
  if (recovered.kind !== 'found') throw new Error(recovered.kind);
  return recovered.found;
}

/** Everything that matters of what was recovered. */
function essence(pair: Pair): unknown {
  const { state, sequences, lostBelow, baseSequence } = found(pair);
  return {
    replicas: [...state.replicas],
    documents: [...state.documents],
    sequence: state.sequence,
    sequences: [...sequences].toSorted((a, b) => a - b),
    baseSequence,
    lostBelow,
  };
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
}

function sample(): Desk {
  return new Desk().add(
    births,
    change(g1, 1),
    tails(1, 3),
    { kind: 'document', name: 'd', text: 'text' },
    tails(2, 4),
    tails(3, 1, g2),
    change(g2, 4, owing(1), 3),
    change(g1, 5, owing(4), 3),
    tails(4, 5),
  );
}

test('both files are the same and say what was written', () => {
  const [one, two] = sample().pair();
  assert.equal(one, two);
  const { state, lostBelow, repaired } = found([one, two]);
  assert.equal(state.replicas.get(g1)?.hard, hardState(5, idOf('a')));
  assert.equal(state.replicas.get(g1)?.owed, owing(5));
  assert.equal(state.replicas.get(g2)?.owed, owing(1));
  assert.is(state.documents.get('d'), 'text');
  assert.is(lostBelow, 0);
  assert.not(repaired);
});

test('any flipped bit in one file is harmless', () => {
  const [one, two] = sample().pair();
  const sound = essence([one, two]);
  for (let at = 0; at < one.byteLength; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      assert.equal(essence([flipped(one, at, bit), two]), sound, `first file, byte ${String(at)}`);
      assert.equal(essence([one, flipped(two, at, bit)]), sound, `second file, byte ${String(at)}`);
    }
  }
  assert.ok(found([flipped(one, 50, 1), two]).repaired);
});

test('one file cut anywhere, emptied or removed is harmless', () => {
  const [one, two] = sample().pair();
  const sound = essence([one, two]);
  for (let length = 0; length < one.byteLength; length += 1) {
    assert.equal(essence([one.subarray(0, length), two]), sound);
    assert.equal(essence([one, two.subarray(0, length)]), sound);
  }
  assert.equal(essence([undefined, two]), sound);
  assert.equal(essence([one, undefined]), sound);
});

test('damage in different records of the two files is harmless', () => {
  const [one, two] = sample().pair();
  const sound = essence([one, two]);
  const starts = frameStarts(one);
  for (const [a, first] of starts.entries()) {
    for (const [b, second] of starts.entries()) {
      if (a !== b) assert.equal(essence([flipped(one, first + 45, 1), flipped(two, second + 3, 1)]), sound);
    }
  }
});

function frameStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    starts.push(at);
    at += 40 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(8, true);
  }
  return starts;
}

test('a record that is unsound in both files never passes unnoticed, except as a torn end', () => {
  const [one, two] = sample().pair();
  const starts = frameStarts(one);
  const { sequences: all } = found([one, two]);
  for (let at = starts[1] as number; at < (starts.at(-1) as number); at += 1) {
    const record = starts.findLastIndex((start) => start <= at);
    const from = starts[record] as number;
    for (const other of [at, from + 2, from + 41]) {
      const { lostBelow, sequences } = found([flipped(one, at, 2), flipped(two, other, 5)]);
      const noticed = lostBelow > 0 || sequences.size < all.size;
      assert.ok(noticed, `record ${String(record)}, bytes ${String(at)} and ${String(other)}`);
    }
  }
});

test('a lost hard record makes those suspect that have no later one', () => {
  const [one, two] = sample().pair();
  const starts = frameStarts(one);
  // Record 2 (counting from the base as 0) holds a state of group 1, which has a later one; record 7 the state of group 2.
  const early = (starts[2] as number) + 50;
  const late = (starts[7] as number) + 50;
  const suspects = ({ state, lostBelow }: FoundJournal): number[] =>
    [...state.replicas.values()].filter(({ record }) => record < lostBelow).map(({ group }) => group);
  assert.equal(suspects(found([flipped(one, early, 0), flipped(two, early, 0)])), []);
  assert.equal(suspects(found([flipped(one, late, 0), flipped(two, late, 0)])), [g2]);
});

test('a hard record that is unsound in both files at the very end is lost, not torn', () => {
  const [one, two] = new Desk().add(births, change(g1, 5)).pair();
  const last = frameStarts(one).at(-1) as number;
  for (let at = last; at < one.byteLength; at += 1) {
    for (const other of [last + 45, one.byteLength - 1]) {
      assert.ok(found([flipped(one, at, 0), flipped(two, other, 0)]).lostBelow > 0, `byte ${String(at)}`);
      assert.ok(found([flipped(one, other, 0), flipped(two, at, 0)]).lostBelow > 0, `byte ${String(at)}`);
    }
  }
});

test('a hard record torn in the first file alone was never answered', () => {
  const before = new Desk().add(births, tails(1, 1)).pair();
  const [one] = new Desk().add(births, tails(1, 1), change(g1, 5)).pair();
  for (let length = before[0].byteLength; length < one.byteLength; length += 1) {
    const torn = found([one.subarray(0, length), before[1]]);
    assert.is(torn.lostBelow, 0);
    assert.equal(torn.state.replicas.get(g1)?.hard, hardState(0));
    const zeroed = Uint8Array.from(one).fill(0, length);
    assert.is(found([zeroed, before[1]]).lostBelow, 0);
  }
  assert.equal(found([one, before[1]]).state.replicas.get(g1)?.hard, hardState(5, idOf('a')));
});

test('tail records torn at the end of both files are no damage', () => {
  const whole = new Desk().add(births, tails(1, 1), tails(2, 2), tails(3, 3)).pair();
  const synced = frameStarts(whole[0])[2] as number;
  const random = new SimRandom('torn tails');
  for (let round = 0; round < 2_000; round += 1) {
    const tear = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice(0, synced + random.below(bytes.byteLength - synced + 1));
      const from = synced + random.below(Math.max(1, copy.byteLength - synced));
      return random.chance(0.5) ? copy : copy.fill(0, from, from + 1 + random.below(60));
    };
    const torn = found([tear(whole[0]), tear(whole[1])]);
    assert.is(torn.lostBelow, 0);
    assert.is(torn.state.replicas.size, 2);
  }
});

test('an older copy of one file is overruled by the other', () => {
  const desk = new Desk();
  const copies: Uint8Array[] = [desk.pair()[0]];
  const records = [births, change(g1, 1), tails(1, 3), tails(2, 4), change(g2, 4, owing(0), 2), tails(3, 9)];
  for (const record of records) copies.push(desk.add(record).pair()[0]);
  desk.wait((done) => desk.journal.install(false, done));
  desk.add(change(g1, 8, owing(9), 3), tails(4, 10));
  const [one, two] = desk.pair();
  const sound = essence([one, two]);
  for (const copy of copies) {
    assert.equal(essence([one, copy]), sound);
    assert.equal(essence([copy, two]), sound);
  }
});

test('an older copy cannot bring back records that a crash undid and whose numbers were used again', () => {
  const first = new Desk().add(births, tails(1, 1));
  const kept = found(first.pair());
  const older = first.add(tails(2, 2), tails(3, 3), tails(4, 4)).pair()[1];
  // The power goes: tail records 2 to 4 are gone from both files, their numbers are used by the next start.
  const state = { ...kept.state, replicas: kept.state.replicas, startCount: 2 };
  const second = new Desk(state, kept.lastNumber, kept.lastHardNumber).add(
    tails(2, 7),
    change(g1, 3, owing(7), 2),
  );
  const [one, two] = second.pair();
  assert.equal(essence([one, older]), essence([one, two]));
  assert.equal(essence([older, two]), essence([one, two]));
});

test('files without any sound base record are a lost journal, missing files a new one', () => {
  const [one, two] = sample().pair();
  const bad = flipped(one, 50, 0);
  assert.is(recoverJournal([undefined, undefined], crc32).kind, 'none');
  assert.is(recoverJournal([bad, undefined], crc32).kind, 'unreadable');
  assert.is(recoverJournal([new Uint8Array(0), new Uint8Array(0)], crc32).kind, 'unreadable');
  assert.is(recoverJournal([bad, flipped(two, 3, 0)], crc32).kind, 'unreadable');
  assert.is(recoverJournal([new Uint8Array(100).fill(0x43), bad], crc32).kind, 'unreadable');
});

test('random bytes never throw', () => {
  const random = new SimRandom('random bytes');
  const [one] = sample().pair();
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = Uint8Array.from(one);
    for (let flips = random.below(20); flips >= 0; flips -= 1) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    parseFile(bytes, crc32);
    parseFile(random.bytes(random.below(300)), crc32);
  }
});

test('compaction leaves the same state in fewer bytes', () => {
  const desk = sample();
  for (let sequence = 5; sequence < 100; sequence += 1) desk.add(tails(sequence, sequence));
  const before = found(desk.pair()).state;
  const bytes = desk.pair()[0].byteLength;
  desk.wait((done) => desk.journal.install(false, done));
  const after = found(desk.pair());
  assert.equal([...after.state.replicas], [...before.replicas]);
  assert.is(after.state.sequence, 99);
  assert.ok(desk.pair()[0].byteLength < bytes / 4);
});

test('hard records are synced in the first file before the second gets them', () => {
  const desk = new Desk();
  desk.journal.hard([births], () => undefined);
  const [first, second] = journalNames;
  const base = desk.pair()[1].byteLength;
  for (let steps = 0; desk.files.copy(second)?.byteLength === base; steps += 1) desk.time.step();
  desk.files.crash(true);
  const [one, two] = [desk.files.copy(first), desk.files.copy(second)];
  assert.ok(found([one, undefined]).state.replicas.has(g1), 'the first file has it safely');
  assert.ok((two?.byteLength ?? 0) >= base);
});

test('a vote that was answered outlives the power together with either file, whichever it is', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const desk = new Desk(empty, 0, 0, `power ${seed}`).add(births, change(g1, 5));
    desk.files.crash(true);
    const [one, two] = desk.pair();
    for (const pair of [[undefined, two] as const, [one, undefined] as const]) {
      assert.equal(found(pair).state.replicas.get(g1)?.hard, hardState(5, idOf('a')), `seed ${seed}`);
    }
  }
});

test.run();
