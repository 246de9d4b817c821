import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refTo } from '../../src/kernel/index.ts';
import { contextOf, job, newKit } from './kit.ts';
import type { Do, Kit } from './kit.ts';

function watch(): { heard: string[]; told: (text: string) => Do } {
  const heard: string[] = [];
  return { heard, told: (text) => job(() => heard.push(text)) };
}

function fail(kit: Kit, id: string): void {
  const broken = job(() => {
    throw new Error('broken');
  });
  kit.system.send(refTo<Do>('n1', id), broken);
  kit.settle();
}

test('a monitor tells once, after a stop or a failure, in the order of asking', () => {
  const kit = newKit();
  const { heard, told } = watch();
  const a = contextOf(kit, 'a');
  const b = contextOf(kit, 'b');
  const c = contextOf(kit, 'c');
  a.monitor(c.self, told('first'));
  a.monitor(c.self, told('second'));
  b.monitor(c.self, told('third'));
  a.monitor(b.self, told('b failed'));
  kit.settle();
  assert.equal(heard, []);
  kit.system.stop(c.self);
  assert.equal(heard, [], 'told by message, not by a call');
  kit.settle();
  assert.equal(heard, ['first', 'second', 'third']);
  fail(kit, 'b');
  assert.equal(heard.slice(3), ['b failed']);
  kit.pass(150);
  fail(kit, 'b');
  assert.is(heard.length, 4, 'the next incarnation is not watched');
});

test('without a living incarnation the answer comes at once', () => {
  const kit = newKit();
  const { heard, told } = watch();
  const a = contextOf(kit, 'a');
  const b = contextOf(kit, 'b');
  a.monitor(refTo('n1', 'nobody'), told('nobody'));
  fail(kit, 'b');
  a.monitor(b.self, told('in back-off'));
  kit.settle();
  assert.equal(heard, ['nobody', 'in back-off']);
});

test('an actor that was spawned but has not run yet is alive', () => {
  const kit = newKit();
  const { heard, told } = watch();
  const a = contextOf(kit, 'a');
  const b = kit.system.spawn('b', () => ({ receive: () => undefined }));
  a.monitor(b, told('gone'));
  kit.settle();
  assert.equal(heard, []);
  kit.system.stop(b);
  kit.settle();
  assert.equal(heard, ['gone']);
});

test('a monitor dies with the watching incarnation', () => {
  const kit = newKit();
  const { heard, told } = watch();
  const a = contextOf(kit, 'a');
  const b = contextOf(kit, 'b');
  a.monitor(b.self, told('stale'));
  fail(kit, 'a');
  kit.pass(150);
  kit.system.stop(b.self);
  kit.pass(10);
  assert.equal(heard, []);
});

test('an actor that fails hears nothing of itself', () => {
  const kit = newKit();
  const { heard, told } = watch();
  const a = contextOf(kit, 'a');
  a.monitor(a.self, told('self'));
  fail(kit, 'a');
  kit.pass(1000);
  assert.equal(heard, []);
});

test('only local actors can be watched or stopped', () => {
  const kit = newKit();
  const { told } = watch();
  const a = contextOf(kit, 'a');
  assert.throws(() => a.monitor(refTo('n2', 'x'), told('x')), /elsewhere/);
  assert.throws(() => a.stop(refTo('n1', 'x', 1)), /elsewhere/);
});

test.run();
