import type { ReplicaId } from '@callboard/client/protocol';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Quorum } from '../../src/raft/quorum.ts';
import { idOf } from './harness.ts';
import { throwsInvariant } from './kit.ts';
import { assertProperty } from '../lib/properties.ts';

const ids = Array.from({ length: 7 }, (_, at) => idOf(at + 1));
const half = fc.subarray(ids, { minLength: 1 });
const configuration = fc.record({
  voters: half,
  outgoing: fc.oneof(fc.constant([] as ReplicaId[]), half),
  learners: fc.constant([] as ReplicaId[]),
});

/** By the words of the definition: more than half of each half that is there. */
function byMajority(halves: readonly (readonly ReplicaId[])[], holds: (id: ReplicaId) => boolean): boolean {
  return halves.every((members) => members.length === 0 || members.filter(holds).length * 2 > members.length);
}

test('thesis 4.3, B24, B59: what a quorum has reached is what a majority of each half has reached', () => {
  assertProperty(
    fc.property(configuration, fc.array(fc.nat(5), { minLength: 7, maxLength: 7 }), (members, values) => {
      const valueOf = (id: ReplicaId): number => values[ids.indexOf(id)] ?? 0;
      const halves = [members.voters, members.outgoing];
      const reached = new Quorum(members).reached(valueOf);
      assert.ok(byMajority(halves, (id) => valueOf(id) >= reached));
      assert.not(byMajority(halves, (id) => valueOf(id) > reached));
    }),
  );
});

test('thesis 4.3, B24: an election is won by a majority of each half, and lost when that is out of reach', () => {
  const answer = fc.constantFrom(true, false, undefined);
  assertProperty(
    fc.property(configuration, fc.array(answer, { minLength: 7, maxLength: 7 }), (members, answers) => {
      const votes = new Map<ReplicaId, boolean>();
      for (const [at, id] of ids.entries()) {
        const given = answers[at];
        if (given !== undefined) votes.set(id, given);
      }
      const halves = [members.voters, members.outgoing];
      const won = byMajority(halves, (id) => votes.get(id) === true);
      const possible = byMajority(halves, (id) => votes.get(id) !== false);
      const expected = won ? 'won' : possible ? 'open' : 'lost';
      assert.is(new Quorum(members).tally(votes), expected);
    }),
  );
});

test('B24: the sizes of a majority, by hand', () => {
  const expected = [1, 2, 2, 3, 3, 4, 4];
  for (const [at, size] of expected.entries()) {
    const voters = ids.slice(0, at + 1);
    const quorum = new Quorum({ voters, outgoing: [], learners: ids.slice(at + 1) });
    const grantedBy = (count: number): string =>
      quorum.tally(new Map(voters.slice(0, count).map((id) => [id, true])));
    assert.is(grantedBy(size), 'won');
    assert.is(grantedBy(size - 1), 'open');
  }
});

test('B6, B15: the votes of learners and strangers are not counted', () => {
  const quorum = new Quorum({ voters: ids.slice(0, 3), outgoing: [], learners: ids.slice(3) });
  assert.is(quorum.tally(new Map(ids.slice(2).map((id) => [id, true]))), 'open');
});

test('a configuration without voters, or with one twice, is refused', () => {
  throwsInvariant(() => new Quorum({ voters: [], outgoing: [], learners: ids }), /has a voter/);
  const twice = [idOf(1), idOf(1), idOf(2)];
  throwsInvariant(() => new Quorum({ voters: twice, outgoing: [], learners: [] }), /counts once/);
});

test('a sole voter is one that is alone in each half', () => {
  const sole = (voters: number[], outgoing: number[]): boolean =>
    new Quorum({ voters: voters.map(idOf), outgoing: outgoing.map(idOf), learners: [] }).isSole(idOf(1));
  assert.equal([sole([1], []), sole([1], [1]), sole([1], [2]), sole([1, 2], [])], [true, true, false, false]);
});

test.run();
