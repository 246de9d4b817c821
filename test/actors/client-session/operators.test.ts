// Operators' frames: nothing without the admin token; then questions go to the admin and changes to the gateway.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdminCall } from '../../../src/actors/admin/messages.ts';
import { adminToken, SessionRig, type Frame } from './rig.ts';

function newRig(): { readonly rig: SessionRig; readonly calls: AdminCall[] } {
  const rig = new SessionRig();
  const calls: AdminCall[] = [];
  rig.kit.system.spawn<AdminCall>('admin', () => ({ receive: (call) => void calls.push(call) }));
  return { rig, calls };
}

const frames: readonly Frame[] = [
  { kind: 'cluster-status', correlation: 2 },
  { kind: 'list-actors', correlation: 3, node: '' },
  { kind: 'ask-actor', correlation: 4, node: '', actor: 'a' },
  { kind: 'trace-actor', correlation: 5, node: '', actor: 'a', messages: 1 },
  { kind: 'change-broker', correlation: 6, action: 'remove', broker: 'b' },
  { kind: 'remove-topic', correlation: 7, topic: 't' },
  { kind: 'remove-topic', correlation: 8, topic: 't', force: true },
];

test('nobody is an operator without the token, nor after a wrong one', () => {
  const { rig, calls } = newRig();
  for (const token of [undefined, 'wrong', '']) {
    if (token !== undefined) {
      rig.client({ kind: 'authorize', correlation: 1, token });
      assert.equal(rig.sent(), [], 'it waits');
      rig.waited();
      assert.equal(rig.sent(), ['1 error auth_failed not_applied']);
    }
    for (const frame of frames) rig.client(frame);
    assert.equal(
      rig.sent(),
      frames.map(({ correlation }) => `${correlation} error auth_failed not_applied`),
    );
  }
  assert.equal([calls.length, rig.calls.length], [0, 0]);
});

test('a wrong token takes back what a right one gave', () => {
  const { rig } = newRig();
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  rig.client({ kind: 'authorize', correlation: 2, token: 'wrong' });
  rig.client({ kind: 'remove-topic', correlation: 3, topic: 't' });
  assert.equal(rig.sent(), ['1 done', '3 error auth_failed not_applied'], 'at once, though its answer waits');
  rig.waited();
  assert.equal(rig.sent(), ['2 error auth_failed not_applied']);
});

test('where too many answers to wrong tokens wait, not even the right one is looked at', () => {
  const { rig } = newRig();
  rig.mayTry = false;
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  rig.client({ kind: 'cluster-status', correlation: 2 });
  assert.equal(rig.sent(), ['1 error overloaded not_applied', '2 error auth_failed not_applied']);
});

test('questions go to the admin, changes to the gateway, and each answer to its frame', () => {
  const { rig, calls } = newRig();
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  for (const frame of frames) rig.client(frame);
  assert.equal(rig.sent(), ['1 done']);
  assert.equal(
    calls.map(({ question }) => question.op),
    ['cluster', 'actors', 'actor', 'trace'],
  );
  assert.equal(
    rig.calls.map(({ call }) => call),
    [
      { op: 'admin', action: 'remove', broker: 'b' },
      { op: 'remove-topic', name: 't' },
      { op: 'remove-topic', name: 't', force: true },
    ],
  );
  rig.gateway({ op: 'admin' });
  rig.gateway({ op: 'remove-topic' });
  rig.gateway({ op: 'remove-topic' });
  const [, list, , trace] = calls.map(({ id }) => id);
  if (list === undefined || trace === undefined) throw new Error('not asked');
  const answer = { kind: 'admin-answer', error: undefined } as const;
  rig.tell({ ...answer, id: list, value: { op: 'actors', node: 'n1', actors: [], omitted: 0 } });
  rig.tell({ kind: 'admin-traced', id: trace, messages: [], ended: undefined });
  rig.tell({ kind: 'admin-traced', id: trace, messages: [], ended: 'complete' });
  rig.tell({ kind: 'admin-traced', id: trace, messages: [], ended: undefined });
  assert.equal(rig.sent(), ['6 done', '7 done', '8 done', '3 actor-list', '5 traced', '5 traced']);
});

test('questions that wait are bounded', () => {
  const rig = new SessionRig({ clientPendingCalls: 2 });
  rig.kit.system.spawn('admin', () => ({ receive: () => undefined }));
  rig.client({ kind: 'authorize', correlation: 1, token: adminToken });
  for (const correlation of [2, 3, 4]) rig.client({ kind: 'cluster-status', correlation });
  assert.equal(rig.sent(), ['1 done', '4 error overloaded not_applied']);
});

test.run();
