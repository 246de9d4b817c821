// What the sessions of a node draw over one link, all together.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RelayRoom, type RelayUser } from '../../../src/actors/client-session/relay-room.ts';

const test = suite('client-session/relay-room');
const none: ReadonlySet<string> = new Set();

class User implements RelayUser {
  woken = 0;
  wake(): void {
    this.woken += 1;
  }
}

test('has so many places for each node, and none more', () => {
  const room = new RelayRoom(2);
  const user = new User();
  assert.equal([room.take('a', user), room.take('a', user), room.take('a', user)], [true, true, false]);
  assert.ok(room.take('b', user));
});

test('a place that is released goes to who has waited longest, even if another asks first', () => {
  const room = new RelayRoom(1);
  const [busy, first, second] = [new User(), new User(), new User()];
  room.take('a', busy);
  assert.not.ok(room.take('a', first));
  assert.not.ok(room.take('a', second));
  room.release('a');
  assert.equal([first.woken, second.woken], [1, 0]);
  assert.not.ok(room.take('a', busy));
  assert.ok(room.take('a', first));
});

test('who settles without taking its place leaves it to the next', () => {
  const room = new RelayRoom(1);
  const [busy, slow, next] = [new User(), new User(), new User()];
  room.take('a', busy);
  room.take('a', slow);
  room.take('a', next);
  room.release('a');
  room.settle(slow, none);
  assert.equal([slow.woken, next.woken], [1, 1]);
  assert.ok(room.take('a', next));
});

test('who was refused waits on, also when it settles', () => {
  const room = new RelayRoom(1);
  const [busy, user] = [new User(), new User()];
  room.take('a', busy);
  room.take('a', user);
  room.settle(user, new Set(['a']));
  room.release('a');
  assert.is(user.woken, 1);
});

test.run();
