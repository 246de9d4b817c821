// What the gateway asks of its manager: negative answers, lists, changes, and a manager that comes and goes.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failure } from '@callboard/client/protocol';
import type { Call } from '../../../src/actors/gateway/index.ts';
import type { CallValue } from '../../../src/actors/gateway/messages.ts';
import type { DirectoryCommand } from '../../../src/directory/index.ts';
import { brokerEvent, consumer, producer, Rig, topicEvent } from './rig.ts';

const value = new Uint8Array(1);
const produceTo = (topic: string, id: string, partition?: number): Call => ({
  op: 'produce',
  topic,
  producer: id,
  partition,
  sequence: undefined,
  value,
});

test('the gateway subscribes to its manager at the start', () => {
  const rig = new Rig();
  assert.is(rig.subscribers, 1);
});

test('the list of topics comes after a barrier, with what the barrier brought', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.hidden = [topicEvent('new', [['n1']], 9), topicEvent('unready', [['n1']], 10, 'creating')];
  const call = rig.call({ op: 'topics' });
  assert.is(rig.barriers.length, 1);
  assert.equal(rig.value(call), { op: 'topics', names: ['t', 'new'] });
});

test('a partition that only a namesake has is found, however late this node hears of it', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1']]);
  const wide = topicEvent('t', [['n1'], ['n1']], 2);
  const user = { kind: 'producer', id: producer, topic: 't', epoch: 1 } as const;
  rig.hidden = [topicEvent('t', [['n1']], 1, 'deleting'), wide, user];
  rig.call(produceTo('t', producer, 1));
  rig.clock.settle();
  assert.is(rig.one().group, 3);
});

test('checks stand in the order of the contract, and negative answers come after a barrier', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  const cases: readonly (readonly [Call, string, number])[] = [
    [produceTo('none', 'x', 9), 'topic_not_found not_applied', 1],
    [produceTo('t', 'x', 9), 'producer_not_registered not_applied', 1],
    [produceTo('t', consumer, 9), 'producer_not_registered not_applied', 1],
    // A namesake may have more partitions; none has those below.
    [produceTo('t', producer, 2), 'invalid_partition not_applied', 1],
    [produceTo('t', producer, -1), 'invalid_partition not_applied', 0],
    [produceTo('t', producer, 0.5), 'invalid_partition not_applied', 0],
    [produceTo('t', producer, Infinity), 'invalid_partition not_applied', 0],
    [{ op: 'consume', topic: 'none', consumer: 'x', partition: 9 }, 'topic_not_found not_applied', 1],
    [{ op: 'consume', topic: 't', consumer: 'x', partition: 9 }, 'invalid_partition not_applied', 1],
    [{ op: 'consume', topic: 't', consumer: 'x', partition: 1 }, 'consumer_not_registered not_applied', 1],
    [
      { op: 'consume', topic: 't', consumer: producer, partition: undefined },
      'consumer_not_registered not_applied',
      1,
    ],
    [{ op: 'size', topic: 'none', consumer: 'x', partition: 9 }, 'topic_not_found not_applied', 1],
    [{ op: 'size', topic: 't', consumer: 'x', partition: -1 }, 'invalid_partition not_applied', 0],
    [
      { op: 'size', topic: 't', consumer: 'x', partition: undefined },
      'consumer_not_registered not_applied',
      1,
    ],
    [{ op: 'register-consumer', topic: 'none' }, 'topic_not_found not_applied', 1],
  ];
  for (const [call, verdict, barriers] of cases) {
    const before = rig.barriers.length;
    assert.is(rig.verdict(rig.call(call)), verdict, JSON.stringify(call));
    assert.is(rig.barriers.length - before, barriers, JSON.stringify(call));
  }
  assert.equal(rig.sent(), []);
});

test('negative zero is partition 0', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.produce('a', -0);
  const sent = rig.one();
  rig.stored(sent, 0);
  assert.ok(Object.is((rig.answers.get(1)?.value as { partition?: number }).partition, 0));
});

test('what another node has answered is found by the barrier', () => {
  const rig = new Rig();
  rig.hidden = [brokerEvent('n1'), topicEvent('t', [['n1']]), { kind: 'producer', id: producer, topic: 't' }];
  rig.produce('a', 0);
  assert.is(rig.one().group, 1);
  rig.hidden = [{ kind: 'consumer', id: consumer, topic: 't', session: 0 }];
  rig.consume(0);
  assert.is(rig.one().message.kind, 'consume');
});

test('an id of another topic is refused without asking', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.withTopic('u', [['n1']], 9);
  assert.is(rig.verdict(rig.call(produceTo('t', producer))), 'producer_not_registered not_applied');
  assert.is(rig.verdict(rig.consume(0, 't')), 'consumer_not_registered not_applied');
  assert.is(rig.barriers.length, 0);
});

test('S8: HTTP takes nothing from what a client has opened by name, in whatever form', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const drawn = 'd'.repeat(32);
  rig.tell([
    { kind: 'consumer', id: 'billing', topic: 't', session: 1 },
    { kind: 'consumer', id: drawn, topic: 't', session: 1, byName: true },
    // Registered over HTTP, and opened for push.
    { kind: 'consumer', id: consumer, topic: 't', session: 1 },
  ]);
  const consume = (id: string): number =>
    rig.call({ op: 'consume', topic: 't', consumer: id, partition: undefined });
  for (const id of ['billing', drawn]) {
    assert.is(rig.verdict(consume(id)), 'consumer_not_registered not_applied', id);
    assert.equal(rig.sent(), []);
  }
  consume(consumer);
  assert.is(rig.one().message.kind, 'consume');
  // A manager that restarted tells its state from the beginning: what was registered stays so.
  rig.tell([{ kind: 'consumer', id: consumer, topic: 't', session: 0, byName: true }]);
  consume(consumer);
  assert.is(rig.one().message.kind, 'consume');
  rig.hidden = [{ kind: 'consumer', id: drawn, topic: 't', session: 1 }];
  consume(drawn);
  assert.is(rig.one().message.kind, 'consume');
});

test('inactive brokers are believed only after a barrier', () => {
  const rig = new Rig();
  rig.withTopic('t', [['n1'], ['n2']]);
  rig.tell([brokerEvent('n1', { deactivated: true }), brokerEvent('n2', { alive: false })]);
  assert.is(rig.verdict(rig.produce('a', 0)), 'no_active_brokers not_applied');
  assert.is(rig.verdict(rig.produce('a')), 'no_active_brokers not_applied');
  assert.is(rig.barriers.length, 2);
  rig.hidden = [brokerEvent('n1')];
  rig.produce('a', 0);
  assert.is(rig.one().group, 1);
});

test('calls that need a barrier at the same time share the next one, never one that is on its way', () => {
  const rig = new Rig();
  rig.holdBarriers = true;
  const calls = [rig.call({ op: 'topics' }), rig.call({ op: 'topics' }), rig.call({ op: 'topics' })];
  assert.is(rig.barriers.length, 1);
  rig.hidden = [topicEvent('t', [['n1']])];
  rig.answerBarrier(rig.barriers[0]?.id ?? 0);
  rig.clock.settle();
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    ['ok', 'open', 'open'],
  );
  assert.is(rig.barriers.length, 2);
  rig.answerBarrier(rig.barriers[1]?.id ?? 0);
  rig.clock.settle();
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    ['ok', 'ok', 'ok'],
  );
});

test('a barrier carries the time that its callers have left', () => {
  const rig = new Rig();
  rig.holdBarriers = true;
  rig.call({ op: 'topics' }, 800);
  assert.is(rig.barriers[0]?.deadlineMs, 800);
});

test('a failed barrier fails the call, and one that is never answered does so at the deadline', () => {
  const rig = new Rig();
  rig.holdBarriers = true;
  const first = rig.call(produceTo('none', producer));
  rig.answerBarrier(rig.barriers[0]?.id ?? 0, 'no_quorum');
  rig.clock.settle();
  assert.is(rig.verdict(first), 'no_quorum not_applied');
  const second = rig.call({ op: 'topics' });
  const third = rig.call({ op: 'topics' }, 9_000);
  rig.clock.advance(5_100);
  assert.is(rig.verdict(second), 'timeout not_applied');
  // The barrier that nobody answers does not hold up the next one.
  assert.is(rig.barriers.length, 3);
  rig.answerBarrier(rig.barriers[2]?.id ?? 0);
  rig.clock.settle();
  assert.is(rig.verdict(third), 'ok');
});

test('a creation is one change, answered when the manager answers', () => {
  const rig = new Rig();
  const call = rig.call({ op: 'create-topic', name: 't', partitions: 3 });
  assert.equal(rig.changes[0]?.command, { kind: 'create-topic', name: 't', partitions: 3 });
  assert.is(rig.verdict(call), 'open');
  rig.answerDirectory({ id: rig.changes[0]?.id ?? 0, result: { ok: true, partitions: 3 }, error: undefined });
  rig.clock.settle();
  assert.equal(rig.value(call), { op: 'create-topic' });
});

test('refusals and failures of the directory are told as they are', () => {
  const rig = new Rig();
  rig.onChange = () => ({ ok: false, error: failure('topic_exists') });
  assert.is(
    rig.verdict(rig.call({ op: 'create-topic', name: 't', partitions: 3 })),
    'topic_exists not_applied',
  );
  rig.onChange = () => undefined;
  const call = rig.call({ op: 'admin', action: 'add', broker: 'b' });
  rig.answerDirectory({ id: rig.changes[1]?.id ?? 0, result: undefined, error: failure('no_quorum') });
  rig.clock.settle();
  assert.is(rig.verdict(call), 'no_quorum unknown');
});

test('a registration that the budget refuses has not created its topic', () => {
  const rig = new Rig({ limits: { registrationsAtOnce: 1, registrationsPerSecond: 1 } });
  rig.onChange = () => ({ ok: true, partitions: 2 });
  const register = (topic: string): number => rig.call({ op: 'register-producer', topic });
  assert.is(rig.verdict(register('a')), 'ok');
  assert.is(rig.verdict(register('b')), 'overloaded not_applied');
  assert.equal(
    rig.changes.map(({ command }) => command.kind),
    ['create-topic', 'register-producer'],
  );
});

test('registrations draw ids of 32 hexadecimal characters, each its own', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.onChange = () => ({ ok: true, partitions: 7 });
  const ids = new Set<string>();
  for (let i = 0; i < 50; i += 1) {
    const answer = rig.value(
      rig.call({ op: i % 2 === 0 ? 'register-producer' : 'register-consumer', topic: 't' }),
    );
    const { op, id, partitions } = answer as { op: string; id: string; partitions: number };
    assert.equal([op, partitions], [i % 2 === 0 ? 'register-producer' : 'register-consumer', 7]);
    assert.match(id, /^[0-9a-f]{32}$/);
    ids.add(id);
  }
  assert.is(ids.size, 50);
  assert.is(rig.barriers.length, 0);
});

test('a producer of an unknown topic creates it with two partitions first', () => {
  const rig = new Rig();
  const commands: DirectoryCommand['kind'][] = [];
  rig.onChange = (command) => {
    commands.push(command.kind);
    if (command.kind === 'create-topic') assert.is(command.partitions, 2);
    return { ok: true, partitions: 2 };
  };
  assert.is(rig.verdict(rig.call({ op: 'register-producer', topic: 'new' })), 'ok');
  assert.equal(commands, ['create-topic', 'register-producer']);
});

test('a topic that another node creates at the same moment is just as good; other refusals are not', () => {
  const rig = new Rig();
  rig.onChange = (command) =>
    command.kind === 'create-topic'
      ? { ok: false, error: failure('topic_exists') }
      : { ok: true, partitions: 5 };
  const call = rig.call({ op: 'register-producer', topic: 'new' });
  assert.is((rig.value(call) as { partitions: number }).partitions, 5);
  rig.onChange = () => ({ ok: false, error: failure('not_enough_brokers') });
  assert.is(
    rig.verdict(rig.call({ op: 'register-producer', topic: 'other' })),
    'not_enough_brokers not_applied',
  );
  assert.is(rig.changes.length, 3);
});

test('names that cannot be names never reach the log', () => {
  const rig = new Rig();
  const cases: readonly (readonly [Call, string])[] = [
    [{ op: 'create-topic', name: 'a b', partitions: 1 }, 'bad_request not_applied'],
    [{ op: 'create-topic', name: 'x'.repeat(201), partitions: 1 }, 'bad_request not_applied'],
    [{ op: 'register-producer', topic: '..' }, 'bad_request not_applied'],
    [{ op: 'admin', action: 'add', broker: '\n' }, 'bad_request not_applied'],
    [{ op: 'admin', action: 'add', broker: '\ud800' }, 'bad_request not_applied'],
    [{ op: 'admin', action: 'remove', broker: 'x'.repeat(2_000_000) }, 'broker_not_found not_applied'],
    [{ op: 'admin', action: 'activate', broker: '' }, 'broker_not_found not_applied'],
  ];
  for (const [call, verdict] of cases) assert.is(rig.verdict(rig.call(call)), verdict);
  assert.equal(rig.changes, []);
});

test('a change that is not answered is unknown, and its late answer is nobody’s', () => {
  const rig = new Rig();
  const call = rig.call({ op: 'create-topic', name: 't', partitions: 3 });
  rig.clock.advance(5_100);
  assert.is(rig.verdict(call), 'timeout unknown');
  rig.answerDirectory({ id: rig.changes[0]?.id ?? 0, result: { ok: true, partitions: 3 }, error: undefined });
  rig.clock.settle();
  assert.is(rig.answered, 1);
});

test('calls wait for a manager that is not there yet', () => {
  const rig = new Rig({ managerless: true });
  const list = rig.call({ op: 'topics' });
  const create = rig.call({ op: 'create-topic', name: 't', partitions: 1 });
  const hopeless = rig.call({ op: 'topics' }, 50);
  rig.onChange = () => ({ ok: true, partitions: 1 });
  rig.clock.advance(80);
  assert.is(rig.verdict(hopeless), 'timeout not_applied');
  rig.events = [topicEvent('t', [['n1']])];
  rig.startManager();
  rig.clock.advance(200);
  assert.equal([rig.value(list), rig.verdict(create)], [{ op: 'topics', names: ['t'] }, 'ok']);
  assert.is(rig.subscribers, 1);
});

test('no barrier of a manager counts before the copy follows that manager', () => {
  const rig = new Rig({ managerless: true });
  const call = rig.call({ op: 'size', topic: 't', consumer: 'c', partition: undefined });
  rig.clock.advance(30);
  rig.events = [topicEvent('t', [['n1']])];
  rig.startManager();
  // The gateway looks for calls that wait every 20 ms, and for its manager every 100 ms.
  rig.clock.advance(200);
  assert.is(rig.verdict(call), 'consumer_not_registered not_applied');

  const later = new Rig();
  later.stopManager();
  later.events = [topicEvent('t', [['n1']])];
  const second = later.call({ op: 'size', topic: 't', consumer: 'c', partition: undefined });
  later.startManager();
  later.clock.advance(200);
  assert.is(later.verdict(second), 'consumer_not_registered not_applied');
});

test('a change that never reached a manager was not made', () => {
  const rig = new Rig({ managerless: true });
  const call = rig.call({ op: 'create-topic', name: 't', partitions: 1 });
  rig.clock.advance(5_100);
  assert.is(rig.verdict(call), 'timeout not_applied');
});

test('when the manager ends, changes that it had are in doubt and barriers are asked again', () => {
  const rig = new Rig();
  rig.holdBarriers = true;
  const change = rig.call({ op: 'create-topic', name: 't', partitions: 1 });
  const list = rig.call({ op: 'topics' });
  rig.stopManager();
  assert.is(rig.verdict(change), 'unavailable unknown');
  assert.is(rig.verdict(list), 'open');
  rig.holdBarriers = false;
  rig.startManager();
  rig.clock.advance(200);
  assert.is(rig.verdict(list), 'ok');
  assert.is(rig.subscribers, 2);
  rig.stopManager();
  rig.startManager();
  rig.clock.advance(200);
  assert.is(rig.subscribers, 3);
});

/** The places that a `locate` answered, and where to go on. */
function located(
  rig: Rig,
  topics: readonly string[],
  from: number,
): { names: string[]; next: number | undefined } {
  const call = rig.call({ op: 'locate', topics, from });
  // Who leads is asked, of nobody who knows.
  if (rig.verdict(call) === 'open') rig.refuseFor(600, 'not_leader');
  const value = rig.value(call) as Extract<CallValue, { op: 'locate' }>;
  return { names: value.topics.map(({ name }) => name), next: value.next };
}

test('what does not fit one frame is told in parts, each topic once, in the order of creation', () => {
  const names = ['e', 'd', 'c', 'b', 'a'];
  for (const wanted of [[], names]) {
    const rig = new Rig({ limits: { frameArrayItems: 80 } });
    names.forEach((name, at) => rig.withTopic(name, [['n1'], ['n1'], ['n1']], 1 + 3 * at));
    const told: string[] = [];
    let from: number | undefined = 0;
    for (let parts = 0; from !== undefined; parts += 1) {
      assert.ok(parts < names.length, 'it comes to an end');
      const part = located(rig, wanted, from);
      assert.ok(part.names.length > 0 && part.names.length <= 2, `${part.names.length} topics`);
      told.push(...part.names);
      from = part.next;
      // One that is removed meanwhile moves nobody else out of sight.
      if (wanted.length === 0) rig.tell([topicEvent('e', [['n1'], ['n1'], ['n1']], 1, 'deleting')]);
      rig.clock.settle();
    }
    assert.equal(told, names);
  }
});

test('a topic that is larger than an answer should be is told all the same', () => {
  const rig = new Rig({ limits: { frameArrayItems: 20 } });
  rig.withTopic('wide', [['n1'], ['n1'], ['n1'], ['n1']]);
  assert.equal(located(rig, ['wide'], 0), { names: ['wide'], next: undefined });
});

test.run();
