import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { defaultLimits, firstOffsetOf, generationOf, logIndex } from '@callboard/client/protocol';
import {
  decodeCursorCommand,
  encodeClock,
  encodeCursorCommand,
  PartitionMachine,
} from '../../src/partition/index.ts';
import { draftOf, emptyDraft, entryOf } from '../lib/chunks.ts';

const test = suite('partition/machine');

function records(machine: PartitionMachine, index: number, texts: readonly string[]) {
  const entry = entryOf(draftOf(texts), { index, baseOffset: machine.end });
  return machine.apply(logIndex(index), entry.bytes);
}

function move(machine: PartitionMachine, index: number, consumer: string, from: number, to: number) {
  const entry = entryOf(
    emptyDraft('command', encodeCursorCommand({ kind: 'moves', moves: [{ consumer, from, to }] })),
    { index },
  );
  return machine.apply(logIndex(index), entry.bytes);
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

test('S8: a cursor moves only from where its mover saw it, forward, and within the log', () => {
  const machine = new PartitionMachine(defaultLimits);
  records(machine, 1, ['a', 'b', 'c']);
  assert.equal(move(machine, 2, 'x', 0, 2), { kind: 'cursors', moved: [true], fenced: [] });
  assert.equal(move(machine, 3, 'x', 0, 1), { kind: 'cursors', moved: [false], fenced: [] });
  assert.equal(move(machine, 4, 'x', 2, 2), { kind: 'cursors', moved: [false], fenced: [] });
  assert.equal(move(machine, 5, 'x', 2, 4), { kind: 'cursors', moved: [false], fenced: [] });
  assert.is(machine.cursor('x'), 2);
  assert.is(machine.cursor('y'), 0);
});

test('equal logs give equal states', () => {
  const run = (): string => {
    const machine = new PartitionMachine(defaultLimits);
    records(machine, 1, ['a', 'b']);
    move(machine, 2, 'x', 0, 1);
    return [...machine.describe()].join('\n');
  };
  assert.is(run(), run());
});

test('cursor commands come back as they were written, for any names and offsets', () => {
  const moves = fc.array(
    fc.record(
      { consumer: fc.string({ unit: 'grapheme' }), from: fc.maxSafeNat(), to: fc.maxSafeNat() },
      { noNullPrototype: true },
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(moves, (given) => {
      const command = { kind: 'moves', moves: given } as const;
      assert.equal(decodeCursorCommand(encodeCursorCommand(command)), command);
    }),
  );
});

test('a cut or lengthened cursor command is refused', () => {
  const bytes = encodeCursorCommand({ kind: 'moves', moves: [{ consumer: 'x', from: 0, to: 1 }] });
  for (let length = 0; length < bytes.byteLength; length += 1) {
    assert.throws(
      () => decodeCursorCommand(bytes.subarray(0, length)),
      (error: unknown) => error instanceof RangeError,
    );
  }
  assert.throws(() => decodeCursorCommand(new Uint8Array([...bytes, 0])), /too many/);
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
