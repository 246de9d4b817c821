import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadRounds } from '../../src/raft/read-rounds.ts';
import { index } from './kit.ts';

function confirmed(rounds: ReadRounds, context: number): [number, number][] {
  const answers: [number, number][] = [];
  rounds.confirm(context, (id, at) => answers.push([id, at]));
  return answers;
}

test('thesis 6.4, B36: an answer to a round confirms only reads that came before the round was built', () => {
  const rounds = new ReadRounds();
  rounds.add(1);
  assert.is(rounds.begin(index(5)), 1);
  rounds.add(2);
  assert.equal(confirmed(rounds, 1), [[1, 5]]);
  assert.equal(confirmed(rounds, 1), []);
  assert.is(rounds.begin(index(7)), 2);
  assert.equal(confirmed(rounds, 1), []);
  assert.equal(confirmed(rounds, 2), [[2, 7]]);
});

test('a later round confirms the reads of all before it, each at its own index', () => {
  const rounds = new ReadRounds();
  rounds.add(1);
  rounds.begin(index(5));
  rounds.add(2);
  rounds.add(3);
  rounds.begin(index(6));
  rounds.begin(index(9));
  assert.equal(confirmed(rounds, 3), [
    [1, 5],
    [2, 6],
    [3, 6],
  ]);
  assert.ok(rounds.idle);
  assert.is(rounds.count, 0);
});

test('B34: before an own-term commit rounds are built, but no read joins them', () => {
  const rounds = new ReadRounds();
  rounds.add(1);
  rounds.begin(undefined);
  assert.equal(confirmed(rounds, 1), []);
  assert.ok(rounds.waiting);
  rounds.begin(index(3));
  assert.equal(confirmed(rounds, 2), [[1, 3]]);
});

test('the end of a leadership answers every read once', () => {
  const rounds = new ReadRounds();
  rounds.add(1);
  rounds.begin(index(5));
  rounds.add(2);
  const failed: number[] = [];
  rounds.abandon((id) => failed.push(id));
  rounds.abandon((id) => failed.push(id));
  assert.equal(failed, [1, 2]);
});

test.run();
