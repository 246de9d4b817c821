// What replicas owe, settled from journal and engine: every way in which the two can differ at a start.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex, term } from '@callboard/client/protocol';
import type { GroupId } from '@callboard/client/protocol';
import type { EngineFindings, EngineTail } from '../../src/storage/engine-tails.ts';
import type { FoundJournal } from '../../src/storage/journal-recovery.ts';
import { MutableState, owesNothing } from '../../src/storage/journal-state.ts';
import type { ReplicaState, TailRecord } from '../../src/storage/journal-state.ts';
import { settle } from '../../src/storage/settle.ts';
import { birthOf, g1, g2, hardState, idOf } from './kit.ts';

const test = suite('settling');

function record(sequence: number, group: GroupId = g1): TailRecord {
  return {
    sequence,
    tails: [{ group, tail: { index: logIndex(sequence), term: term(1), checksum: sequence } }],
  };
}

function replica(group: GroupId, owedSequence: number, number = 1): ReplicaState {
  return {
    ...birthOf(group),
    life: 1,
    hard: hardState(1),
    condition: 'normal',
    owed: owesNothing,
    owedSequence,
    record: number,
  };
}

interface Case {
  readonly memoryTailsLost?: boolean;
  /** Sequences whose tail records are in the journal; the base vouches for those up to 10. */
  readonly journal: readonly number[];
  readonly engine: readonly number[];
  readonly complete?: boolean;
  readonly boot?: string;
  readonly tailsSynced?: boolean;
  readonly lostBelow?: number;
  readonly findings?: Partial<EngineFindings>;
  readonly engineTail?: Partial<EngineTail>;
  readonly engineLost?: boolean;
  /** As of which batch group 2's hard record tells what it owes. */
  readonly stamp?: number;
}

function run(given: Case): {
  one: ReplicaState;
  two: ReplicaState;
  warnings: readonly string[];
  sequence: number;
} {
  const state = new MutableState({
    journalId: idOf('journal'),
    startCount: 3,
    bootId: 'this boot',
    tailsSynced: given.tailsSynced ?? false,
    sequence: 10,
    replicas: new Map([
      [g1, replica(g1, 10)],
      [g2, replica(g2, given.stamp ?? 10, 5)],
    ]),
    documents: new Map(),
  });
  for (const sequence of given.journal) state.applyTails(record(sequence));
  const found: FoundJournal = {
    state,
    baseSequence: 10,
    sequences: new Set(given.journal),
    lastNumber: 20,
    lastHardNumber: 7,
    lostBelow: given.lostBelow ?? 0,
    complete: given.complete ?? false,
    memoryTailsLost: given.memoryTailsLost ?? false,
    repaired: false,
  };
  const tails = given.engine.map((sequence): [number, EngineTail] => [
    sequence,
    { start: 3, hardNumber: 7, record: record(sequence), ...given.engineTail },
  ]);
  const engine: EngineFindings = {
    readable: true,
    tails: new Map(tails),
    unsound: [],
    tailKeys: [],
    identity: idOf('journal'),
    empty: false,
    ...given.findings,
  };
  const facts = { bootId: given.boot ?? 'next boot', engineLost: given.engineLost ?? false };
  const settled = settle(found, engine, facts);
  const [one, two] = [settled.state.replicas.get(g1), settled.state.replicas.get(g2)];
  if (one === undefined || two === undefined) throw new Error('a replica is missing');
  return { one, two, warnings: settled.warnings, sequence: settled.state.sequence };
}

function owes(given: Case): number | 'unknown' {
  const { one } = run(given);
  assert.is(one.condition, one.owed.kind === 'known' ? 'normal' : 'damaged');
  return one.owed.kind === 'known' ? one.owed.tail.index : 'unknown';
}

test('the engine ahead of the journal is normal', () => {
  assert.is(owes({ journal: [11], engine: [11, 12, 13] }), 13);
  assert.is(owes({ journal: [], engine: [11, 12] }), 12);
  assert.equal(run({ journal: [11], engine: [11, 12] }).warnings, []);
  assert.is(run({ journal: [11], engine: [11, 12] }).sequence, 12);
});

test('records that either has fill the gaps of the other', () => {
  assert.is(owes({ journal: [11, 13], engine: [12, 13, 14] }), 14);
  assert.is(owes({ journal: [11, 12], engine: [12] }), 12);
});

test('a sequence that neither has makes unknown what is owed, by those whom it may concern', () => {
  for (const given of [
    { journal: [11], engine: [11, 13] },
    { journal: [13], engine: [13] },
    { journal: [11, 13], engine: [13], boot: 'this boot' },
  ]) {
    const { one, two, warnings } = run(given);
    assert.is(two.owed.kind, 'unknown', 'the missing batch may have been about group 2');
    assert.is(two.condition, 'damaged');
    assert.is(one.owed.kind, 'known', 'a later batch says what group 1 owes');
    assert.match(warnings.join(), /batch 12/);
    assert.is(run({ ...given, stamp: 12 }).two.owed.kind, 'known', 'as does a later hard record');
    assert.is(run({ ...given, stamp: 11 }).two.owed.kind, 'unknown');
  }
});

test('an unsound tail record at the end of the engine is a missing one', () => {
  assert.is(owes({ journal: [11], engine: [11], findings: { unsound: [12] } }), 'unknown');
  assert.is(owes({ journal: [11, 12], engine: [11], findings: { unsound: [12] }, boot: 'this boot' }), 12);
  assert.is(owes({ journal: [11], engine: [11, 12], findings: { unsound: [4] } }), 12);
});

test('the journal ahead of the engine: known if the journal cannot have lost its end', () => {
  assert.is(owes({ journal: [11, 12, 13], engine: [11] }), 'unknown');
  assert.is(owes({ journal: [11, 12, 13], engine: [11], boot: 'this boot' }), 13);
  assert.is(owes({ journal: [11, 12, 13], engine: [11], complete: true }), 13);
  assert.is(owes({ journal: [11, 12, 13], engine: [11], tailsSynced: true }), 13);
  assert.is(owes({ journal: [11, 12, 13], engine: [11], boot: '' }), 'unknown');
});

test('an engine lost as a whole or unreadable is one that is behind', () => {
  for (const more of [{ engineLost: true }, { findings: { readable: false } }]) {
    assert.is(owes({ journal: [11], engine: [], ...more }), 'unknown');
    assert.is(owes({ journal: [11], engine: [], ...more, boot: 'this boot' }), 11);
  }
});

test('lost hard records cost those that have no later one', () => {
  const { one, two, warnings } = run({ journal: [11], engine: [11], lostBelow: 4 });
  assert.is(one.condition, 'lost');
  assert.is(two.condition, 'normal');
  assert.match(warnings.join(), /hard record/);
});

test('an engine that knows more than the journal proves it an older copy', () => {
  for (const engineTail of [{ start: 4 }, { hardNumber: 8 }]) {
    const { one, two, warnings } = run({ journal: [11], engine: [11], engineTail });
    assert.is(one.condition, 'lost');
    assert.is(two.condition, 'lost');
    assert.match(warnings.join(), /older/);
  }
});

test.run();
