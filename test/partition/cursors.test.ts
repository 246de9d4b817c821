// Who may move a cursor, and where to: S8, S9, S10, S11 as far as the partition's machine decides them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { utf8Length } from '@callboard/client/protocol';
import {
  decodeCursorCommand,
  encodeCursorCommand,
  fromEnd,
  type CursorCommand,
  type TakeId,
} from '../../src/partition/index.ts';
import { CursorTable, type Advanced, type Attached } from '../../src/partition/cursors.ts';
import { assertProperty } from '../lib/properties.ts';

const test = suite('partition/cursors');
const end = 100;
const limits = {
  cursorsPerPartition: 10,
  statusConsumers: 3,
  openTakesPerConsumer: 4,
  openTakesPerPartition: 6,
};

class Table {
  readonly cursors: CursorTable;

  constructor(most = 10) {
    this.cursors = new CursorTable({ ...limits, cursorsPerPartition: most });
  }

  attach(session: number, more: { start?: number; reset?: boolean; consumer?: string } = {}): Attached {
    const { start = 0, reset = false, consumer = 'c' } = more;
    return this.cursors.attach({ consumer, session, start, reset }, end);
  }

  advance(session: number, upTo: number): Advanced {
    return this.cursors.advance({ consumer: 'c', session, upTo }, end);
  }

  /** New records up to `to`, each for a call of its offset's number. */
  take(from: number, to: number) {
    const takes = Array.from({ length: Math.max(0, to - from) }, (_, i) => by(from + i));
    return this.cursors.take({ consumer: 'c', from, again: [], takes, noted: [] }, end, 1);
  }
}

const fenced = { ok: false, why: 'fenced' };

function by(call: number, node = 'n', start = 1): TakeId {
  return { node, start, call };
}

test('a consumer without a cursor begins where its session says, and then where its cursor is', () => {
  const table = new Table();
  assert.equal(table.attach(1, { start: 7 }), { ok: true, cursor: 7 });
  assert.equal(table.advance(1, 12), { ok: true, cursor: 12 });
  assert.equal(table.attach(1, { start: 90 }), { ok: true, cursor: 12 });
  assert.equal(table.attach(2, { start: 90 }), { ok: true, cursor: 12 });
});

test('the end as a start is the end when the command is applied', () => {
  assert.equal(new Table().attach(1, { start: fromEnd }), { ok: true, cursor: end });
});

test('S8: whoever was fenced by a session that moved the cursor is told what it did', () => {
  const table = new Table();
  table.attach(1);
  const reset = { session: 3, from: 0, to: 40 };
  assert.equal(table.attach(3, { start: 40, reset: true }), { ok: true, cursor: 40, reset });
  assert.equal(table.attach(1), { ok: false, why: 'fenced', admits: 3, reset });
  assert.equal(table.attach(4), { ok: true, cursor: 40 });
  assert.equal(table.attach(3), { ok: false, why: 'fenced', admits: 4 }, 'it did so itself');
  assert.ok(
    [...table.cursors.describe()].some((line) => line.includes('3:0-40')),
    'it is replicated',
  );
});

test('S8: an ack never moves a cursor back, a reset by the owner does', () => {
  const table = new Table();
  table.attach(1);
  table.advance(1, 30);
  assert.equal(table.advance(1, 20), { ok: true, cursor: 30 });
  assert.equal(table.attach(1, { start: 5, reset: true }), {
    ok: true,
    cursor: 5,
    reset: { session: 1, from: 30, to: 5 },
  });
  assert.is(table.attach(1, { start: 60, reset: true }).ok, true);
});

test('S10: a higher session fences the lower ones, whose acks and attaches change nothing', () => {
  const table = new Table();
  table.attach(1);
  table.attach(3);
  assert.equal(table.advance(1, 10), fenced);
  assert.equal(table.attach(2, { start: 50, reset: true }), { ok: false, why: 'fenced', admits: 3 });
  assert.is(table.cursors.of('c'), 0);
  assert.equal(table.advance(3, 10), { ok: true, cursor: 10 });
});

test('S11: a take over HTTP moves from the cursor that it saw, and fences the pushed session', () => {
  const table = new Table();
  table.attach(1);
  table.advance(1, 10);
  assert.equal(table.take(9, 10), { done: false, fenced: false });
  assert.equal(table.take(10, 11), { done: true, fenced: true });
  assert.equal(table.take(11, 12), { done: true, fenced: false });
  assert.equal(table.advance(1, 20), fenced);
  assert.equal(table.attach(1), { ok: false, why: 'fenced', admits: 2 });
  assert.equal(table.attach(2), { ok: true, cursor: 10 }, 'nothing of it is known to be handed over');
});

test('nothing goes beyond the end of the log', () => {
  const table = new Table();
  assert.equal(table.attach(1, { start: end + 1 }), { ok: false, why: 'beyond-end', end });
  table.attach(1);
  const beyond = { start: end + 1, reset: true };
  assert.equal(table.attach(1, beyond), { ok: false, why: 'beyond-end', end }, 'nor by a reset');
  assert.equal(table.advance(1, end + 1), { ok: false, why: 'beyond-end' });
  assert.equal(table.take(0, end + 1), { done: false, fenced: false });
  assert.is(table.cursors.of('c'), 0);
});

test('a cursor is forgotten as it was shown; one that has moved since stays', () => {
  const table = new Table();
  table.attach(1);
  table.advance(1, 10);
  const shown = table.cursors.page(0, 10);
  assert.equal(shown, { cursors: [{ consumer: 'c', at: 10, admits: 1 }], next: 0 });
  table.attach(2);
  assert.equal(table.cursors.forget(shown.cursors), [], 'somebody has attached');
  assert.is(table.cursors.of('c'), 10);
  const again = table.cursors.page(0, 10).cursors;
  assert.equal(table.cursors.forget(again), ['c']);
  assert.is(table.cursors.of('c'), 0);
  assert.equal(table.cursors.recent(end), []);
  assert.equal(table.advance(2, 20), fenced);
  assert.equal(table.cursors.forget(again), [], 'once');
});

test('S10: a cursor of sessions below the first of its consumer is that of a namesake, and begins anew', () => {
  const table = new Table();
  table.attach(3);
  table.advance(3, 10);
  const attach = (session: number, since: number): Attached =>
    table.cursors.attach({ consumer: 'c', session, start: 0, reset: false, since }, end);
  assert.equal(attach(3, 3), { ok: true, cursor: 10 }, 'its own');
  assert.equal(attach(4, 4), { ok: true, cursor: 0 }, 'of a namesake');
  assert.equal(table.advance(3, 20), fenced);
  assert.equal(attach(3, 4), { ok: false, why: 'fenced', admits: 4 });
  const fresh = new Table();
  assert.equal(
    fresh.cursors.attach({ consumer: 'c', session: 3, start: 0, reset: false, since: 4 }, end),
    { ok: false, why: 'fenced', admits: 4 },
    'also where nothing is left of it',
  );
});

test('with the cursor go the open takes', () => {
  const table = new Table();
  table.take(0, 2);
  assert.is(table.cursors.openTakes.of('c').length, 2);
  table.cursors.forget(table.cursors.page(0, 1).cursors);
  assert.is(table.cursors.openTakes.count, 0);
  assert.is(table.cursors.size('c', end), end);
});

test('cursors are shown page by page', () => {
  const cursors = new CursorTable(limits);
  for (const consumer of ['a', 'b', 'c']) {
    cursors.attach({ consumer, session: 1, start: 0, reset: false }, end);
  }
  const names = (from: number): unknown[] => {
    const { cursors: page, next } = cursors.page(from, 2);
    return [...page.map(({ consumer }) => consumer), next];
  };
  assert.equal([names(0), names(2), names(3)], [['a', 'b', 2], ['c', 0], [0]]);
});

test('a session number below 1 owns nothing', () => {
  const table = new Table();
  table.take(0, 1);
  assert.equal(table.attach(0), { ok: false, why: 'fenced', admits: 1 });
  assert.equal(table.advance(0, 5), fenced);
});

test('a table that is full takes no further consumer, and goes on for those that it has', () => {
  const table = new Table(1);
  table.attach(1);
  assert.equal(table.attach(1, { consumer: 'd' }), { ok: false, why: 'table-full', limit: 1 });
  assert.equal(table.attach(2), { ok: true, cursor: 0 });
});

const name = fc.string({ maxLength: 20, unit: 'binary' }).filter((text) => utf8Length(text) >= 0);
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const takeIds = fc.array(fc.record({ node: name, start: count, call: count }), { maxLength: 3 });
const commands: fc.Arbitrary<CursorCommand> = fc.oneof(
  fc
    .record({
      consumer: name,
      from: count,
      again: fc.array(count, { maxLength: 3 }),
      takes: takeIds,
      noted: takeIds,
    })
    .map((take) => ({ kind: 'take' as const, take })),
  fc
    .array(fc.record({ consumer: name, noted: takeIds, returned: takeIds }), { maxLength: 3 })
    .map((settlements) => ({ kind: 'settlements' as const, settlements })),
  fc
    .record(
      { consumer: name, session: count, start: count, reset: fc.boolean(), since: count },
      { requiredKeys: ['consumer', 'session', 'start', 'reset'] },
    )
    .map((attach) => ({ kind: 'attach' as const, attach })),
  fc
    .array(fc.record({ consumer: name, at: count, admits: count }), { maxLength: 5 })
    .map((cursors) => ({ kind: 'forget' as const, cursors })),
  fc
    .array(fc.record({ consumer: name, session: count, upTo: count }), { maxLength: 5 })
    .map((advances) => ({ kind: 'advances' as const, advances })),
);

test('commands are read back as they were written, and nothing shorter or longer is read at all', () => {
  assertProperty(
    fc.property(commands, (command) => {
      const bytes = encodeCursorCommand(command);
      // A clone has the prototype that decoded objects have.
      assert.equal(decodeCursorCommand(bytes), structuredClone(command));
      for (let length = 0; length < bytes.byteLength; length += 1) {
        assert.throws(() => decodeCursorCommand(bytes.subarray(0, length)));
      }
      assert.throws(() => decodeCursorCommand(new Uint8Array([...bytes, 0])), /too many/);
    }),
    { numRuns: 50 },
  );
});

/** Commands as a few gateways would give them: of few consumers, calls and offsets, so that they meet. */
const few = fc.nat({ max: 3 });
const fewIds = fc.array(
  fc.record({ node: fc.constantFrom('n', 'm'), start: fc.constantFrom(1, 2), call: few }),
  {
    maxLength: 3,
  },
);
const likely: fc.Arbitrary<CursorCommand> = fc.oneof(
  commands,
  fc
    .record({
      consumer: fc.constantFrom('c', 'd'),
      from: few,
      again: fc.array(few, { maxLength: 2 }),
      takes: fewIds,
      noted: fewIds,
    })
    .map((take) => ({ kind: 'take' as const, take })),
  fc
    .record({ consumer: fc.constantFrom('c', 'd'), noted: fewIds, returned: fewIds })
    .map((one) => ({ kind: 'settlements' as const, settlements: [one] })),
  fc
    .record({
      consumer: fc.constantFrom('c', 'd'),
      at: fc.constantFrom(0, 1, 2, end),
      admits: fc.constantFrom(1, 2),
    })
    .map((one) => ({ kind: 'forget' as const, cursors: [one] })),
);

test('equal commands in equal order give equal states, within their bounds', () => {
  assertProperty(
    fc.property(fc.array(likely, { maxLength: 60 }), (given) => {
      const states = [new CursorTable(limits), new CursorTable(limits)].map((table) => {
        let index = 0;
        for (const command of given) {
          index += 1;
          if (command.kind === 'attach') table.attach(command.attach, end);
          else if (command.kind === 'take') table.take(command.take, end, index);
          else if (command.kind === 'settlements') for (const one of command.settlements) table.settle(one);
          else if (command.kind === 'forget') table.forget(command.cursors);
          else for (const advance of command.advances) table.advance(advance, end);
          const open = [...table.openTakes.all()].map(([, takes]) => takes.length);
          assert.ok(Math.max(0, ...open) <= limits.openTakesPerConsumer);
          assert.is(
            open.reduce((sum, count) => sum + count, 0),
            table.openTakes.count,
          );
          assert.ok(table.openTakes.count <= limits.openTakesPerPartition);
          for (const consumer of ['c', 'd']) assert.ok(table.of(consumer) <= table.position(consumer));
        }
        return [...table.describe()];
      });
      assert.equal(states[0], states[1]);
    }),
    { numRuns: 200 },
  );
});

test.run();
