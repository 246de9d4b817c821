// Session numbers of pushed consumers (S10), and the one id space of push and HTTP (S8).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeEntry,
  encodeEntry,
  type DirectoryCommand,
  type DirectoryMachine,
  type DirectoryResult,
} from '../../src/directory/index.ts';
import { groupId } from '@callboard/client/protocol';
import { codeOf, id, machine, readyTopic } from './machines.ts';

const test = suite('directory/consumers');

function open(on: DirectoryMachine, consumer: string, topic = 't'): DirectoryResult {
  return on.apply({ kind: 'open-consumer', id: consumer, topic }).result;
}

test('numbers rise from 1, for each consumer by itself', () => {
  const directory = machine();
  readyTopic(directory, 't', 2);
  assert.equal(open(directory, 'a'), { ok: true, partitions: 2, session: 1 });
  assert.equal(open(directory, 'b'), { ok: true, partitions: 2, session: 1 });
  assert.equal(open(directory, 'a'), { ok: true, partitions: 2, session: 2 });
});

test('a topic that is created anew gives no number that a session of the removed one may still use', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  open(directory, 'a');
  open(directory, 'a');
  assert.ok(directory.apply({ kind: 'remove-topic', name: 't' }).result.ok);
  for (const node of [1, 2]) {
    directory.apply({ kind: 'replicas-died', replica: id(node), groups: [groupId(1)] });
  }
  readyTopic(directory, 't', 1);
  assert.equal(open(directory, 'a'), { ok: true, partitions: 1, session: 3 });
  assert.equal(open(directory, 'a'), { ok: true, partitions: 1, session: 4 });
});

test('a chosen name belongs to its topic, a drawn id to the topic that had it first', () => {
  const directory = machine();
  for (const topic of ['t', 'u']) readyTopic(directory, topic, 1);
  assert.ok(open(directory, 'billing', 't').ok);
  assert.equal(open(directory, 'billing', 'u'), { ok: true, partitions: 1, session: 1 });
  assert.ok(directory.apply({ kind: 'register-consumer', id: id(7), topic: 't' }).result.ok);
  assert.equal(open(directory, id(7), 't'), { ok: true, partitions: 1, session: 1 });
  assert.is(codeOf(open(directory, id(7), 'u')), 'bad_request');
});

test('opening registers: the same id is good for HTTP, and registering it again changes no number', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  open(directory, id(5));
  assert.ok(directory.apply({ kind: 'register-consumer', id: id(5), topic: 't' }).result.ok);
  assert.equal(open(directory, id(5)), { ok: true, partitions: 1, session: 2 });
});

test('S8: everybody learns of an id in the form of drawn ones whether a client has chosen it, until it is registered', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  const run = (kind: 'open-consumer' | 'register-consumer', consumer: string): readonly unknown[] => {
    const { events } = directory.apply({ kind, id: consumer, topic: 't' });
    const all = directory.snapshotEvents().filter((event) => event.kind === 'consumer');
    if (events.length > 0) assert.equal(all.slice(-1), events);
    return events;
  };
  const drawn = { kind: 'consumer', id: id(5), topic: 't' };
  assert.equal(run('open-consumer', id(5)), [{ ...drawn, session: 1, byName: true }]);
  assert.equal(run('open-consumer', id(5)), [{ ...drawn, session: 2, byName: true }]);
  const before = directory.stateHash();
  assert.equal(run('register-consumer', id(5)), [{ ...drawn, session: 2 }]);
  assert.is.not(directory.stateHash(), before);
  assert.equal(run('register-consumer', id(5)), []);
  assert.equal(run('open-consumer', id(5)), [{ ...drawn, session: 3 }]);
  assert.equal(run('register-consumer', id(6)), [{ ...drawn, id: id(6), session: 0 }]);
  assert.equal(run('open-consumer', id(6)), [{ ...drawn, id: id(6), session: 1 }]);
});

test('a fresh subscriber learns the newest number of each consumer', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  open(directory, 'a');
  const { events } = directory.apply({ kind: 'open-consumer', id: 'a', topic: 't' });
  const told = { kind: 'consumer', id: 'a', topic: 't', session: 2 };
  assert.equal(events, [told]);
  assert.equal(
    directory.snapshotEvents().filter(({ kind }) => kind === 'consumer'),
    [told],
  );
});

test('names that are none, topics that are not there, and a full table are refused', () => {
  const directory = machine(3, { directoryConsumers: 1 });
  readyTopic(directory, 't', 1);
  assert.is(codeOf(open(directory, '')), 'bad_request');
  assert.is(codeOf(open(directory, 'a\nb')), 'bad_request');
  assert.is(codeOf(open(directory, 'x'.repeat(201))), 'bad_request');
  assert.is(codeOf(open(directory, 'a', 'nowhere')), 'topic_not_found');
  assert.ok(open(directory, 'a').ok);
  assert.is(codeOf(open(directory, 'b')), 'limit_reached');
  assert.equal(open(directory, 'a'), { ok: true, partitions: 1, session: 2 });
});

test('a number is part of the state that managers compare, and the command of the log that they share', () => {
  const [one, two] = [machine(), machine()];
  for (const directory of [one, two]) readyTopic(directory, 't', 1);
  const command: DirectoryCommand = { kind: 'open-consumer', id: 'ä', topic: 't' };
  const entry = { tag: '', command };
  assert.equal(decodeEntry(encodeEntry(entry) ?? new Uint8Array(0)), { ok: true, entry });
  one.apply(command);
  assert.not.equal(one.stateHash(), two.stateHash());
  two.apply(command);
  assert.is(one.stateHash(), two.stateHash());
});

test.run();
