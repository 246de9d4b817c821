/** What may wait for clients that do not read, by address (S26). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UnsentBytes } from '../../src/transport/unsent-bytes.ts';

const limits = { addressUnsentBytes: 1_000, connectionUnsentLeastBytes: 50, clientUnreadBytes: 300 };

test('the connections of an address share what it may have; another address has its own', () => {
  const unsent = new UnsentBytes(limits);
  const one = unsent.join('a');
  assert.is(one.share, 1_000);
  assert.is(one.unreadBytes, 300);
  const more = Array.from({ length: 3 }, () => unsent.join('a'));
  assert.is(one.share, 250);
  assert.is(one.unreadBytes, 250);
  for (let n = 0; n < 40; n += 1) more.push(unsent.join('a'));
  assert.is(one.share, 50, 'at least so much');
  for (const each of more) each.set(30);
  assert.is(one.share, 0, 'but for an address that has all it may have');
  assert.is(unsent.join('b').share, 1_000);
  for (const each of more) each.leave();
  assert.is(one.share, 1_000);
});

test('what is expected counts, and who waits for room is told once, in order', () => {
  const unsent = new UnsentBytes(limits);
  const [one, two, three] = [unsent.join('a'), unsent.join('a'), unsent.join('a')];
  const told: string[] = [];
  one.expect(600);
  one.set(400);
  two.whenRoom(() => {
    told.push('two');
    two.set(500);
  });
  three.whenRoom(() => void told.push('three'));
  one.expect(-100);
  assert.equal(told, ['two'], 'it took the room itself');
  two.set(0);
  assert.equal(told, ['two', 'three']);
  one.leave();
  two.set(10);
  assert.equal(told, ['two', 'three']);
});

test.run();
