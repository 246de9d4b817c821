import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CallValue } from '../../../src/actors/gateway/messages.ts';
import type { DirectoryEvent } from '../../../src/directory/index.ts';
import { chunkOf, Rig, topicEvent } from './rig.ts';

const nodes = [['n1', 'n2', 'n3']];

test('what waits for a removed topic is told at once; what is in flight is in doubt', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const sent = rig.produce('in flight', 0);
  const waiting = rig.produce('waits', 0);
  const numbered = rig.produce('numbered', 0, 0);
  const reading = rig.consume(0);
  const sizing = rig.size(0);
  rig.sent();
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.settle();
  assert.is(rig.verdict(sent), 'topic_not_found unknown');
  assert.is(rig.verdict(waiting), 'topic_not_found not_applied');
  assert.is(rig.verdict(numbered), 'topic_not_found unknown');
  assert.is(rig.verdict(reading), 'topic_not_found unknown');
  assert.is(rig.verdict(sizing), 'topic_not_found not_applied');
  rig.clock.advance(1_000);
  assert.equal(rig.sent(), []);
});

test('what certainly was not stored is not in doubt', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('refused', 0);
  rig.refuse(rig.one(), 'no_quorum', { outcome: 'not_applied' });
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.settle();
  assert.is(rig.verdict(call), 'topic_not_found not_applied');
});

test('afterwards nothing of the topic is known, and its producers and consumers are not those of a namesake', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.settle();
  assert.is(rig.verdict(rig.produce('a', 0)), 'topic_not_found not_applied');
  assert.is(rig.verdict(rig.consume(0)), 'topic_not_found not_applied');
  rig.tell([topicEvent('t', nodes, 2)]);
  rig.clock.settle();
  assert.is(rig.verdict(rig.produce('a', 0)), 'producer_not_registered not_applied');
  assert.is(rig.verdict(rig.consume(0)), 'consumer_not_registered not_applied');
  assert.equal(rig.sent(), []);
});

test('a namesake begins at partition 0 and at sequence 0', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1'], ['n1']]);
  rig.produce('a');
  rig.stored(rig.one(), 0);
  rig.tell([topicEvent('t', [['n1'], ['n1'], ['n1']], 1, 'deleting')]);
  rig.withTopic('t', [['n1'], ['n1'], ['n1']], 4);
  rig.produce('b');
  const sent = rig.one();
  assert.is(sent.group, 4);
  assert.is(chunkOf(sent).firstSequence, 0);
});

test('a call that walks over the partitions does not step over to a namesake', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n1']]);
  const call = rig.consume();
  const first = rig.one();
  rig.tell([topicEvent('t', [['n1'], ['n1']], 1, 'deleting')]);
  rig.withTopic('t', [['n1'], ['n1']], 3);
  rig.reply(first, { kind: 'nothing', id: first.message.id, heldBy: undefined });
  assert.is(rig.verdict(call), 'unavailable unknown');
  assert.equal(rig.sent(), []);
});

test('S13: what waits for a removed topic is not told that there is none while a namesake may have been announced', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('refused', 0);
  rig.refuse(rig.one(), 'no_quorum', { outcome: 'not_applied' });
  rig.hidden = [topicEvent('t', nodes, 2)];
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.settle();
  assert.is(rig.verdict(call), 'unavailable not_applied');
  const next = rig.produce('to the namesake', 0);
  assert.is(rig.verdict(next), 'producer_not_registered not_applied');
});

test('what waits for a removed topic ends also where the directory is silent', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.produce('refused', 0);
  rig.refuse(rig.one(), 'no_quorum', { outcome: 'not_applied' });
  rig.holdBarriers = true;
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.advance(60_000);
  assert.match(rig.verdict(call), /not_applied$/);
});

test('a late word of the removal of an old topic does not touch its namesake', () => {
  const rig = new Rig();
  rig.withTopic('t', nodes, 1);
  rig.withTopic('t', nodes, 2);
  rig.tell([topicEvent('t', nodes, 1, 'deleting')]);
  rig.clock.settle();
  rig.produce('a', 0);
  assert.is(rig.one().group, 2);
});

test('a manager that tells its whole state anew makes the gateway forget what it does not name', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.tell([], true);
  rig.clock.settle();
  assert.is(rig.verdict(rig.produce('a', 0)), 'topic_not_found not_applied');
});

test('a removal is asked of the directory, by names that could be topics only', () => {
  const rig = new Rig();
  rig.onChange = () => ({ ok: true, partitions: 1 });
  const good = rig.call({ op: 'remove-topic', name: 't' });
  const bad = rig.call({ op: 'remove-topic', name: '../t' });
  assert.equal(rig.value(good), { op: 'remove-topic' });
  assert.is(rig.verdict(bad), 'topic_not_found not_applied');
  assert.equal(
    rig.changes.map(({ command }) => command),
    [{ kind: 'remove-topic', name: 't' }],
  );
});

test('whoever asks for them is told of topics that are being deleted, until they are gone; nobody else is', () => {
  const rig = new Rig();
  rig.withTopic('a', [['n1']], 1);
  rig.withTopic('b', [['n1']], 2);
  const told = (topics: readonly string[], deleting: boolean): readonly string[] => {
    const call = rig.call({ op: 'locate', topics, deleting });
    if (rig.verdict(call) === 'open') rig.refuseFor(600, 'not_leader');
    const value = rig.value(call) as Extract<CallValue, { op: 'locate' }>;
    return value.topics.map(({ name, error = 'ready' }) => `${name} ${error}`);
  };
  rig.tell([topicEvent('a', [['n1']], 1, 'deleting')]);
  rig.clock.settle();
  assert.equal(told([], true), ['a topic_deleting', 'b ready']);
  assert.equal(told(['a', 'b'], true), ['a topic_deleting', 'b ready']);
  assert.equal(told([], false), ['b ready']);
  assert.equal(told(['a'], false), ['a topic_not_found']);
  const { topic: gone } = topicEvent('a', [['n1']], 1, 'deleting') as Extract<
    DirectoryEvent,
    { kind: 'topic' }
  >;
  rig.tell([{ kind: 'topic-gone', topic: gone }]);
  rig.clock.settle();
  assert.equal(told(['a'], true), ['a topic_not_found']);
  assert.equal(told([], true), ['b ready']);
  rig.tell([topicEvent('b', [['n1']], 2, 'deleting'), topicEvent('b', [['n1']], 9)]);
  rig.clock.settle();
  assert.equal(told([], true), ['b ready'], 'a namesake took its place');
});

test.run();
