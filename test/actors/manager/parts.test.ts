// Births and subscribers, each part alone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Replicas } from '../../../src/actors/manager/replicas.ts';
import { Subscribers } from '../../../src/actors/manager/subscribers.ts';
import type { Topic } from '../../../src/directory/index.ts';
import { refTo } from '../../../src/kernel/index.ts';
import type { Birth } from '../../../src/raft/index.ts';
import { defaultLimits, groupId, replicaId } from '@callboard/client/protocol';
import { crc32 } from '../../storage/kit.ts';
import { id } from '../../directory/machines.ts';
import { FakeContext } from './rig.ts';

const replicas = suite('replicas alone');

function topicOn(node: string, replica: string, groups: readonly number[]): Topic {
  const others = [
    { node: 'n8', replica: id(8) },
    { node: 'n9', replica: id(9) },
  ];
  const partitions = groups.map((group) => ({
    group: groupId(group),
    replicas: [{ node, replica }, ...others],
  }));
  return { name: 't', state: 'creating', partitions };
}

function newReplicas(
  births: readonly Birth[] = [],
  diedUpTo = 0,
): {
  fake: FakeContext;
  part: Replicas;
  spawned: string[];
} {
  const fake = new FakeContext();
  const spawned: string[] = [];
  const part = new Replicas(fake.context, {
    named: ['n1'],
    replica: replicaId(id(1)),
    startCount: 1,
    url: '',
    manual: false,
    limits: defaultLimits,
    crc32,
    founders: () => undefined,
    births: () => births,
    diedUpTo: () => diedUpTo,
    onClusterId: () => undefined,
    givenUp: new Set(),
    spawnReplica: (group, members, preferred) =>
      spawned.push(`${group} of ${members.length}${preferred ? ' preferred' : ''}`),
  });
  return { fake, part, spawned };
}

replicas('are born once, journaled before they run, one request at a time', () => {
  const { fake, part, spawned } = newReplicas();
  part.topic(topicOn('n1', id(1), [1, 2]));
  part.settle(undefined);
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle(undefined);
  const [request] = fake.take('log-birth');
  assert.equal(
    (request?.message['births'] as Birth[]).map((birth) => birth.group as number),
    [1, 2],
  );
  assert.equal(spawned, []);
  part.journaled([groupId(1), groupId(2)]);
  assert.equal(spawned, ['1 of 3 preferred', '2 of 3 preferred']);
  part.settle(undefined);
  part.journaled([groupId(3)]);
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle(undefined);
  assert.is(fake.take('log-birth').length, 1);
  assert.is(part.born, 3);
});

replicas('of an earlier journal of this node are listed and never born', () => {
  const { fake, part } = newReplicas();
  part.topic(topicOn('n1', id(7), [4]));
  part.topic(topicOn('n2', id(1), [5]));
  part.settle(undefined);
  assert.equal(fake.take('log-birth'), []);
  assert.equal(part.lost, [groupId(4)]);
});

replicas('that the journal knows are started at once, except group 0', () => {
  const members = JSON.stringify([{ replica: id(1), node: 'n1' }]);
  const birth = (group: number): Birth => ({ group: groupId(group), replica: replicaId(id(1)), members });
  const { part, spawned } = newReplicas([birth(0), birth(6)]);
  part.start();
  assert.equal(spawned, ['6 of 1']);
});

replicas('that died are not born again, and deleted again when their removal is read again', () => {
  const { fake, part } = newReplicas([], 2);
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle(undefined);
  const [request] = fake.take('log-birth');
  assert.equal(
    (request?.message['births'] as Birth[]).map((birth) => birth.group as number),
    [3],
  );
  assert.ok(part.isGone(groupId(1)));
  part.topic({ ...topicOn('n1', id(1), [1, 2]), state: 'deleting' });
  assert.equal(
    fake.take('log-death').map(({ message }) => message['groups']),
    [[1], [2]],
  );
  assert.not.ok(part.isGone(groupId(1)));
  part.died([groupId(1), groupId(2)]);
  assert.ok(part.isGone(groupId(1)));
});

replicas('whose topic is removed while they are being born are deleted as soon as they are', () => {
  const { fake, part, spawned } = newReplicas();
  part.topic(topicOn('n1', id(1), [1, 2]));
  part.settle(undefined);
  part.topic({ ...topicOn('n1', id(1), [1, 2]), state: 'deleting' });
  assert.equal(fake.take('log-death'), []);
  part.journaled([groupId(1), groupId(2)]);
  assert.equal(spawned, []);
  assert.is(fake.take('log-death').length, 2);
  assert.not.ok(part.isGone(groupId(1)));
});

replicas('that were never asked for are simply forgotten', () => {
  const { fake, part } = newReplicas();
  part.topic(topicOn('n1', id(1), [1]));
  part.topic({ ...topicOn('n1', id(1), [1]), state: 'deleting' });
  part.settle(undefined);
  assert.equal([...fake.take('log-birth'), ...fake.take('log-death')], []);
  assert.ok(part.isGone(groupId(1)));
});

replicas('hand over only where an active broker can take over', () => {
  const { fake, part } = newReplicas();
  part.topic(topicOn('n1', id(1), [1]));
  part.handOver([groupId(1), groupId(2)], (node) => node === 'n9');
  assert.equal(
    fake.take('hand-over').map(({ to }) => to),
    ['n1/partition/1'],
  );
  part.handOver([groupId(1)], () => false);
  assert.equal(fake.take('hand-over'), []);
});

replicas.run();

const subscribers = suite('subscribers alone');

subscribers('are bounded, and one that comes again is told again and counted once', () => {
  const fake = new FakeContext();
  const part = new Subscribers(fake.context, 1);
  part.add(refTo('n1', 'one'), () => []);
  part.add(refTo('n1', 'one'), () => []);
  part.add(refTo('n1', 'two'), () => []);
  assert.equal(
    fake.take('directory-events').map(({ to }) => to),
    ['n1/one', 'n1/one'],
  );
  // The end of the first subscription does not end the second.
  part.gone(1);
  assert.is(part.size, 1);
  part.gone(2);
  assert.is(part.size, 0);
});

subscribers.run();
