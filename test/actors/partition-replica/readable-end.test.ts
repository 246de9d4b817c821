// What may be read is applied and on this disk, whichever of the two comes last.
import { logIndex, offset } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadableEnd } from '../../../src/actors/partition-replica/readable-end.ts';

test('the end moves with what is applied and durable, in either order', () => {
  const readable = new ReadableEnd();
  readable.durable(logIndex(2));
  readable.applied(logIndex(2), offset(5));
  assert.equal([readable.end, readable.index], [5, 2]);
  readable.applied(logIndex(3), offset(7));
  readable.applied(logIndex(5), offset(9));
  assert.is(readable.end, 5);
  readable.durable(logIndex(4));
  assert.equal([readable.end, readable.index], [7, 3]);
  readable.durable(logIndex(5));
  assert.equal([readable.end, readable.index], [9, 5]);
});

test('whoever waits for an end is told once: when it is reached, or when the leadership ends', () => {
  const readable = new ReadableEnd();
  const told: string[] = [];
  const wait = (end: number): void =>
    readable.whenReaches(offset(end), (reached) => void told.push(`${end} ${reached}`));
  readable.durable(logIndex(9));
  for (const end of [0, 3, 5, 8]) wait(end);
  assert.equal(told, ['0 true']);
  readable.applied(logIndex(1), offset(5));
  assert.equal(told, ['0 true', '3 true', '5 true']);
  readable.abandon();
  readable.abandon();
  readable.applied(logIndex(2), offset(9));
  assert.equal(told, ['0 true', '3 true', '5 true', '8 false']);
});

test.run();
