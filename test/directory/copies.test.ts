// Copies in memory that nodes call lost: when a partition is begun anew, and when it is not.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { firstOffsetOf, groupId, partitionGenerations } from '@callboard/client/protocol';
import type { DirectoryMachine, Topic } from '../../src/directory/index.ts';
import { id, machine } from './machines.ts';

const test = suite('copies in memory');

function memoryTopic(on: DirectoryMachine, name = 't', partitions = 2): void {
  on.apply({ kind: 'create-memory-topic', name, partitions });
  on.apply({ kind: 'topic-ready', name });
}

function topicOf(directory: DirectoryMachine, name = 't'): Topic {
  const topic = directory.topic(name);
  if (topic === undefined) throw new Error(`there is no topic ${name}`);
  return topic;
}

/** What one node says; answers the groups of the topic and their generations. */
function say(
  directory: DirectoryMachine,
  node: number,
  groups: readonly number[],
  turn = 1,
  start = 1,
): string {
  directory.apply({ kind: 'copies-lost', replica: id(node), start, turn, groups: groups.map(groupId) });
  return topicOf(directory)
    .partitions.map(({ group, generation = 0 }) => `${String(group)}/${String(generation)}`)
    .join(' ');
}

test('a partition is begun anew once a majority of its copies is lost, on the same nodes and under a new group', () => {
  const directory = machine();
  memoryTopic(directory);
  const before = topicOf(directory);
  assert.is(before.storage, 'memory');
  assert.is(say(directory, 1, [1, 2]), '1/0 2/0');
  assert.is(say(directory, 2, [2]), '1/0 3/1');
  const after = topicOf(directory);
  assert.equal(after.partitions[1]?.replicas, before.partitions[1]?.replicas);
  assert.is(after.created, 1);
  assert.is(after.state, 'ready');
  assert.is(directory.groups, 3);
  // A third voice for the group of before is heard by nobody.
  assert.is(say(directory, 3, [2]), '1/0 3/1');
  assert.is(say(directory, 3, [1, 2], 2), '4/1 3/1');
});

function loseJournal(directory: DirectoryMachine, node: number): void {
  directory.apply({ kind: 'journal-lost', replica: id(node) });
}

function generations(directory: DirectoryMachine): string {
  return topicOf(directory)
    .partitions.map(({ group, generation = 0 }) => `${String(group)}/${String(generation)}`)
    .join(' ');
}

test('a node that lost its disk counts as a lost copy of each group, whoever speaks first, and minorities of them lose nothing', () => {
  const directory = machine();
  memoryTopic(directory);
  loseJournal(directory, 3);
  assert.is(generations(directory), '1/0 2/0');
  assert.ok(directory.isJournalLost(id(3)));
  assert.is(say(directory, 1, [2]), '1/0 3/1');
  const other = machine();
  memoryTopic(other);
  assert.is(say(other, 1, [2]), '1/0 2/0');
  loseJournal(other, 3);
  assert.is(generations(other), '1/0 3/1');
  loseJournal(other, 3);
  assert.is(generations(other), '1/0 3/1', 'said again');
});

test('a disk that comes back counts again from its next word on', () => {
  const directory = machine();
  memoryTopic(directory, 't', 1);
  loseJournal(directory, 3);
  say(directory, 3, [], 1, 5);
  assert.not(directory.isJournalLost(id(3)));
  assert.is(say(directory, 1, [1]), '1/0');
});

test('a partition most of whose disks are gone is not begun anew: nobody could run it', () => {
  const directory = machine();
  memoryTopic(directory, 't', 1);
  loseJournal(directory, 3);
  loseJournal(directory, 2);
  assert.is(say(directory, 1, [1]), '1/0');
});

test('a later word takes the place of an earlier one; one that comes late is not heard', () => {
  const directory = machine();
  memoryTopic(directory, 't', 1);
  say(directory, 1, [1], 1);
  say(directory, 1, [], 2);
  assert.is(say(directory, 2, [1]), '1/0', 'the copy of node 1 is back');
  assert.is(say(directory, 1, [1], 1), '1/0', 'an old word');
  say(directory, 2, [], 1, 2);
  assert.is(say(directory, 1, [1], 3), '1/0', 'node 2 was started again');
  assert.is(say(directory, 2, [1], 9, 1), '1/0', 'of before its start');
  assert.is(say(directory, 2, [1], 2, 2), '2/1');
});

test('only the copies that the partition has count, and only of topics in memory', () => {
  const directory = machine(5);
  memoryTopic(directory, 't', 1);
  const outside = [1, 2, 3, 4, 5].filter(
    (node) => topicOf(directory).partitions[0]?.replicas.some(({ replica }) => replica === id(node)) !== true,
  );
  for (const node of outside) say(directory, node, [1]);
  assert.is(say(directory, outside[0] ?? 0, [1], 2), '1/0');
  directory.apply({ kind: 'create-topic', name: 'disk', partitions: 1 });
  for (const node of [1, 2, 3, 4, 5]) say(directory, node, [2], 5);
  assert.is(topicOf(directory, 'disk').partitions[0]?.group, 2);
  assert.is(topicOf(directory, 'disk').partitions[0]?.generation, undefined);
});

test('a removed topic is not begun anew; one that is being created is', () => {
  const directory = machine();
  memoryTopic(directory, 't', 1);
  directory.apply({ kind: 'create-memory-topic', name: 'fresh', partitions: 1 });
  directory.apply({ kind: 'remove-topic', name: 't' });
  for (const node of [1, 2]) {
    const groups = [1, 2].map(groupId);
    directory.apply({ kind: 'copies-lost', replica: id(node), start: 1, turn: 1, groups });
  }
  assert.is(directory.topic('t'), undefined);
  assert.is(directory.groups, 3);
  const fresh = topicOf(directory, 'fresh');
  assert.is(fresh.state, 'creating');
  assert.is(fresh.partitions[0]?.group, 3);
});

test('offsets of a generation lie above all of the one before, and stay safe to the last', () => {
  assert.is(firstOffsetOf(0), 0);
  for (const generation of [1, 2, partitionGenerations - 1]) {
    assert.ok(firstOffsetOf(generation) - firstOffsetOf(generation - 1) >= 1e12);
  }
  assert.throws(() => firstOffsetOf(partitionGenerations), /whole number/);
});

test.run();
