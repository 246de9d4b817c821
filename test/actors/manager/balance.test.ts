// When leaderships may go home: after a steady while, twice as long after each soon break, a few groups at a time.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from '@callboard/client/protocol';
import { Balance } from '../../../src/actors/manager/balance.ts';
import { Cluster, type TestNode } from './cluster.ts';

test('a node is steady once it has been active for long enough without a break', () => {
  const balance = new Balance(1_000, 2);
  assert.not.ok(balance.isSteady('a', 5_000), 'nobody spoke of it');
  balance.node('a', true, 0);
  balance.node('a', true, 900);
  assert.not.ok(balance.isSteady('a', 999));
  assert.ok(balance.isSteady('a', 1_000));
  balance.node('a', false, 60_000);
  assert.not.ok(balance.isSteady('a', 90_000));
  balance.node('a', true, 100_000);
  assert.ok(balance.isSteady('a', 101_000), 'it was away once in a long time');
});

test('each break that follows soon doubles the trial, up to a bound', () => {
  const balance = new Balance(1_000, 2);
  let nowMs = 0;
  const trials: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    balance.node('a', true, nowMs);
    let trial = 0;
    while (!balance.isSteady('a', nowMs + trial)) trial += 500;
    trials.push(trial);
    nowMs += trial;
    balance.node('a', false, nowMs);
    nowMs += 10_000;
  }
  assert.equal(trials, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
});

test('groups come in turn, a few at a time', () => {
  const balance = new Balance(1_000, 2);
  const groups = [5, 1, 9, 3, 7].map(groupId);
  const turns = Array.from({ length: 5 }, () => balance.next(groups));
  assert.equal(turns, [[1, 3], [5, 7], [9], [1, 3], [5, 7]]);
  assert.equal(balance.next([]), []);
});

test('a group goes home after a stay here, twice as long each time that its home did not keep it', () => {
  const balance = new Balance(1_000, 2);
  const group = groupId(4);
  assert.not.ok(balance.mayGo(group, 9_000), 'it is not led here');
  let nowMs = 0;
  const stays: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    balance.led(group, nowMs);
    let stay = 0;
    while (!balance.mayGo(group, nowMs + stay)) stay += 500;
    stays.push(stay);
    nowMs += stay;
    balance.asked(group, nowMs);
    nowMs += 500;
  }
  assert.equal(stays, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
  nowMs += 4 * 32_000;
  balance.led(group, nowMs);
  assert.ok(balance.mayGo(group, nowMs + 1_000), 'its home has kept it for long');
  balance.led(group, nowMs + 2_000);
  assert.not.ok(balance.mayGo(group, nowMs + 2_500), 'a stay begins with the leadership');
});

test('a group that was asked and is still here is asked again, ever more seldom', () => {
  const balance = new Balance(1_000, 2);
  const group = groupId(4);
  balance.led(group, 0);
  const asked: number[] = [];
  for (let nowMs = 0; nowMs < 70_000; nowMs += 500) {
    if (!balance.mayGo(group, nowMs)) continue;
    balance.asked(group, nowMs);
    asked.push(nowMs);
  }
  assert.equal(asked, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
});

test('a group that left is not asked, and one that its home kept for long begins anew', () => {
  const balance = new Balance(1_000, 2);
  const group = groupId(4);
  balance.led(group, 0);
  balance.asked(group, 1_000);
  balance.left(group, 1_100);
  assert.not.ok(balance.mayGo(group, 60_000), 'it is not led here');
  balance.led(group, 2_000);
  assert.not.ok(balance.mayGo(group, 3_500), 'it came back soon');
  balance.asked(group, 4_000);
  balance.left(group, 4_100);
  balance.led(group, 60_000);
  assert.ok(balance.mayGo(group, 61_000));
});

function leadsOf(node: TestNode, groups: readonly number[]): number {
  if (!node.up) return 0;
  return groups.filter((group) => node.actor(`partition/${group}`)?.details['role'] === 'leader').length;
}

test('leaders go home to a broker that came back, not before it has been there for a while, and stay', () => {
  const balanceAfterMs = 5_000;
  const cluster = new Cluster({ limits: { balanceAfterMs } }).startAll();
  cluster.untilFounded();
  const groups = [1, 2, 3, 4, 5, 6];
  const asked = cluster.node('n1').change({ kind: 'create-topic', name: 't', partitions: 6 }, 5_000);
  cluster.until('the topic is there', () => asked.answer !== undefined);
  const node = cluster.node('n2');
  const leads = (): number[] => cluster.nodes().map((each) => leadsOf(each, groups));
  const each = (): boolean => leads().every((count) => count === 2);
  cluster.until('each leads its own', each);
  node.crash();
  cluster.until('the others lead', () => leads().reduce((sum, count) => sum + count, 0) === 6);
  node.start();
  const backMs = cluster.loop.nowMicros / 1_000;
  cluster.until('each leads its own again', each);
  const tookMs = cluster.loop.nowMicros / 1_000 - backMs;
  assert.ok(tookMs >= balanceAfterMs, `${tookMs} ms`);
  cluster.pass(30_000);
  assert.ok(each(), String(leads()));
});

test.run();
