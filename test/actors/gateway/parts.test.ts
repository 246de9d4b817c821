import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from '@callboard/client/protocol';
import { DirectoryCopy } from '../../../src/actors/gateway/directory-copy.ts';
import { Fifo } from '../../../src/actors/gateway/fifo.ts';
import { Leaders } from '../../../src/actors/gateway/leaders.ts';
import { RoundRobin } from '../../../src/actors/gateway/round-robin.ts';
import { Wheel } from '../../../src/actors/gateway/wheel.ts';
import { brokerEvent, topicEvent } from './rig.ts';

test('a wheel gives items back at their step, never early, in order', () => {
  const wheel = new Wheel<string>(20);
  wheel.add('b', 45);
  wheel.add('a', 20);
  wheel.add('c', 45);
  assert.equal(wheel.sweep(19), []);
  assert.equal(wheel.sweep(20), ['a']);
  assert.equal(wheel.sweep(59), []);
  assert.equal(wheel.sweep(60), ['b', 'c']);
  assert.is(wheel.size, 0);
});

test('a wheel forgets what was deleted, and takes what is overdue at its next step', () => {
  const wheel = new Wheel<string>(20);
  const bucket = wheel.add('a', 100);
  wheel.add('b', 100);
  wheel.delete('a', bucket);
  wheel.delete('a', bucket);
  assert.equal(wheel.sweep(200), ['b']);
  wheel.add('late', 10);
  assert.equal(wheel.sweep(219), []);
  assert.equal(wheel.sweep(220), ['late']);
});

test('a wheel that rested for long sweeps in the order of due times', () => {
  const wheel = new Wheel<string>(20);
  wheel.add('second', 2_000_000);
  wheel.add('first', 1_000_000);
  wheel.add('future', 9_000_000);
  assert.equal(wheel.sweep(3_000_000), ['first', 'second']);
  assert.is(wheel.size, 1);
});

test('a fifo keeps its order over moves and items put back', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 3_000; i += 1) fifo.push(i);
  const taken: number[] = [];
  for (let i = 0; i < 1_500; i += 1) taken.push(fifo.shift() ?? -1);
  fifo.putBack(taken.slice(1_490));
  assert.is(fifo.peek(), 1_490);
  assert.is(fifo.length, 1_510);
  const rest: number[] = [];
  for (let item = fifo.shift(); item !== undefined; item = fifo.shift()) rest.push(item);
  assert.equal(
    rest,
    Array.from({ length: 1_510 }, (_, i) => 1_490 + i),
  );
  assert.is(fifo.shift(), undefined);
  assert.is(fifo.length, 0);
});

test('turns go round from 0, and one that found nothing leaves the cursor', () => {
  const turns = new RoundRobin(10);
  const starts = [0, 1, 2, 3].map(() => {
    const start = turns.begin('t', 3);
    turns.end('t', start);
    return start;
  });
  assert.equal(starts, [0, 1, 2, 0]);
  assert.is(turns.begin('t', 3), 1);
  turns.end('t', undefined);
  assert.is(turns.begin('t', 3), 1);
});

test('turns that overlap begin at different partitions, and keys do not touch each other', () => {
  const turns = new RoundRobin(10);
  assert.equal([turns.begin('t', 3), turns.begin('t', 3), turns.begin('t', 3)], [0, 1, 2]);
  assert.is(turns.begin('u', 3), 0);
});

test('the longest unused turn is forgotten when there are too many', () => {
  const turns = new RoundRobin(2);
  for (const key of ['a', 'b', 'a', 'c']) turns.end(key, turns.begin(key, 5));
  assert.is(turns.size, 2);
  assert.is(turns.begin('a', 5), 2);
  assert.is(turns.begin('b', 5), 0);
});

test('without knowledge of a leader the replicas are asked in turn', () => {
  const leaders = new Leaders();
  const group = groupId(7);
  const nodes = ['n1', 'n2', 'n3'];
  assert.is(leaders.pick(group, nodes), 'n1');
  leaders.miss(group, 'n1', nodes);
  assert.is(leaders.pick(group, nodes), 'n2');
  leaders.miss(group, 'n2', nodes);
  leaders.miss(group, 'n3', nodes);
  assert.is(leaders.pick(group, nodes), 'n1');
  assert.is(leaders.pick(group, []), undefined);
});

test('a leader stays until it is missed; a late miss of another node changes nothing', () => {
  const leaders = new Leaders();
  const group = groupId(7);
  const nodes = ['n1', 'n2', 'n3'];
  assert.is(leaders.learn(group, 'n3'), false);
  assert.is(leaders.learn(group, 'n3'), false);
  leaders.miss(group, 'n1', nodes);
  assert.is(leaders.pick(group, nodes), 'n3');
  assert.is(leaders.learn(group, 'n2'), true);
  leaders.miss(group, 'n2', nodes);
  assert.is(leaders.pick(group, nodes), 'n3');
});

test('a leader that no longer holds the partition is not asked', () => {
  const leaders = new Leaders();
  leaders.learn(groupId(7), 'n9');
  assert.is(leaders.pick(groupId(7), ['n1', 'n2']), 'n1');
});

test('the copy lists topics in the order of their creation, and hides those that are not ready', () => {
  const copy = new DirectoryCopy();
  const places = [['n1']];
  copy.apply({ events: [topicEvent('slow', places, 1, 'creating')] });
  copy.apply({ events: [topicEvent('quick', places, 2)] });
  assert.is(copy.topic('slow'), undefined);
  assert.equal(copy.topicNames(), ['quick']);
  copy.apply({ events: [topicEvent('slow', places, 1)] });
  assert.equal(copy.topicNames(), ['slow', 'quick']);
  // Moved replicas change neither the order nor the state.
  copy.apply({ events: [topicEvent('quick', [['n2']], 2)] });
  assert.equal(copy.topicNames(), ['slow', 'quick']);
  assert.is(copy.placement(groupId(2))?.replicas[0]?.node, 'n2');
  // A manager that restarted tells its history again.
  copy.apply({ events: [topicEvent('slow', places, 1, 'creating')] });
  assert.is(copy.topic('slow')?.state, 'ready');
});

test('a partition is served while one broker is neither dead nor deactivated; leaving ones serve on', () => {
  const copy = new DirectoryCopy();
  copy.apply({ events: [topicEvent('t', [['n1', 'n2']])] });
  const placement = copy.placement(groupId(1));
  if (placement === undefined) throw new Error('no placement');
  assert.is(copy.hasActiveBroker(placement), false);
  copy.apply({ events: [brokerEvent('n1', { deactivated: true })] });
  copy.apply({ events: [brokerEvent('n2', { alive: false })] });
  assert.is(copy.hasActiveBroker(placement), false);
  copy.apply({ events: [brokerEvent('n2', { leaving: true })] });
  assert.is(copy.hasActiveBroker(placement), true);
});

test.run();
