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
} from '../../src/partition/index.ts';
import { CursorTable, type Advanced, type Attached } from '../../src/partition/cursors.ts';

const test = suite('partition/cursors');
const end = 100;

class Table {
  readonly cursors: CursorTable;

  constructor(most = 10) {
    this.cursors = new CursorTable(most, 3);
  }

  attach(session: number, more: { start?: number; reset?: boolean; consumer?: string } = {}): Attached {
    const { start = 0, reset = false, consumer = 'c' } = more;
    return this.cursors.attach({ consumer, session, start, reset }, end);
  }

  advance(session: number, upTo: number): Advanced {
    return this.cursors.advance({ consumer: 'c', session, upTo }, end);
  }

  take(from: number, to: number) {
    return this.cursors.move({ consumer: 'c', from, to }, end);
  }
}

const fenced = { ok: false, why: 'fenced' };

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

test('S8: an ack never moves a cursor back, a reset by the owner does', () => {
  const table = new Table();
  table.attach(1);
  table.advance(1, 30);
  assert.equal(table.advance(1, 20), { ok: true, cursor: 30 });
  assert.equal(table.attach(1, { start: 5, reset: true }), { ok: true, cursor: 5 });
  assert.equal(table.attach(1, { start: 60, reset: true }), { ok: true, cursor: 60 });
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
  assert.equal(table.attach(2), { ok: true, cursor: 12 });
});

test('nothing goes beyond the end of the log', () => {
  const table = new Table();
  assert.equal(table.attach(1, { start: end + 1 }), { ok: false, why: 'beyond-end', end });
  table.attach(1);
  assert.equal(table.advance(1, end + 1), { ok: false, why: 'beyond-end' });
  assert.equal(table.take(0, end + 1), { done: false, fenced: false });
  assert.is(table.cursors.of('c'), 0);
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
const commands: fc.Arbitrary<CursorCommand> = fc.oneof(
  fc
    .record({ consumer: name, from: count, to: count })
    .map((move) => ({ kind: 'moves' as const, moves: [move] })),
  fc.record({ consumer: name, session: count, start: count, reset: fc.boolean() }).map((attach) => ({
    kind: 'attach' as const,
    attach,
  })),
  fc
    .array(fc.record({ consumer: name, session: count, upTo: count }), { maxLength: 5 })
    .map((advances) => ({ kind: 'advances' as const, advances })),
);

test('commands are read back as they were written, and nothing shorter or longer is read at all', () => {
  fc.assert(
    fc.property(commands, (command) => {
      const bytes = encodeCursorCommand(command);
      // A clone has the prototype that decoded objects have.
      assert.equal(decodeCursorCommand(bytes), structuredClone(command));
      for (let length = 0; length < bytes.byteLength; length += 1) {
        assert.throws(() => decodeCursorCommand(bytes.subarray(0, length)));
      }
      assert.throws(() => decodeCursorCommand(new Uint8Array([...bytes, 0])), /too many/);
    }),
    { numRuns: 200 },
  );
});

test('equal commands in equal order give equal states', () => {
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 30 }), (given) => {
      const states = [new CursorTable(5, 3), new CursorTable(5, 3)].map((table) => {
        for (const command of given) {
          if (command.kind === 'attach') table.attach(command.attach, end);
          else if (command.kind === 'moves') for (const move of command.moves) table.move(move, end);
          else for (const advance of command.advances) table.advance(advance, end);
        }
        return [...table.describe()];
      });
      assert.equal(states[0], states[1]);
    }),
    { numRuns: 100 },
  );
});

test.run();
