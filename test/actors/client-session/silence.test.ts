// A gateway that fails or falls silent with calls in its hands: the session itself ends the wait.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdminCall } from '../../../src/actors/admin/messages.ts';
import { offset } from '@callboard/client/protocol';
import { adminToken, SessionRig, subscribeFrame, type Frame } from './rig.ts';

const test = suite('client-session/silence');

const limits = { callDeadlineMs: 100 };
const wellPastMs = 5_000;

function locate(correlation: number): Frame {
  return { kind: 'locate', correlation, topic: 't', partition: 1, position: { at: 'latest', value: 0 } };
}

test('each call that the gateway lost is answered, by whether it may have changed something', () => {
  const rig = new SessionRig(limits);
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  rig.client(subscribeFrame(2, 1, 1_000));
  rig.client({ kind: 'metadata', correlation: 3, topics: [] });
  rig.client({ kind: 'open-consumer', correlation: 4, topic: 't', consumer: 'c' });
  rig.client({ kind: 'create-topic', correlation: 5, topic: 't', partitions: 1 });
  rig.client({ kind: 'remove-topic', correlation: 6, topic: 't' });
  rig.client({ kind: 'change-broker', correlation: 7, action: 'remove', broker: 'b' });
  rig.kit.pass(limits.callDeadlineMs);
  assert.equal(rig.sent(), ['1 done'], "the gateway's own deadline comes first");
  rig.kit.pass(wellPastMs);
  assert.equal(rig.sent(), [
    '2 error timeout not_applied',
    '3 error timeout not_applied',
    '4 error timeout unknown',
    '5 error timeout unknown',
    '6 error timeout unknown',
    '7 error timeout unknown',
  ]);
});

test('all who waited for the same route are answered, and the next one asks again', () => {
  const rig = new SessionRig(limits);
  rig.client(locate(1));
  rig.client(locate(2));
  rig.kit.pass(wellPastMs);
  assert.equal(rig.sent(), ['1 error timeout not_applied', '2 error timeout not_applied']);
  rig.calls.length = 0;
  rig.client(locate(3));
  rig.route();
  assert.is(rig.take('locate').kind, 'locate');
});

test('a subscribe that was given up leaves its place and its correlation, and its late route opens nothing', () => {
  const rig = new SessionRig({ ...limits, clientSubscriptions: 1 });
  rig.client(subscribeFrame(1, 1, 1_000));
  rig.kit.pass(wellPastMs);
  assert.equal(rig.sent(), ['1 error timeout not_applied']);
  rig.route();
  assert.is(rig.asked.length, 0);
  rig.subscribe(1);
  assert.equal(rig.sent(), ['1 subscribed']);
});

test('questions and traces that the admin failed with are answered at once, and the next one is asked of its successor', () => {
  const rig = new SessionRig(limits);
  const asked: AdminCall[] = [];
  rig.kit.system.spawn<AdminCall>('admin', () => ({
    receive: (call) => {
      if (call.question.op === 'actor') throw new Error('the admin fails');
      asked.push(call);
    },
  }));
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  rig.client({ kind: 'cluster-status', correlation: 2 });
  rig.client({ kind: 'trace-actor', correlation: 3, node: '', actor: 'a', messages: 1 });
  for (const correlation of [4, 5]) {
    assert.is(asked.length, 2);
    rig.client({ kind: 'ask-actor', correlation, node: '', actor: 'a' });
    const open = correlation === 4 ? ['1 done', '2', '3', '4'] : ['5'];
    assert.equal(
      rig.sent(),
      open.map((one) => (one.includes(' ') ? one : `${one} error unavailable not_applied`)),
    );
    rig.kit.pass(wellPastMs);
  }
  rig.client({ kind: 'list-actors', correlation: 6, node: '' });
  assert.is(asked.length, 3);
  rig.kit.pass(wellPastMs);
  assert.equal(rig.sent(), []);
});

test('when the gateway fails, what it was asked is answered at once, and its next incarnation is asked and watched again', () => {
  const rig = new SessionRig(limits);
  rig.client(subscribeFrame(1, 1, 1_000));
  rig.client(locate(2));
  rig.client(locate(3));
  rig.client({ kind: 'create-topic', correlation: 4, topic: 't', partitions: 1 });
  rig.failGateway();
  assert.equal(rig.sent(), [
    '1 error unavailable not_applied',
    '2 error unavailable not_applied',
    '3 error unavailable not_applied',
    '4 error unavailable unknown',
  ]);
  rig.client(locate(5));
  rig.failGateway();
  assert.equal(rig.sent(), ['5 error unavailable not_applied']);
});

test('a gateway that fails takes nothing along that a partition was asked', () => {
  const rig = new SessionRig(limits);
  rig.client(locate(1));
  rig.route();
  rig.failGateway();
  assert.equal(rig.sent(), []);
  rig.tell({ kind: 'located', id: rig.take('locate').id, offset: offset(0), end: offset(0) });
  assert.equal(rig.sent(), ['1 located']);
});

test.run();
