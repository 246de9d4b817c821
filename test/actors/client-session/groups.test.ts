// A produce names the group that its sender learned: a topic of the same name never gets what was meant for the one before.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, groupId } from '@callboard/client/protocol';
import { group, SessionRig, type Frame } from './rig.ts';

const test = suite('client-session/groups');

function produce(correlation: number, of: number | undefined): Frame {
  const frame = { kind: 'produce', correlation, topic: 't', partition: 0, acks: 'quorum' } as const;
  const chunk = new Uint8Array(1);
  return of === undefined ? { ...frame, chunk } : { ...frame, chunk, group: groupId(of) };
}

test('a produce for the group that is there is passed on, and so is one that names none', () => {
  const rig = new SessionRig();
  rig.client(produce(1, group));
  rig.client(produce(2, undefined));
  rig.route();
  rig.client(produce(3, group));
  assert.equal(
    rig.asked.map(({ kind }) => kind),
    ['produce', 'produce', 'produce'],
  );
});

test('a produce for a group that is no more is refused, and reaches nobody', () => {
  const rig = new SessionRig();
  rig.client(produce(1, group - 1));
  rig.route();
  rig.client(produce(2, group - 1));
  assert.equal(rig.sent(), ['1 error producer_expired not_applied', '2 error producer_expired not_applied']);
  assert.is(rig.asked.length, 0);
});

test('a route that is older than what the client knows is looked up again, and the client told to wait while it is not known', () => {
  const rig = new SessionRig();
  rig.client(produce(1, undefined));
  rig.gateway({ op: 'route', group: groupId(group - 1), node: 'n1' });
  rig.sent();
  rig.client(produce(2, group));
  rig.gateway({ op: 'route', group: groupId(group - 1), node: 'n1' });
  assert.equal(rig.sent(), ['2 error unavailable not_applied']);
  rig.client(produce(3, group));
  rig.route();
  assert.is(rig.asked.length, 1);
});

test('one replica in quarantine makes the client ask again; that the whole partition is out, the gateway says', () => {
  const rig = new SessionRig();
  rig.client(produce(1, undefined));
  rig.route();
  const { id } = rig.take('produce');
  const error = failure('partition_quarantined');
  rig.tell({ kind: 'partition-failed', id, error, leader: undefined });
  assert.equal(rig.sent(), ['1 error not_leader not_applied']);
  rig.client(produce(2, undefined));
  const call = rig.calls.shift();
  assert.ok(call, 'the route is looked up anew');
  rig.tell({ kind: 'call-answer', id: call.id, value: undefined, error });
  assert.equal(rig.sent(), ['2 error partition_quarantined not_applied']);
});

test.run();
