// What a read of the own log proves about the copy on disk, while entries are being cut off and written anew.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry, LoadEffect } from '../../src/raft/index.ts';
import { OpenLoads } from '../../src/raft/open-loads.ts';
import { chain, index, term } from './kit.ts';

const terms = [1, 1, 1, 2, 2];
const log = chain(terms);

function asked(reason: LoadEffect['reason'], from: number, to: number, durable: number): OpenLoads {
  const loads = new OpenLoads();
  const bounds = { maxBytes: 1_000, maxEntries: 100 };
  loads.add({ id: 7, reason, from: index(from), to: index(to), ...bounds }, index(durable));
  return loads;
}

function judge(loads: OpenLoads, entries: readonly Entry[], bad?: number): number | undefined {
  const termAt = (at: number) => (at <= terms.length ? term(terms[at - 1] ?? 0) : undefined);
  return loads.answered(7, entries, bad === undefined ? undefined : index(bad), termAt);
}

test('what was durable when it was asked for must be there; above that anything may be', () => {
  assert.is(judge(asked('replicate', 2, 4, 4), log.slice(1, 2), 3), 3);
  assert.is(judge(asked('replicate', 2, 4, 2), log.slice(1, 2), 3), undefined);
  assert.is(judge(asked('replicate', 2, 4, 4), log.slice(1, 4)), undefined);
  assert.is(judge(asked('replicate', 2, 4, 4), []), undefined, 'not read at all');
});

test('what was cut off meanwhile proves nothing, also when it is durable again', () => {
  const loads = asked('replicate', 2, 4, 4);
  loads.cut(index(3));
  assert.is(judge(loads, log.slice(1, 2), 3), undefined);
  const other = asked('replicate', 2, 4, 4);
  other.cut(index(4));
  assert.is(judge(other, log.slice(1, 2), 3), 3);
});

test('an intact entry of another term than the log has there is an older one', () => {
  const older = chain([1, 1, 1, 1]);
  assert.is(judge(asked('replicate', 3, 5, 5), older.slice(2, 4), 5), 4);
  assert.is(judge(asked('serve', 1, 4, 5), older), 4);
  assert.is(judge(asked('serve', 1, 4, 3), older), undefined, 'it may just be being replaced');
});

test('downwards an entry is judged by the one above it, which must be sound too', () => {
  assert.is(judge(asked('serve', 1, 5, 5), log.slice(3), 3), 3);
  assert.is(judge(asked('serve', 1, 5, 4), log.slice(3), 3), 3);
  assert.is(judge(asked('serve', 1, 5, 3), log.slice(3), 3), undefined);
  assert.is(judge(asked('serve', 1, 5, 5), [], 5), 5);
  assert.is(judge(asked('serve', 1, 5, 4), [], 5), undefined);
});

test('a load is judged once', () => {
  const loads = asked('replicate', 2, 4, 4);
  assert.is(judge(loads, [], 2), 2);
  assert.is(judge(loads, [], 2), undefined);
});

test.run();
