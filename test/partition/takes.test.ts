// Records taken over HTTP until they are known to be handed over: S11, S12 as far as the partition's machine decides them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TakeId } from '../../src/partition/index.ts';
import { CursorTable } from '../../src/partition/cursors.ts';

const test = suite('partition/takes');
const end = 100;
const limits = {
  cursorsPerPartition: 10,
  statusConsumers: 3,
  openTakesPerConsumer: 4,
  openTakesPerPartition: 6,
};

function by(call: number, node = 'n', start = 1): TakeId {
  return { node, start, call };
}

class Table {
  readonly cursors = new CursorTable(limits);

  take(from: number, calls: readonly TakeId[], again: readonly number[] = [], consumer = 'c'): boolean {
    return this.cursors.take({ consumer, from, again, takes: calls, noted: [] }, end, from + 1).done;
  }

  note(...noted: TakeId[]): void {
    this.cursors.settle({ consumer: 'c', noted, returned: [] });
  }

  giveBack(...returned: TakeId[]): void {
    this.cursors.settle({ consumer: 'c', noted: [], returned });
  }

  open(consumer = 'c'): string {
    const takes = this.cursors.openTakes.of(consumer);
    return takes.map((take) => `${take.offset}:${take.call}${take.returned ? ' back' : ''}`).join();
  }
}

test('a take is open until its own call is noted', () => {
  const table = new Table();
  assert.ok(table.take(0, [by(10), by(11)]));
  assert.is(table.open(), '0:10,1:11');
  table.note(by(10, 'm'), by(10, 'n', 2), by(12));
  assert.is(table.open(), '0:10,1:11');
  table.note(by(10));
  assert.is(table.open(), '1:11');
  assert.is(table.cursors.of('c'), 1);
  table.note(by(10), by(11));
  assert.is(table.open(), '');
  assert.is(table.cursors.of('c'), 2);
});

test('what is returned goes to another call, and what the first call says afterwards is over', () => {
  const table = new Table();
  table.take(0, [by(10), by(11)]);
  table.giveBack(by(10));
  assert.is(table.open(), '0:10 back,1:11');
  assert.is(table.cursors.size('c', end), 99);
  assert.ok(table.take(2, [by(20, 'm')], [0]));
  assert.is(table.open(), '0:20,1:11');
  assert.is(table.cursors.size('c', end), 98);
  table.note(by(10));
  table.giveBack(by(10));
  assert.is(table.open(), '0:20,1:11');
  table.note(by(20, 'm'));
  assert.is(table.open(), '1:11');
});

test('what is to be given again goes first, in order, and newer records only with all of it', () => {
  const table = new Table();
  table.take(0, [by(10), by(11), by(12)]);
  table.giveBack(by(11), by(10));
  assert.not.ok(table.take(3, [by(20)]), 'a newer record, before those');
  assert.not.ok(table.take(3, [by(20)], [1]), 'the second before the first');
  assert.not.ok(table.take(3, [by(20)], [2]), 'one that is being answered');
  assert.not.ok(table.take(3, [by(20), by(21)], [0]), 'a newer one with only some of them');
  assert.is(table.open(), '0:10 back,1:11 back,2:12');
  assert.ok(table.take(3, [by(20), by(21), by(22)], [0, 1]));
  assert.is(table.open(), '0:20,1:21,2:12,3:22');
  assert.is(table.cursors.position('c'), 4);
});

test('a take notes others on the way, also where it takes nothing itself', () => {
  const table = new Table();
  table.take(0, [by(10)]);
  const noted = [by(10)];
  const stale = { consumer: 'c', from: 7, again: [], takes: [by(20)], noted };
  assert.equal(table.cursors.take(stale, end, 2), { done: false, fenced: false });
  assert.is(table.open(), '');
});

test('a consumer and a partition have only so many open takes; noting some makes room in the same command', () => {
  const table = new Table();
  assert.not.ok(
    table.take(
      0,
      [1, 2, 3, 4, 5].map((call) => by(call)),
    ),
  );
  assert.ok(
    table.take(
      0,
      [1, 2, 3, 4].map((call) => by(call)),
    ),
  );
  assert.is(table.cursors.openTakes.room('c'), 0);
  assert.not.ok(table.take(4, [by(5)]));
  const more = { consumer: 'c', from: 4, again: [], takes: [by(5)], noted: [by(1)] };
  assert.ok(table.cursors.take(more, end, 2).done);
  assert.ok(table.take(0, [by(6), by(7)], [], 'd'));
  assert.is(table.cursors.openTakes.room('e'), 0, 'the partition is full');
  table.giveBack(by(2));
  assert.ok(table.take(5, [by(8)], [1]), 'giving again needs no room');
});

test('a session that attaches begins at the lowest record that is not noted, and takes all of them over', () => {
  const table = new Table();
  table.take(0, [by(10), by(11), by(12)]);
  table.note(by(10), by(12));
  const attach = { consumer: 'c', session: 1, start: 50, reset: false };
  assert.equal(table.cursors.attach(attach, end), { ok: true, cursor: 1 });
  assert.is(table.open(), '');
  assert.is(table.cursors.position('c'), 1);
  table.giveBack(by(11));
  assert.is(table.cursors.size('c', end), 99, 'the call that had it counts no more');
});

test('a reset by the owner leaves nothing open', () => {
  const table = new Table();
  table.take(0, [by(10)]);
  const reset = { consumer: 'c', session: 1, start: 50, reset: true };
  assert.equal(table.cursors.attach(reset, end), {
    ok: true,
    cursor: 50,
    reset: { session: 1, from: 0, to: 50 },
  });
  assert.is(table.open(), '');
  const late = table.cursors.attach({ ...reset, session: 0 }, end);
  assert.equal([late.ok, 'admits' in late && late.admits], [false, 1]);
});

test('a session that is refused changes nothing of what is open', () => {
  const table = new Table();
  table.take(0, [by(10)]);
  table.cursors.attach({ consumer: 'c', session: 0, start: 0, reset: true }, end);
  assert.is(table.open(), '0:10');
});

test.run();
