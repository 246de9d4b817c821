import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RaftLog } from '../../src/raft/raft-log.ts';
import type { Entry } from '../../src/raft/index.ts';
import { seal } from './harness.ts';
import { chain, index, term, throwsInvariant } from './kit.ts';
import { emptyTail } from './sim-disk.ts';
import { assertProperty } from '../lib/properties.ts';

function filled(entries: readonly Entry[], cacheBytes = 1_000): RaftLog {
  const log = new RaftLog([], emptyTail, cacheBytes);
  for (const entry of entries) log.append(entry);
  return log;
}

const commands = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('append'), size: fc.nat(9) }),
    fc.record({ kind: fc.constant('truncate'), size: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('release'), size: fc.nat(9) }),
  ),
  { maxLength: 80 },
);

test('the log is a plain array of which an old part may be forgotten, and never more than is allowed', () => {
  assertProperty(
    fc.property(commands, (list) => {
      const log = new RaftLog([], emptyTail, 20);
      const twin: Entry[] = [];
      let releasable = 0;
      let round = 1;
      for (const { kind, size } of list) {
        if (kind === 'append') {
          const entry = seal(twin.at(-1) ?? emptyTail, round, 'x'.repeat(size));
          log.append(entry);
          twin.push(entry);
        } else if (kind === 'truncate' && size <= twin.length) {
          twin.length -= size;
          log.truncateFrom(index(twin.length + 1));
          releasable = Math.min(releasable, twin.length);
          round += 1;
        } else if (kind === 'release') {
          releasable = Math.max(releasable, twin.length - size);
          log.release(index(releasable));
        }
        const { firstInMemory } = log;
        assert.is(log.last, twin.length);
        assert.ok(firstInMemory <= releasable + 1, 'what must be kept is kept');
        const kept = twin.slice(firstInMemory - 1);
        for (const entry of kept) assert.is(log.entryAt(entry.index), entry);
        assert.is(log.entryAt(index(firstInMemory - 1)), undefined);
        if (kept.length > 0) assert.equal(log.slice(firstInMemory, Infinity, Infinity), kept);
        const bytes = kept.reduce((sum, entry) => sum + entry.bytes.byteLength, 0);
        if (kind === 'release') {
          assert.ok(bytes <= 20 || firstInMemory === releasable + 1, 'the cache is bounded');
        }
        if (kept.length > 0) assert.is(log.checksum, kept.at(-1)?.checksum);
      }
    }),
  );
});

test('a slice takes at least one entry, however large', () => {
  const log = filled(chain([1, 1, 2, 2]));
  assert.is(log.slice(index(2), 0, 10).length, 1);
  assert.is(log.slice(index(2), 1, 10).length, 1);
  assert.is(log.slice(index(2), 2, 10).length, 2);
  assert.is(log.slice(index(1), 100, 3).length, 3);
});

test('the slots of forgotten entries are given back', () => {
  const log = filled(chain(Array.from({ length: 3_000 }, () => 1)), 10);
  log.release(index(2_900));
  assert.is(log.firstInMemory, 2_901);
  assert.equal(
    log.slice(index(2_901), Infinity, 1).map((entry) => entry.index),
    [2_901],
  );
});

test('R3: an entry that does not name the one before it is refused', () => {
  const log = filled(chain([1]));
  const stranger = chain([1, 2], emptyTail, 'other')[1];
  throwsInvariant(() => log.append(stranger as Entry), /log matching/);
  throwsInvariant(() => log.append(chain([1])[0] as Entry), /contiguous/);
});

test('healing: a recovered prefix takes over what was found above it', () => {
  const [first, second, third] = chain([1, 1, 3]) as [Entry, Entry, Entry];
  const tail = { index: first.index, term: first.term, checksum: first.checksum };
  const log = new RaftLog([{ first: index(1), term: term(1) }], tail, 100);
  log.adopt(
    [
      { first: second.index, term: second.term },
      { first: third.index, term: third.term },
    ],
    third,
  );
  assert.is(log.last, 3);
  assert.equal(
    [1, 2, 3].map((at) => log.termAt(index(at))),
    [1, 1, 3],
  );
  assert.is(log.checksum, third.checksum);
  assert.is(log.firstInMemory, 4);
});

test.run();
