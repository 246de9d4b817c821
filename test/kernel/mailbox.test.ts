import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Mailbox } from '../../src/kernel/mailbox.ts';
import { Ring } from '../../src/kernel/ring.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';

const bounds = { dataMessages: 4, controlMessages: 100, controlStreak: 3 };

function takeAll(mailbox: Mailbox): unknown[] {
  const taken: unknown[] = [];
  while (mailbox.length > 0) taken.push(mailbox.take());
  return taken;
}

test('a ring behaves as a list does, through growth, wrap-around and emptying', () => {
  const random = new SimRandom('ring');
  const ring = new Ring<number>();
  const model: number[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    // Long phases of filling and of emptying, so that the ring grows far and shrinks again.
    if (random.chance(i % 8000 < 4000 ? 0.8 : 0.2)) {
      ring.push(i);
      model.push(i);
    } else {
      assert.is(ring.shift(), model.shift());
    }
    assert.is(ring.length, model.length);
  }
  ring.clear();
  assert.is(ring.length, 0);
  assert.is(ring.shift(), undefined);
});

test('each lane is first in first out and control goes first', () => {
  const mailbox = new Mailbox(bounds);
  mailbox.push('d1', 'data');
  mailbox.push('d2', 'data');
  mailbox.push('c1', 'control');
  mailbox.push('c2', 'control');
  assert.equal(takeAll(mailbox), ['c1', 'c2', 'd1', 'd2']);
});

test('a busy control lane lets one data message through after each streak', () => {
  const mailbox = new Mailbox(bounds);
  for (let i = 0; i < 7; i += 1) mailbox.push(`c${i}`, 'control');
  mailbox.push('d0', 'data');
  mailbox.push('d1', 'data');
  assert.equal(takeAll(mailbox), ['c0', 'c1', 'c2', 'd0', 'c3', 'c4', 'c5', 'd1', 'c6']);
});

test('a streak counts only while data waits', () => {
  const mailbox = new Mailbox(bounds);
  for (let i = 0; i < 6; i += 1) mailbox.push(`c${i}`, 'control');
  for (let i = 0; i < 3; i += 1) mailbox.take();
  mailbox.push('d', 'data');
  assert.equal(takeAll(mailbox), ['c3', 'c4', 'c5', 'd']);
});

test('the data lane refuses at its bound and takes again when there is room', () => {
  const mailbox = new Mailbox(bounds);
  for (let i = 0; i < 4; i += 1) assert.ok(mailbox.push(i, 'data'));
  assert.not(mailbox.push(4, 'data'));
  assert.is(mailbox.depth('data'), 4);
  assert.ok(mailbox.push('c', 'control'));
  assert.is(mailbox.take(), 'c');
  assert.is(mailbox.take(), 0);
  assert.ok(mailbox.push(5, 'data'));
  assert.equal(takeAll(mailbox), [1, 2, 3, 5]);
});

test('clearing empties both lanes', () => {
  const mailbox = new Mailbox(bounds);
  mailbox.push('c', 'control');
  mailbox.push('d', 'data');
  mailbox.clear();
  assert.is(mailbox.length, 0);
  assert.is(mailbox.take(), undefined);
});

test.run();
