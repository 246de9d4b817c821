// Births and subscribers, each part alone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Replicas } from '../../../src/actors/manager/replicas.ts';
import { Subscribers } from '../../../src/actors/manager/subscribers.ts';
import type { Topic } from '../../../src/directory/index.ts';
import { refTo } from '../../../src/kernel/index.ts';
import type { Birth } from '../../../src/raft/index.ts';
import { defaultLimits, groupId, replicaId, type Limits } from '@callboard/client/protocol';
import { crc32 } from '../../storage/kit.ts';
import { id } from '../../directory/machines.ts';
import { FakeContext } from './rig.ts';

const replicas = suite('replicas alone');

function topicOn(node: string, replica: string, groups: readonly number[], name = 't'): Topic {
  const others = [
    { node: 'n8', replica: id(8) },
    { node: 'n9', replica: id(9) },
  ];
  const partitions = groups.map((group) => ({
    group: groupId(group),
    replicas: [{ node, replica }, ...others],
  }));
  return { name, state: 'creating', partitions };
}

function newReplicas(
  births: readonly Birth[] = [],
  died: { upTo: number } = { upTo: 0 },
  limits: Partial<Limits> = {},
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
    limits: { ...defaultLimits, ...limits },
    crc32,
    founders: () => undefined,
    births: () => births,
    diedUpTo: () => died.upTo,
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
  part.journaled([groupId(1), groupId(2)]);
  assert.equal(spawned, []);
  part.slice();
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
  part.slice();
  assert.equal(spawned, ['6 of 1']);
});

/** The groups of the requests of this kind since the last look. */
function asked(fake: FakeContext, kind: 'log-birth' | 'log-death'): readonly (readonly number[])[] {
  return fake.take(kind).map(({ message }) => {
    if (kind === 'log-death') return message['groups'] as number[];
    return (message['births'] as Birth[]).map((birth) => birth.group as number);
  });
}

function deleting(groups: readonly number[]): Topic {
  return { ...topicOn('n1', id(1), groups), state: 'deleting' };
}

replicas('that died are not born again, and deleted again when their removal is read again', () => {
  const { fake, part } = newReplicas([], { upTo: 2 });
  part.topic(topicOn('n1', id(1), [1, 2, 3]));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-birth'), [[3]]);
  assert.ok(part.isDead(groupId(1)));
  part.topic(deleting([1, 2]));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), [[1, 2]]);
  part.died([groupId(1), groupId(2)]);
  assert.ok(part.isDead(groupId(1)));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), []);
});

replicas('whose topic is removed while they are being born are deleted as soon as they are', () => {
  const died = { upTo: 0 };
  const { fake, part, spawned } = newReplicas([], died);
  part.topic(topicOn('n1', id(1), [1, 2]));
  part.settle(undefined);
  part.topic(deleting([1, 2]));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), []);
  part.journaled([groupId(1), groupId(2)]);
  part.settle(undefined);
  part.slice();
  assert.equal(spawned, []);
  assert.equal(asked(fake, 'log-death'), [[1, 2]]);
  assert.not.ok(part.isDead(groupId(1)));
  died.upTo = 2;
  assert.not.ok(part.isDead(groupId(1)), 'the request is not answered');
  part.died([groupId(1), groupId(2)]);
  assert.ok(part.isDead(groupId(1)));
});

replicas('whose topic is removed before their turn to start do not run after their death', () => {
  const { fake, part, spawned } = newReplicas([], { upTo: 0 });
  part.topic(topicOn('n1', id(1), [1, 2]));
  part.settle(undefined);
  part.journaled([groupId(1), groupId(2)]);
  part.topic(deleting([1, 2]));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), [[1, 2]]);
  part.slice();
  assert.equal(spawned, []);
  assert.is(part.toStart, 0);
});

replicas('in memory of a partition that was begun anew are deleted', () => {
  const { fake, part } = newReplicas([], { upTo: 0 });
  const before: Topic = { ...topicOn('n1', id(1), [1]), storage: 'memory', state: 'ready' };
  part.topic(before);
  part.settle(undefined);
  part.journaled([groupId(1)]);
  const [placement] = before.partitions;
  assert.ok(placement);
  const partitions = [{ ...placement, group: groupId(2), generation: 1 }];
  part.topic({ ...before, created: groupId(1), partitions });
  part.settle(undefined);
  part.journaled([groupId(2)]);
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), [[1]]);
});

replicas('that were never born die too, but not before those with lower numbers are born', () => {
  const { fake, part } = newReplicas([], { upTo: 0 }, { managerSliceGroups: 1 });
  part.topic(topicOn('n1', id(1), [1]));
  part.topic(topicOn('n1', id(1), [2], 'other'));
  part.topic(deleting([2]));
  part.settle(undefined);
  assert.equal(asked(fake, 'log-birth'), [[1]]);
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), []);
  part.journaled([groupId(1)]);
  part.settle(undefined);
  assert.equal(asked(fake, 'log-death'), [[2]]);
});

replicas('start, are born and die in slices, one request at a time', () => {
  const groups = Array.from({ length: 5 }, (_, at) => at + 1);
  const { fake, part, spawned } = newReplicas([], { upTo: 0 }, { managerSliceGroups: 2 });
  part.topic(topicOn('n1', id(1), groups));
  for (const slice of [[1, 2], [3, 4], [5]]) {
    part.settle(undefined);
    part.settle(undefined);
    assert.equal(asked(fake, 'log-birth'), [slice]);
    part.journaled(slice.map(groupId));
  }
  for (const started of [2, 4, 5, 5]) {
    part.slice();
    assert.is(spawned.length, started);
  }
  part.topic(deleting(groups));
  for (const slice of [[1, 2], [3, 4], [5]]) {
    part.settle(undefined);
    part.settle(undefined);
    assert.equal(asked(fake, 'log-death'), [slice]);
    assert.is(part.born, 5 - (slice.at(-1) ?? 0));
    part.died(slice.map(groupId));
  }
});

replicas(
  'of groups that a confirmed directory does not list are stragglers, if their numbers were given out',
  () => {
    const members = JSON.stringify([{ replica: id(1), node: 'n1' }]);
    const births = [1, 2, 3, 4].map((group) => ({
      group: groupId(group),
      replica: replicaId(id(1)),
      members,
    }));
    const { fake, part } = newReplicas(births);
    part.start();
    part.slice();
    // The copy knows of three groups: the fourth is being created beyond what it has.
    part.buryStragglers(new Set([groupId(2)]), 3);
    part.settle(undefined);
    assert.equal(asked(fake, 'log-death'), [[1, 3]]);
    assert.is(part.born, 2);
  },
);

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
