import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClientConsumerChecker, ClientReading } from '../../sim/checkers/client-consumers.ts';
import { PushCursors } from '../../sim/checkers/push-cursors.ts';

const group = 1;
const value = (offset: number): Uint8Array => Uint8Array.of(offset);

/** A partition of twenty records, a consumer of it, and what was found. */
function begun(consumer = 'c'): {
  readonly checker: ClientConsumerChecker;
  readonly reading: ClientReading;
  readonly cursors: PushCursors;
  readonly found: string[];
} {
  const found: string[] = [];
  const cursors = new PushCursors({
    nowMicros: () => 0,
    onNoted: () => undefined,
    onAgain: () => undefined,
    report: (text) => found.push(text),
  });
  const facts = {
    valueAt: (_group: number, offset: number) => (offset < 20 ? value(offset) : undefined),
    ackedEnd: () => 20,
  };
  const checker = new ClientConsumerChecker(facts, cursors, (text) => found.push(text));
  const reading = new ClientReading(group, consumer, `'${consumer}'`);
  checker.subscribes(reading, 1, false);
  checker.subscribed(reading, 0);
  checker.received(reading, 10);
  return { checker, reading, cursors, found };
}

function attach(cursors: PushCursors, session: number, start: number, reset: boolean): void {
  cursors.apply(group, { kind: 'attach', attach: { consumer: 'c', session, start, reset } }, 20);
}

test('records in turn, over a reconnect that delivers some of them again, are in order', () => {
  const { checker, reading, found } = begun();
  for (const offset of [0, 1, 2]) checker.handed(reading, offset, value(offset));
  checker.subscribes(reading, 1, false);
  assert.ok(checker.subscribed(reading, 1), 'it goes on');
  for (const offset of [3, 4]) checker.handed(reading, offset, value(offset));
  assert.equal(found, []);
  assert.is(checker.deliveries, 5);
});

test('a record that is left out, given twice, changed or not committed is found', () => {
  const wrong: readonly (readonly [string, number, Uint8Array])[] = [
    ['hands over offset 2, 1 comes next', 2, value(2)],
    ['hands over offset 0, 1 comes next', 0, value(0)],
    ['another value at offset 1', 1, value(9)],
  ];
  for (const [text, offset, bytes] of wrong) {
    const { checker, reading, found } = begun();
    checker.handed(reading, 0, value(0));
    checker.handed(reading, offset, bytes);
    assert.is(found.length, 1, text);
    assert.match(found[0] ?? '', text);
  }
  const { checker, reading, found } = begun();
  checker.subscribes(reading, 1, false);
  reading.next = 20;
  checker.handed(reading, 20, value(20));
  assert.match(found.join(), 'offset 20, which nobody has committed');
});

test('a subscription that goes on above what has come is found', () => {
  const { checker, reading, found } = begun();
  checker.subscribes(reading, 1, false);
  checker.subscribed(reading, 11);
  assert.match(found.join(), 'goes on at 11, only what is below 10 has come');
});

test('an ack covers what the user has acknowledged without a gap, and no more', () => {
  const { checker, reading, found } = begun();
  for (const offset of [0, 1, 2, 3]) checker.handed(reading, offset, value(offset));
  assert.is(checker.acknowledges(reading, 2, 1), 0);
  assert.is(checker.acknowledges(reading, 0, 1), 1);
  assert.is(checker.acknowledges(reading, 1, 1), 3);
  checker.leaves(reading, 3);
  assert.equal(found, []);
  checker.leaves(reading, 4);
  assert.match(found.join(), 'acknowledges all below 4, its user has not acknowledged 3');
});

test('an acknowledgement that resolves before the log has moved the cursor is found', () => {
  const { checker, reading, cursors, found } = begun();
  attach(cursors, 1, 0, false);
  checker.handed(reading, 0, value(0));
  checker.acknowledges(reading, 0, 1);
  cursors.apply(group, { kind: 'advances', advances: [{ consumer: 'c', session: 1, upTo: 1 }] }, 20);
  checker.resolved(reading, 1, 1);
  assert.equal(found, []);
  checker.resolved(reading, 2, 1);
  assert.match(found.join(), 'says that all below 2 is acknowledged; the cursor reached 1');
});

test('a seek begins anew where the user wanted, and what was handed over before means nothing then', () => {
  const { checker, reading, found } = begun();
  checker.handed(reading, 0, value(0));
  checker.seeks(reading, { offset: 5, exactly: true });
  checker.subscribes(reading, 1, true);
  assert.is(checker.acknowledges(reading, 0, 1), 0);
  assert.not.ok(checker.subscribed(reading, 5));
  checker.handed(reading, 5, value(5));
  assert.equal(found, []);
  assert.is(reading.lowest, 5);
});

test('a seek that leads elsewhere, and a cursor that moves unasked, are found', () => {
  const elsewhere = begun();
  elsewhere.checker.seeks(elsewhere.reading, { offset: 5, exactly: true });
  elsewhere.checker.subscribes(elsewhere.reading, 1, true);
  elsewhere.checker.subscribed(elsewhere.reading, 4);
  assert.match(elsewhere.found.join(), 'was moved to 4, its user wanted 5');
  const older = begun();
  older.checker.seeks(older.reading, { offset: older.checker.newest(group, 0), exactly: false });
  older.checker.subscribes(older.reading, 1, true);
  older.checker.subscribed(older.reading, 19);
  assert.match(older.found.join(), 'was moved to 19, its user wanted at least 20');
  const unasked = begun();
  unasked.checker.subscribes(unasked.reading, 1, true);
  assert.match(unasked.found.join(), 'asks for a move of its cursor, its user has not sought');
});

test.run();
