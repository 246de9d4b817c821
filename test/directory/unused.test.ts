// Producers and consumers that nobody uses: how time is counted, who is forgotten, and what a namesake is told apart by.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DirectoryEvent, DirectoryMachine } from '../../src/directory/index.ts';
import { codeOf, id, machine, readyTopic } from './machines.ts';

const test = suite('directory/unused');

function hours(on: DirectoryMachine, count: number): void {
  for (let n = 0; n < count; n += 1) on.apply({ kind: 'use-hour' });
}

/** A topic with a producer, an HTTP consumer and one that a client has opened by name. */
function used(): DirectoryMachine {
  const directory = machine();
  readyTopic(directory, 't', 2);
  directory.apply({ kind: 'register-producer', id: id(1), topic: 't' });
  directory.apply({ kind: 'register-consumer', id: id(2), topic: 't' });
  directory.apply({ kind: 'open-consumer', id: 'billing', topic: 't' });
  return directory;
}

const all = {
  producers: [id(1)],
  consumers: [
    { id: id(2), topic: 't' },
    { id: 'billing', topic: 't' },
  ],
};

function forget(on: DirectoryMachine, after: number, ids = all): readonly DirectoryEvent[] {
  return on.apply({ kind: 'forget-unused', hours: after, ...ids }).events;
}

test('who was not used for so many counted hours is forgotten, and everybody hears of it', () => {
  const directory = used();
  hours(directory, 4);
  assert.equal(directory.uses.unused(5, 10), { producers: [], consumers: [] });
  assert.equal(forget(directory, 5), []);
  hours(directory, 1);
  assert.equal(directory.uses.unused(5, 10), all);
  assert.equal(directory.uses.unused(5, 1), { producers: [id(1)], consumers: [{ id: id(2), topic: 't' }] });
  assert.equal(forget(directory, 5), [
    { kind: 'producer-gone', id: id(1), topic: 't' },
    { kind: 'consumer-gone', id: id(2), topic: 't' },
    { kind: 'consumer-gone', id: 'billing', topic: 't' },
  ]);
  assert.equal(forget(directory, 5), [], 'once');
  assert.not.ok(directory.hasConsumer({ id: 'billing', topic: 't' }));
});

test('a use that was noted after the question was put saves its id', () => {
  const directory = used();
  hours(directory, 5);
  directory.apply({ kind: 'ids-used', producers: [id(1)], consumers: [{ id: 'billing', topic: 't' }] });
  assert.equal(forget(directory, 5), [{ kind: 'consumer-gone', id: id(2), topic: 't' }]);
  hours(directory, 5);
  // Whoever opens it again uses it.
  directory.apply({ kind: 'open-consumer', id: 'billing', topic: 't' });
  assert.equal(forget(directory, 5), [{ kind: 'producer-gone', id: id(1), topic: 't' }]);
});

test('what is not known, or of another topic, is passed over', () => {
  const directory = used();
  readyTopic(directory, 'u', 1);
  const hash = directory.stateHash();
  directory.apply({ kind: 'ids-used', producers: [id(9)], consumers: [{ id: id(2), topic: 'u' }] });
  assert.is(directory.stateHash(), hash);
  hours(directory, 9);
  const others = { producers: [id(9)], consumers: [{ id: id(2), topic: 'u' }] };
  assert.equal(forget(directory, 1, others), []);
});

test('only what was not noted lately is worth a note', () => {
  const directory = used();
  assert.equal(directory.uses.notLatelyUsed(all, 2), { producers: [], consumers: [] });
  hours(directory, 2);
  assert.equal(directory.uses.notLatelyUsed(all, 2), all);
  directory.apply({ kind: 'ids-used', producers: [], consumers: [{ id: 'billing', topic: 't' }] });
  assert.equal(directory.uses.notLatelyUsed(all, 2).consumers, [{ id: id(2), topic: 't' }]);
});

test('an operator removes a consumer or a producer of a topic by name, once', () => {
  const directory = used();
  const remove = (kind: 'remove-consumer' | 'remove-producer', which: string, topic = 't') =>
    directory.apply({ kind, id: which, topic });
  assert.is(codeOf(remove('remove-consumer', 'billing', 'u').result), 'consumer_not_registered');
  assert.equal(remove('remove-consumer', 'billing').events, [
    { kind: 'consumer-gone', id: 'billing', topic: 't' },
  ]);
  assert.is(codeOf(remove('remove-consumer', 'billing').result), 'consumer_not_registered');
  assert.is(codeOf(remove('remove-producer', id(1), 'u').result), 'producer_not_registered');
  assert.is(codeOf(remove('remove-producer', id(1)).result), 'ok');
  assert.is(codeOf(remove('remove-producer', id(1)).result), 'producer_not_registered');
});

test('S10: the sessions of a namesake lie above all that the one before was given', () => {
  const directory = used();
  const open = (opener?: number) =>
    opener === undefined
      ? directory.apply({ kind: 'open-consumer', id: 'billing', topic: 't' })
      : directory.apply({ kind: 'open-session', id: 'billing', topic: 't', opener: id(opener) });
  open();
  directory.apply({ kind: 'remove-consumer', id: 'billing', topic: 't' });
  const { result, events } = open(5);
  // A take over HTTP behind session 2 would have left a cursor that admits 3.
  assert.equal(result, { ok: true, partitions: 2, session: 4 });
  const told = { kind: 'consumer', id: 'billing', topic: 't', session: 4, opener: id(5), since: 4 };
  assert.equal(events, [told]);
  assert.equal(directory.snapshotEvents().at(-1), told);
});

test('S10: the same opener has the same session, until another one opens', () => {
  const directory = machine();
  readyTopic(directory, 't', 2);
  const open = (opener: string) =>
    directory.apply({ kind: 'open-session', id: 'billing', topic: 't', opener });
  assert.equal(open(id(5)).result, { ok: true, partitions: 2, session: 1 });
  const again = open(id(5));
  assert.equal(again, { result: { ok: true, partitions: 2, session: 1 }, events: [] });
  assert.equal(open(id(6)).result, { ok: true, partitions: 2, session: 2 });
  assert.equal(open(id(5)).result, { ok: true, partitions: 2, session: 3 }, 'it was fenced meanwhile');
  assert.is(codeOf(open('short').result), 'bad_request');
});

test('S8: a drawn id that was registered over HTTP keeps the cursors of its takes when a client opens it', () => {
  const directory = used();
  directory.apply({ kind: 'open-consumer', id: 'other', topic: 't' });
  directory.apply({ kind: 'remove-consumer', id: 'other', topic: 't' });
  directory.apply({ kind: 'register-consumer', id: id(8), topic: 't' });
  const [event] = directory.apply({ kind: 'open-consumer', id: id(8), topic: 't' }).events;
  assert.equal(event, { kind: 'consumer', id: id(8), topic: 't', session: 3 });
});

test.run();
