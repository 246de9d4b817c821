// S4b: the epochs of registered producers, which tell those that were registered later from those that partitions have forgotten.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DirectoryMachine } from '../../src/directory/index.ts';
import { codeOf, id, machine, readyTopic } from './machines.ts';

const test = suite('directory/producers (S4b)');

function epochOf(directory: DirectoryMachine, n: number, topic = 't'): number | undefined {
  directory.apply({ kind: 'register-producer', id: id(n), topic });
  const event = directory.snapshotEvents().find((one) => one.kind === 'producer' && one.id === id(n));
  return event?.kind === 'producer' ? event.epoch : -1;
}

test('who registers is given the epoch of the topic, which never falls', () => {
  const directory = machine();
  readyTopic(directory, 't');
  readyTopic(directory, 'u');
  assert.is(epochOf(directory, 1), undefined);
  for (const epoch of [3, 2, 0]) {
    assert.is(codeOf(directory.apply({ kind: 'raise-epoch', topic: 't', epoch }).result), 'ok');
    assert.is(directory.producerEpoch('t'), 3);
  }
  assert.is(epochOf(directory, 2), 3);
  assert.is(epochOf(directory, 3, 'u'), undefined, 'of its own topic');
});

test('who has registered before keeps its epoch, however often it registers', () => {
  const directory = machine();
  readyTopic(directory, 't');
  assert.is(epochOf(directory, 1), undefined);
  const before = directory.stateHash();
  directory.apply({ kind: 'raise-epoch', topic: 't', epoch: 5 });
  assert.is.not(directory.stateHash(), before);
  assert.is(epochOf(directory, 1), undefined);
});

test('a topic takes its epoch with it, and one that is not there has none', () => {
  const directory = machine();
  assert.is(codeOf(directory.apply({ kind: 'raise-epoch', topic: 't', epoch: 5 }).result), 'topic_not_found');
  readyTopic(directory, 't');
  directory.apply({ kind: 'raise-epoch', topic: 't', epoch: 5 });
  const removed = directory.topic('t');
  directory.apply({ kind: 'remove-topic', name: 't' });
  const groups = removed?.partitions.map(({ group }) => group) ?? [];
  for (const n of [1, 2, 3]) directory.apply({ kind: 'replicas-died', replica: id(n), groups });
  readyTopic(directory, 't');
  assert.is(directory.producerEpoch('t'), 0);
  assert.is(epochOf(directory, 1), undefined);
});

test.run();
