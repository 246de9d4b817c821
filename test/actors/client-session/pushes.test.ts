// The subscriptions of one connection: drawn as credit and room allow, acknowledged one at a time, ended with a reason.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, offset, type Subscribe } from '@callboard/client/protocol';
import { managerActorId, type ManagerMessage } from '../../../src/actors/manager/messages.ts';
import { SessionRig, subscribeFrame } from './rig.ts';

const test = suite('client-session/pushes');

function pushed(id: number, from: number, count: number, end: number, bytes = 10) {
  const chunks = [new Uint8Array(bytes)];
  return {
    kind: 'pushed',
    id,
    end: offset(end),
    next: offset(from + count),
    records: count,
    chunks,
  } as const;
}

test('draws as much as the credit allows, and more with more of it', () => {
  const rig = new SessionRig();
  const id = rig.subscribe(1, { end: 10, credit: 5, bytes: 1_000 });
  assert.equal(rig.sent(), ['1 subscribed']);
  const pull = rig.take('push-pull');
  assert.equal([pull.records, pull.bytes], [5, 1_000]);
  rig.tell(pushed(id, 0, 5, 10));
  assert.equal(rig.sent(), ['1 delivery']);
  assert.is(rig.asked.length, 0, 'no credit is left');
  rig.client({ kind: 'credit', correlation: 1, records: 3, bytes: 0 });
  assert.equal([rig.asked.length, rig.take('push-pull').records], [1, 3]);
});

test('the consumers of open subscriptions are said to be in use, also while nothing comes', () => {
  const rig = new SessionRig({ useHourMs: 1_000 });
  const said: unknown[] = [];
  rig.kit.system.spawn<ManagerMessage>(managerActorId, () => ({
    receive: (message) => {
      if (message.kind === 'ids-in-use') said.push(message.consumers);
    },
  }));
  rig.subscribe(1);
  rig.kit.pass(499);
  assert.equal(said, []);
  rig.kit.pass(1_501);
  const { owner, topic } = subscribeFrame(1, 0, 0) as Subscribe;
  const mine = [{ id: owner?.consumer, topic }];
  assert.equal(said.splice(0), [mine, mine, mine, mine]);
  rig.client({ kind: 'unsubscribe', correlation: 2, subscription: 1 });
  rig.kit.pass(2_000);
  assert.equal(said, []);
});

test('at the end of the log it waits to be told of more', () => {
  const rig = new SessionRig();
  const id = rig.subscribe(1, { end: 2 });
  rig.take('push-pull');
  rig.tell(pushed(id, 0, 2, 2));
  assert.is(rig.asked.length, 0);
  rig.tell({ kind: 'push-ready', id, end: offset(3) });
  rig.take('push-pull');
});

test('a client that does not read stops its own drawing, until the connection has room again', () => {
  const rig = new SessionRig({ clientUnsentBytes: 1_000, pushPullBytes: 1_000 });
  const id = rig.subscribe(1, { end: 100 });
  rig.take('push-pull');
  rig.sent();
  rig.buffered = 5_000;
  rig.tell(pushed(id, 0, 1, 100));
  assert.equal(rig.sent(), [], 'what came is held');
  assert.is(rig.asked.length, 0, 'and nothing more is drawn');
  assert.is(rig.below, 500);
  rig.buffered = 0;
  rig.tell({ kind: 'client-drained' });
  assert.equal(rig.sent(), ['1 delivery']);
  rig.take('push-pull');
});

test('subscriptions take turns', () => {
  const rig = new SessionRig({ clientUnsentBytes: 1_000, pushPullBytes: 1_000 });
  const first = rig.subscribe(1, { end: 100 });
  rig.take('push-pull');
  const second = rig.subscribe(2, { end: 100 });
  assert.is(rig.asked.length, 0, 'the first has drawn all that the connection may');
  const order: number[] = [];
  let open = first;
  for (let round = 0; round < 4; round += 1) {
    rig.tell(pushed(open, round, 1, 100));
    open = rig.take('push-pull').id;
    order.push(open);
  }
  assert.equal(order, [second, first, second, first]);
});

test('acks of one subscription are sent one at a time; one answer serves all that it covers', () => {
  const rig = new SessionRig();
  const id = rig.subscribe(1, { end: 9 });
  rig.take('push-pull');
  rig.tell(pushed(id, 0, 9, 9));
  rig.sent();
  for (const upTo of [2, 5, 4]) {
    rig.client({ kind: 'ack', correlation: 10 + upTo, subscription: 1, upTo: offset(upTo) });
  }
  assert.is(rig.take('push-ack').upTo, 2);
  rig.tell({ kind: 'push-acked', id, cursor: offset(2) });
  assert.equal(rig.sent(), ['12 acked 2']);
  assert.is(rig.take('push-ack').upTo, 5);
  rig.tell({ kind: 'push-acked', id, cursor: offset(5) });
  assert.equal(rig.sent(), ['15 acked 5', '14 acked 5']);
});

test('acks beyond what was delivered, of nobody, and too many at a time are refused', () => {
  const rig = new SessionRig({ clientPendingAcks: 1 });
  const id = rig.subscribe(1, { end: 9 });
  rig.take('push-pull');
  rig.tell(pushed(id, 0, 3, 9));
  rig.sent();
  const ack = (correlation: number, subscription: number, upTo: number): void =>
    rig.client({ kind: 'ack', correlation, subscription, upTo: offset(upTo) });
  ack(10, 1, 4);
  ack(11, 77, 1);
  ack(12, 1, 1);
  ack(13, 1, 2);
  assert.equal(rig.sent(), [
    '10 error bad_request not_applied',
    '11 error bad_request not_applied',
    '13 error overloaded not_applied',
  ]);
});

test('the end of a subscription is told, with what is known of its acks; a later ack hears the same', () => {
  const rig = new SessionRig();
  const id = rig.subscribe(1, { end: 9 });
  rig.take('push-pull');
  rig.tell(pushed(id, 0, 9, 9));
  rig.sent();
  rig.client({ kind: 'ack', correlation: 10, subscription: 1, upTo: offset(2) });
  rig.client({ kind: 'ack', correlation: 11, subscription: 1, upTo: offset(3) });
  rig.tell({ kind: 'push-ended', id, error: failure('not_leader'), leader: 'n2' });
  assert.equal(rig.sent(), [
    '10 error not_leader unknown',
    '11 error not_leader not_applied',
    '1 error not_leader not_applied',
  ]);
  rig.client({ kind: 'ack', correlation: 12, subscription: 1, upTo: offset(3) });
  assert.equal(rig.sent(), ['12 error not_leader not_applied']);
});

test('unsubscribe waits for the acks before it, and nothing is delivered after its answer', () => {
  const rig = new SessionRig();
  const id = rig.subscribe(1, { end: 9 });
  rig.take('push-pull');
  rig.tell(pushed(id, 0, 3, 9));
  rig.sent();
  rig.asked.length = 0;
  rig.client({ kind: 'ack', correlation: 10, subscription: 1, upTo: offset(3) });
  rig.client({ kind: 'unsubscribe', correlation: 11, subscription: 1 });
  assert.equal(rig.sent(), []);
  rig.tell({ kind: 'push-acked', id, cursor: offset(3) });
  assert.equal(rig.sent(), ['10 acked 3', '11 unsubscribed']);
  rig.tell(pushed(id, 3, 3, 9));
  assert.equal(rig.sent(), []);
  assert.equal(
    rig.asked.map(({ kind }) => kind),
    ['push-ack', 'push-close'],
  );
});

test('a link that is lost ends what went over it; the next frame asks for the leader anew', () => {
  const rig = new SessionRig();
  rig.client(subscribeFrame(1, 10, 1_000));
  rig.route('n2');
  const produce = {
    kind: 'produce',
    topic: 't',
    partition: 0,
    acks: 'quorum',
    chunk: new Uint8Array(1),
  } as const;
  rig.client({ ...produce, correlation: 2 });
  rig.route('n2');
  rig.client({ kind: 'fetch', correlation: 3, topic: 't', partition: 0, offset: offset(0), maxBytes: 1 });
  assert.equal(
    rig.kit.sent.map(({ to, message }) => `${to.node} ${(message as { kind: string }).kind}`),
    ['n2 push-open', 'n2 produce', 'n2 fetch'],
  );
  rig.tell({ kind: 'group-link', node: 'n2', up: false });
  assert.equal(rig.sent(), [
    '2 error unavailable unknown',
    '3 error unavailable not_applied',
    // Its attach may be carried out all the same.
    '1 error unavailable unknown',
  ]);
  rig.client({ ...produce, correlation: 4 });
  assert.is(rig.calls.length, 1);
});

test('a leader that never answers a subscribe or a call is given up', () => {
  const rig = new SessionRig({ clientCallMs: 200 });
  rig.client(subscribeFrame(1, 10, 1_000));
  rig.route();
  const produce = {
    kind: 'produce',
    topic: 't',
    partition: 0,
    acks: 'quorum',
    chunk: new Uint8Array(1),
  } as const;
  rig.client({ ...produce, correlation: 2 });
  rig.route();
  rig.kit.pass(400);
  assert.equal(rig.sent(), ['2 error timeout unknown', '1 error timeout unknown']);
});

test('calls and subscriptions have bounds', () => {
  const rig = new SessionRig({ clientSubscriptions: 1, clientPendingCalls: 2 });
  rig.subscribe(1);
  rig.client(subscribeFrame(2, 1, 1));
  rig.client(subscribeFrame(1, 1, 1));
  for (const correlation of [3, 4, 5]) rig.client({ kind: 'metadata', correlation, topics: [] });
  assert.equal(rig.sent(), [
    '1 subscribed',
    '2 error limit_reached not_applied',
    '1 error limit_reached not_applied',
    '5 error overloaded not_applied',
  ]);
});

test('the end of the session ends its subscriptions and its connection', () => {
  const rig = new SessionRig();
  rig.subscribe(1);
  rig.stop();
  rig.take('push-close');
  assert.ok(rig.ended);
});

test.run();
