// Who leads what: metadata for clients, routes for sessions, and the numbers of those sessions.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SessionOf, TopicPlaces } from '@callboard/client/protocol';
import { consumer, producer, Rig } from './rig.ts';

const test = suite('gateway/leading');

function leaders(rig: Rig, call: number): unknown[] {
  const { topics } = rig.value(call) as { topics: readonly TopicPlaces[] };
  return topics.flatMap(({ partitions }) => partitions.map(({ leader, url }) => [leader, url]));
}

function leads(rig: Rig, asked: ReturnType<Rig['one']>): void {
  rig.reply(asked, { kind: 'leads', id: asked.message.id });
}

test('metadata of a group without a replica here is asked of the group, each time', () => {
  const rig = new Rig();
  rig.withTopic('t');
  for (const leader of ['n1', 'n2']) {
    const call = rig.call({ op: 'locate', topics: ['t'] });
    let asked = rig.one();
    assert.is(asked.message.kind, 'lead');
    if (asked.node !== leader) {
      rig.refuse(asked, 'not_leader', {}, leader);
      asked = rig.one();
    }
    leads(rig, asked);
    assert.equal(leaders(rig, call), [[leader, `ws://${leader}/client`]]);
  }
});

test('calls that want to know the same share one question', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const calls = [1, 2, 3].map(() => rig.call({ op: 'locate', topics: ['t', 't'] }));
  const asked = rig.one();
  leads(rig, asked);
  assert.equal(
    calls.map((call) => rig.verdict(call)),
    ['ok', 'ok', 'ok'],
  );
});

test('a group that nobody leads holds metadata up for a moment only', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const call = rig.call({ op: 'locate', topics: ['t'] });
  rig.refuseFor(400, 'not_leader');
  assert.equal(leaders(rig, call), [[undefined, undefined]]);
});

test('a route is what the leader itself said; without one the call ends in time, and nothing was done', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const route = (partition: number, owner?: SessionOf): number =>
    rig.call({ op: 'route', topic: 't', partition, owner }, 1_000);
  const call = route(0);
  const asked = rig.one();
  rig.refuse(asked, 'not_leader', {}, 'n3');
  const next = rig.one();
  assert.is(next.node, 'n3');
  leads(rig, next);
  assert.equal(rig.value(call), { op: 'route', group: 1, node: 'n3' });
  const late = route(0);
  rig.refuseFor(1_100, 'not_leader');
  assert.is(rig.verdict(late), 'unavailable not_applied');
  assert.is(rig.verdict(route(1)), 'invalid_partition not_applied');
});

test('S10: a route for a session number that nobody was given is refused, after asking the directory', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.tell([{ kind: 'consumer', id: 'c', topic: 't', session: 2 }]);
  const route = (session: number): number =>
    rig.call({ op: 'route', topic: 't', partition: 0, owner: { consumer: 'c', session } });
  for (const never of [0, 3, Number.MAX_SAFE_INTEGER]) {
    assert.is(rig.verdict(route(never)), 'bad_request not_applied');
  }
  assert.is(rig.barriers.length, 3);
  assert.is(rig.sent().length, 0);
  rig.hidden = [{ kind: 'consumer', id: 'c', topic: 't', session: 3 }];
  const known = route(3);
  const asked = rig.one();
  leads(rig, asked);
  assert.is(rig.verdict(known), 'ok');
});

test('S10: sessions of a consumer that is gone are over, and a namesake is told where its own begin', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.tell([
    { kind: 'consumer', id: 'c', topic: 't', session: 2 },
    { kind: 'consumer-gone', id: 'c', topic: 't' },
  ]);
  const route = (session: number): number =>
    rig.call({ op: 'route', topic: 't', partition: 0, owner: { consumer: 'c', session } });
  assert.is(rig.verdict(route(2)), 'bad_request not_applied');
  rig.tell([{ kind: 'consumer', id: 'c', topic: 't', session: 3, since: 3 }]);
  assert.is(rig.verdict(route(2)), 'fenced not_applied');
  const known = route(3);
  const asked = rig.one();
  leads(rig, asked);
  assert.equal(rig.value(known), { op: 'route', group: 1, node: asked.node, since: 3 });
});

test('S10: whoever opens again has its number from here, until somebody else was given one', () => {
  const rig = new Rig();
  rig.withTopic('t');
  const opener = '5'.repeat(32);
  rig.tell([{ kind: 'consumer', id: 'c', topic: 't', session: 2, opener }]);
  const open = (who?: string): number =>
    rig.call({ op: 'open-consumer', topic: 't', consumer: 'c', ...(who !== undefined && { opener: who }) });
  assert.equal(rig.value(open(opener)), { op: 'open-consumer', session: 2, partitions: 1 });
  assert.equal(rig.changes, []);
  rig.onChange = () => ({ ok: true, partitions: 1, session: 3 });
  for (const other of [undefined, '6'.repeat(32)]) open(other);
  rig.clock.settle();
  assert.equal(
    rig.changes.map(({ command }) => command),
    [
      { kind: 'open-consumer', id: 'c', topic: 't' },
      { kind: 'open-session', id: 'c', topic: 't', opener: '6'.repeat(32) },
    ],
  );
  rig.tell([{ kind: 'consumer', id: 'c', topic: 't', session: 3, opener: '6'.repeat(32) }]);
  open(opener);
  rig.clock.settle();
  assert.is(rig.changes.length, 3);
});

test('who calls is said to be in use for as long as that is not long ago', () => {
  const rig = new Rig({ limits: { useHourMs: 1_000 } });
  rig.withTopic('t');
  rig.produce('a', 0);
  rig.consume(0);
  rig.size(0);
  rig.clock.settle();
  assert.equal(rig.inUse, []);
  rig.clock.advance(250);
  const both = { producers: [producer], consumers: [{ id: consumer, topic: 't' }] };
  assert.equal(rig.inUse.splice(0), [both]);
  rig.clock.advance(10_000);
  assert.ok(rig.inUse.every((said) => JSON.stringify(said) === JSON.stringify(both)));
  assert.is(rig.inUse.splice(0).length, 7, 'for two hours');
  rig.clock.advance(10_000);
  assert.equal(rig.inUse, []);
});

test('an operator removes consumers and producers by a change of the directory', () => {
  const rig = new Rig();
  rig.onChange = () => ({ ok: true, partitions: 0 });
  for (const op of ['remove-consumer', 'remove-producer'] as const) {
    assert.equal(rig.value(rig.call({ op, id: 'c', topic: 't' })), { op });
    assert.equal(rig.changes.at(-1)?.command, { kind: op, id: 'c', topic: 't' });
  }
});

test('opening a consumer is a change of the directory, and answers the number', () => {
  const rig = new Rig();
  rig.withTopic('t');
  rig.onChange = () => ({ ok: true, partitions: 1, session: 7 });
  const call = rig.call({ op: 'open-consumer', topic: 't', consumer: 'c' });
  assert.equal(rig.changes[0]?.command, { kind: 'open-consumer', id: 'c', topic: 't' });
  assert.equal(rig.value(call), { op: 'open-consumer', session: 7, partitions: 1 });
  const nowhere = rig.call({ op: 'open-consumer', topic: 'nowhere', consumer: 'c' });
  assert.is(rig.verdict(nowhere), 'topic_not_found not_applied');
});

test.run();
