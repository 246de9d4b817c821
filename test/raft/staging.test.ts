import type { Term } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Staging } from '../../src/raft/staging.ts';
import type { HardState } from '../../src/raft/index.ts';
import { idOf } from './harness.ts';
import { chain, index, throwsInvariant } from './kit.ts';
import { emptyTail } from './sim-disk.ts';

const hard: HardState = { term: 3 as Term, vote: idOf(1) };

test('B23: term, truncation and entries of one step are one persist, and the next begins empty', () => {
  const staging = new Staging(false);
  const entries = chain([1, 1, 3]).slice(1);
  assert.ok(staging.empty);
  staging.hard();
  staging.truncate(index(2));
  staging.append(entries);
  const tail = entries.at(-1) ?? emptyTail;
  assert.equal(staging.take(7, hard, tail, false), {
    token: 7,
    truncateFrom: 2,
    entries,
    hard,
    tail,
    healed: false,
  });
  assert.ok(staging.empty);
});

test('a vote alone says nothing of the tail, nor do the repairs of a damaged replica', () => {
  const staging = new Staging(false);
  staging.hard();
  assert.is(staging.take(1, hard, emptyTail, false).tail, undefined);
  staging.repair(chain([1]));
  assert.is(staging.take(2, hard, emptyTail, true).tail, undefined);
  staging.append(chain([1]));
  assert.is(staging.take(3, hard, emptyTail, true).tail, undefined);
});

test('entries of one persist are contiguous', () => {
  const staging = new Staging(false);
  const entries = chain([1, 1, 1]);
  staging.append(entries.slice(0, 1));
  staging.append(entries.slice(1, 2));
  assert.is(staging.take(1, hard, emptyTail, false).entries.length, 2);
  staging.append(entries.slice(0, 1));
  throwsInvariant(() => staging.append(entries.slice(2)), /contiguous/);
});

test.run();
