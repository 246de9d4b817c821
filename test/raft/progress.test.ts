import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Progress } from '../../src/raft/progress.ts';
import { Window } from '../../src/raft/window.ts';
import { idOf, testLimits } from './harness.ts';
import { index } from './kit.ts';

function replicating(last: number): Progress {
  const progress = new Progress(idOf(2), index(last), 0, testLimits);
  progress.sent(index(last), 0);
  progress.acked(index(last));
  assert.is(progress.state, 'replicate');
  return progress;
}

test('B20, R8: acks that come again or late move nothing back', () => {
  const progress = replicating(5);
  progress.sent(index(9), 10);
  assert.ok(progress.acked(index(8)));
  assert.not(progress.acked(index(6)));
  assert.equal([progress.match, progress.next], [8, 10]);
});

test('B20: an ack beyond what is believed sent moves next above match', () => {
  const progress = replicating(5);
  progress.acked(index(7));
  assert.equal([progress.match, progress.next], [7, 8]);
});

test('a probe is one append at a time, and ends with the first ack that tells something', () => {
  const progress = new Progress(idOf(2), index(9), 0, testLimits);
  assert.equal([progress.state, progress.next], ['probe', 10]);
  progress.sent(index(9), 0);
  assert.ok(progress.paused);
  progress.acked(index(4));
  assert.equal([progress.state, progress.match, progress.next], ['replicate', 4, 5]);
});

test('an empty probe that is acked at the match already known ends the probe as well', () => {
  const progress = replicating(5);
  progress.probeFrom(index(6));
  progress.sent(index(5), 0);
  assert.not(progress.acked(index(5)));
  assert.is(progress.state, 'replicate');
});

test('rejections that an ack contradicts, or of another probe, are stale', () => {
  const progress = replicating(5);
  const stale = (at: number): boolean => progress.isStaleReject(index(at), progress.stream);
  assert.ok(stale(5));
  assert.not(stale(6));
  progress.probeFrom(index(8));
  assert.ok(stale(6));
  assert.not(stale(7));
});

test('a rejection of what was sent before the window was given up is stale, wherever the stream is by now', () => {
  const progress = new Progress(idOf(2), index(9), 0, testLimits);
  const { stream } = progress;
  progress.probeFrom(index(4));
  assert.ok(progress.isStaleReject(index(3), stream));
  assert.not(progress.isStaleReject(index(3), progress.stream));
  progress.sent(index(3), 0);
  // A damaged follower: its match does not rise, so nothing else tells old from new.
  progress.stored(index(3), index(3));
  for (const last of [5, 7, 9]) progress.sent(index(last), 10);
  assert.ok(progress.stream > stream);
  for (const at of [3, 5, 7]) assert.ok(progress.isStaleReject(index(at), stream));
  assert.not(progress.isStaleReject(index(5), progress.stream));
});

test('B25: what a damaged follower stores moves next and window, and its match is forgotten', () => {
  const progress = replicating(5);
  progress.sent(index(9), 10);
  progress.stored(index(7), index(7));
  assert.equal([progress.match, progress.next, progress.damaged], [0, 8, true]);
  progress.sent(index(9), 10);
  progress.stored(index(9), index(9));
  assert.equal([progress.match, progress.next, progress.window.count], [0, 10, 0]);
  progress.acked(index(9));
  assert.equal([progress.match, progress.damaged], [9, false]);
});

test('a new incarnation is probed from where it was, and counts for nothing until it acks', () => {
  const progress = replicating(5);
  progress.sent(index(9), 10);
  progress.restarted();
  assert.equal([progress.state, progress.match, progress.next, progress.window.count], ['probe', 0, 10, 0]);
});

test('a lost link: in-flight appends are forgotten, and nothing is sent before a sign of life', () => {
  const progress = replicating(5);
  progress.sent(index(9), 10);
  progress.linkLost();
  assert.equal([progress.state, progress.next, progress.paused], ['probe', 6, true]);
});

test('a window is full by messages or by bytes, and takes one append beyond its bytes', () => {
  const byCount = new Window(2, 100);
  byCount.add(index(1), 1);
  assert.not(byCount.full);
  byCount.add(index(2), 1);
  assert.ok(byCount.full);
  byCount.freeUpTo(index(1));
  assert.equal([byCount.full, byCount.count], [false, 1]);
  const byBytes = new Window(9, 100);
  byBytes.add(index(1), 99);
  assert.not(byBytes.full);
  byBytes.add(index(2), 500);
  assert.ok(byBytes.full);
  byBytes.freeUpTo(index(2));
  assert.equal([byBytes.full, byBytes.count], [false, 0]);
});

test('a window that is freed for ever keeps its size', () => {
  const window = new Window(3, 1_000);
  for (let last = 1; last < 1_000; last += 1) {
    window.add(index(last), 10);
    if (last > 1) window.freeUpTo(index(last - 1));
    assert.is(window.count, 1);
    assert.not(window.full);
  }
});

test.run();
