import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits, firstOffsetOf, generationOf, logIndex } from '@callboard/client/protocol';
import {
  encodeClock,
  encodeCursorCommand,
  PartitionMachine,
  type CursorCommand,
} from '../../src/partition/index.ts';
import { draftOf, emptyDraft, entryOf } from '../lib/chunks.ts';

const test = suite('partition/machine');

function records(machine: PartitionMachine, index: number, texts: readonly string[]) {
  const entry = entryOf(draftOf(texts), { index, baseOffset: machine.end });
  return machine.apply(logIndex(index), entry.bytes);
}

function command(machine: PartitionMachine, index: number, given: CursorCommand) {
  const entry = entryOf(emptyDraft('command', encodeCursorCommand(given)), { index });
  return machine.apply(logIndex(index), entry.bytes);
}

/** Takes new records up to `to`. */
function take(machine: PartitionMachine, index: number, consumer: string, from: number, to: number) {
  const takes = Array.from({ length: Math.max(0, to - from) }, (_, i) => ({
    node: 'n',
    start: 7,
    call: index * 100 + i,
  }));
  return command(machine, index, { kind: 'take', take: { consumer, from, again: [], takes, noted: [] } });
}

test('S5: offsets are dense from 0 and no-ops take none', () => {
  const machine = new PartitionMachine(defaultLimits);
  machine.apply(logIndex(1), entryOf(emptyDraft('noop'), { index: 1 }).bytes);
  assert.is(machine.end, 0);
  assert.equal(records(machine, 2, ['a', 'b']), {
    kind: 'records',
    baseOffset: 0,
    end: 2,
    producerId: '0'.repeat(32),
  });
  assert.equal(records(machine, 3, ['c']), {
    kind: 'records',
    baseOffset: 2,
    end: 3,
    producerId: '0'.repeat(32),
  });
});

test('S5: a chunk with another base offset than the log end is an invariant broken', () => {
  const machine = new PartitionMachine(defaultLimits);
  const entry = entryOf(draftOf(['a']), { index: 1, baseOffset: 1 });
  assert.throws(() => machine.apply(logIndex(1), entry.bytes), /base offset 1, the log ends at 0/);
});

test('entries are applied in order, each once', () => {
  const machine = new PartitionMachine(defaultLimits);
  records(machine, 1, ['a']);
  assert.throws(() => records(machine, 1, ['b']), /applied index 1 after 1/);
  assert.throws(() => records(machine, 3, ['b']), /applied index 3 after 1/);
});

test('S8: a read position moves only from where its taker saw it, forward, and within the log', () => {
  const machine = new PartitionMachine(defaultLimits);
  records(machine, 1, ['a', 'b', 'c']);
  const taken = (done: boolean) => ({ kind: 'taken', consumer: 'x', done, fenced: false });
  assert.equal(take(machine, 2, 'x', 0, 2), taken(true));
  assert.equal(take(machine, 3, 'x', 0, 1), taken(false));
  assert.equal(take(machine, 4, 'x', 2, 2), taken(false));
  assert.equal(take(machine, 5, 'x', 2, 4), taken(false));
  assert.is(machine.position('x'), 2);
  assert.is(machine.position('y'), 0);
});

test('S8, S12: the cursor is the lowest record not known to be handed over; the size counts what is to be given again', () => {
  const machine = new PartitionMachine(defaultLimits);
  records(machine, 1, ['a', 'b', 'c']);
  take(machine, 2, 'x', 0, 2);
  const look = () => [machine.cursor('x'), machine.position('x'), machine.size('x')];
  assert.equal(look(), [0, 2, 1]);
  const id = (call: number) => ({ node: 'n', start: 7, call });
  const settle = (index: number, noted: number[], returned: number[]) =>
    command(machine, index, {
      kind: 'settlements',
      settlements: [{ consumer: 'x', noted: noted.map(id), returned: returned.map(id) }],
    });
  assert.equal(settle(3, [201], []), { kind: 'settled' });
  assert.equal(look(), [0, 2, 1]);
  settle(4, [], [200]);
  assert.equal(look(), [0, 2, 2]);
  assert.equal(machine.recentConsumers(), [{ id: 'x', cursor: 0, lag: 2 }]);
  settle(5, [200], []);
  assert.equal(look(), [2, 2, 1]);
});

test('equal logs give equal states', () => {
  const run = (): string => {
    const machine = new PartitionMachine(defaultLimits);
    records(machine, 1, ['a', 'b']);
    take(machine, 2, 'x', 0, 1);
    return [...machine.describe()].join('\n');
  };
  assert.is(run(), run());
  assert.match(run(), /take x 0 n 7 200 2 open/);
});

test('S5: a partition that was begun anew begins at its own first offset, for records and for cursors', () => {
  const first = firstOffsetOf(3);
  const machine = new PartitionMachine(defaultLimits, first);
  assert.is(machine.end, first);
  assert.is(machine.cursor('c'), first);
  assert.equal(records(machine, 1, ['a']), {
    kind: 'records',
    baseOffset: first,
    end: first + 1,
    producerId: '0'.repeat(32),
  });
  assert.is(generationOf(machine.end), 3);
  const attach = { consumer: 'early', session: 1, start: 0, reset: false };
  const entry = entryOf(emptyDraft('command', encodeCursorCommand({ kind: 'attach', attach })), { index: 2 });
  const applied = machine.apply(logIndex(2), entry.bytes);
  assert.equal(applied.kind === 'attached' && applied.result, { ok: true, cursor: first });
});

test('S4: it tells producers of the generation before that it has forgotten them, others that they left a gap', () => {
  const batch = { producerId: '1'.repeat(32), epoch: 0, firstSequence: 5, count: 1 };
  const expired = { kind: 'expired', forgotten: undefined, nextEpoch: 1 };
  assert.equal(new PartitionMachine(defaultLimits, firstOffsetOf(1)).decide(batch, []), expired);
  assert.equal(new PartitionMachine(defaultLimits).decide(batch, []), { kind: 'gap', expected: 0 });
});

test('S4: records of any date make nobody forgotten; clock entries do, step by step', () => {
  const limits = { ...defaultLimits, producerIdleMs: 4_000 };
  const machine = new PartitionMachine(limits);
  const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
  let index = 0;
  const store = (producerId: string, firstSequence: number, timestamp: number): void => {
    index += 1;
    const draft = draftOf(['x'], { producerId, firstSequence, timestamp });
    machine.apply(logIndex(index), entryOf(draft, { index, baseOffset: machine.end }).bytes);
  };
  const clock = (logTimeMs: number) => {
    index += 1;
    return machine.apply(
      logIndex(index),
      entryOf(emptyDraft('command', encodeClock(logTimeMs)), { index }).bytes,
    );
  };
  store(a, 0, 1_000);
  store(b, 0, 1_000 + 365 * 24 * 3_600_000);
  store(b, 1, Number.MAX_SAFE_INTEGER);
  const again = { producerId: a, epoch: 0, firstSequence: 0, count: 1 };
  assert.is(machine.decide(again, []).kind, 'duplicate');
  for (let step = 1; step <= 4; step += 1) {
    assert.equal(clock(1_000_000), { kind: 'clock', forgotten: undefined });
    assert.is(machine.logTimeMs, step * 1_000);
    store(b, 1 + step, 5);
  }
  assert.is(machine.decide(again, []).kind, 'duplicate');
  assert.equal(clock(4_001), { kind: 'clock', forgotten: 0 });
  assert.equal(machine.decide(again, []), { kind: 'expired', forgotten: 0, nextEpoch: 1 });
  assert.is(machine.decide({ ...again, producerId: b, firstSequence: 6 }, []).kind, 'accept');
});

test.run();
