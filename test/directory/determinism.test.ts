// Two managers that apply the same entries are in the same state, and a subscriber that follows the events knows the state.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  consumerKey,
  decodeEntry,
  directoryResultCodec,
  encodeEntry,
  type DirectoryCommand,
  type DirectoryEvent,
  type Topic,
} from '../../src/directory/index.ts';
import { groupId } from '@callboard/client/protocol';
import { id, machine } from './machines.ts';
import { assertProperty } from '../lib/properties.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd:e', '..');
const broker = fc.constantFrom('b1', 'b2', 'b3', 'b4', 'x');
const anyId = fc.integer({ min: 1, max: 6 }).map(id);

const consumer = fc.record(
  { id: fc.oneof(anyId, fc.constantFrom('c', 'd')), topic: name },
  { noNullPrototype: true },
);
const command: fc.Arbitrary<DirectoryCommand> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('create-topic' as const, 'create-memory-topic' as const),
    name,
    partitions: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    kind: fc.constant('copies-lost' as const),
    replica: anyId,
    start: fc.integer({ min: 1, max: 2 }),
    turn: fc.integer({ min: 1, max: 5 }),
    groups: fc.array(fc.integer({ min: 1, max: 8 }).map(groupId), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constantFrom('topic-ready' as const, 'remove-topic' as const), name }),
  fc.record({ kind: fc.constant('remove-topic' as const), name, force: fc.boolean() }),
  fc.record({
    kind: fc.constant('replicas-died' as const),
    replica: anyId,
    groups: fc.array(fc.integer({ min: 1, max: 12 }).map(groupId), { maxLength: 8 }),
  }),
  fc.record({
    kind: fc.constantFrom('register-producer' as const, 'register-consumer' as const),
    id: anyId,
    topic: name,
  }),
  fc.record({
    kind: fc.constant('open-session' as const),
    id: fc.oneof(anyId, fc.constantFrom('c', 'd')),
    topic: name,
    opener: anyId,
  }),
  fc.record({ kind: fc.constant('open-consumer' as const), id: fc.constantFrom('c', 'd'), topic: name }),
  fc.record({ kind: fc.constant('use-hour' as const) }),
  fc.record({
    kind: fc.constant('ids-used' as const),
    producers: fc.array(anyId, { maxLength: 2 }),
    consumers: fc.array(consumer, { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('forget-unused' as const),
    hours: fc.integer({ min: 1, max: 2 }),
    producers: fc.array(anyId, { maxLength: 2 }),
    consumers: fc.array(consumer, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('remove-producer' as const), id: anyId, topic: name }),
  fc.record({
    kind: fc.constant('remove-consumer' as const),
    id: fc.oneof(anyId, fc.constant('c')),
    topic: name,
  }),
  fc.record({
    kind: fc.constant('raise-epoch' as const),
    topic: name,
    epoch: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('register-node' as const),
    name: broker,
    replica: anyId,
    url: fc.constantFrom('http://h:1', 'http://h:2'),
    manual: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('set-alive' as const), broker, alive: fc.boolean() }),
  fc.record({
    kind: fc.constant('admin' as const),
    action: fc.constantFrom('add' as const, 'remove' as const, 'activate' as const, 'deactivate' as const),
    broker,
  }),
);
const entry = fc.record({ command, tag: fc.constantFrom('', '', id(1), id(2), id(3)) });

/** What a subscriber makes of events: later ones replace earlier ones; a topic becomes known when it is ready. */
function follow(events: readonly DirectoryEvent[], into: Map<string, string>): void {
  for (const event of events) {
    if (event.kind === 'topic') {
      const { name: key, state } = event.topic;
      if (state === 'ready') into.set(`topic ${key}`, JSON.stringify(event.topic));
      if (state === 'deleting') forget(event.topic, into);
    } else if (event.kind === 'topic-gone') continue;
    else if (event.kind === 'broker-gone') into.delete(`broker ${event.broker}`);
    else if (event.kind === 'broker') into.set(`broker ${event.broker.name}`, JSON.stringify(event.broker));
    else if (event.kind === 'producer') into.set(`producer ${event.id}`, `${event.topic} ${event.epoch}`);
    else if (event.kind === 'producer-gone') into.delete(`producer ${event.id}`);
    else if (event.kind === 'consumer-gone') into.delete(`consumer ${consumerKey(event.id, event.topic)}`);
    else into.set(`consumer ${consumerKey(event.id, event.topic)}`, event.topic);
  }
}

/** A removed topic takes its producers and consumers with it; a namesake stays. */
function forget(removed: Topic, into: Map<string, string>): void {
  const known = into.get(`topic ${removed.name}`);
  if (known === undefined) return;
  const topic = JSON.parse(known) as Topic;
  if (topic.partitions[0]?.group !== removed.partitions[0]?.group) return;
  into.delete(`topic ${removed.name}`);
  for (const [key, value] of into) if (value.split(' ')[0] === removed.name) into.delete(key);
}

const determinism = suite('R11 the directory is deterministic');

determinism('gives equal states, results and events for equal entries', () => {
  assertProperty(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const [one, two] = [machine(3), machine(3)];
      for (const { command: each, tag } of entries) {
        assert.equal(one.apply(each, tag), two.apply(each, tag));
        assert.is(one.stateHash(), two.stateHash());
      }
    }),
  );
});

determinism('has a hash that sees every event', () => {
  assertProperty(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const directory = machine(3);
      for (const { command: each, tag } of entries) {
        const before = directory.stateHash();
        if (directory.apply(each, tag).events.length > 0) assert.is.not(directory.stateHash(), before);
      }
    }),
  );
});

determinism('tells a follower of events what its snapshot says, in the same order of topics', () => {
  assertProperty(
    fc.property(fc.array(entry, { maxLength: 60 }), fc.nat(), (entries, from) => {
      const directory = machine(2);
      const followed = new Map<string, string>();
      const start = from % (entries.length + 1);
      entries.forEach(({ command: each, tag }, at) => {
        if (at === start) follow(directory.snapshotEvents(), followed);
        const { events } = directory.apply(each, tag);
        if (at >= start) follow(events, followed);
      });
      if (start === entries.length) follow(directory.snapshotEvents(), followed);
      const fresh = new Map<string, string>();
      follow(directory.snapshotEvents(), fresh);
      const topicsOf = (map: Map<string, string>): string[] =>
        [...map.keys()].filter((key) => key.startsWith('topic'));
      assert.equal(topicsOf(followed), topicsOf(fresh));
      assert.equal([...followed].toSorted(), [...fresh].toSorted());
    }),
  );
});

determinism('reads every entry back as it was written, from one text only', () => {
  assertProperty(
    fc.property(entry, (written) => {
      const body = encodeEntry(written);
      assert.ok(body !== undefined);
      // A copy of ordinary objects: generated ones may lack a prototype, which equality minds.
      const { tag, command: same } = written;
      assert.equal(decodeEntry(body), { ok: true, entry: { tag, command: { ...same } } });
      const spaced = new TextEncoder().encode(new TextDecoder().decode(body).replace(',', ', '));
      assert.is(decodeEntry(spaced).ok, false);
    }),
  );
});

determinism.run();

const codec = suite('entries as bytes');

codec('refuses what is no entry, and says why', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['{}', /not \[version/],
    ['[2,"",[2,"t"]]', /version is 2/],
    ['[1,"",[99,"t"]]', /no known message/],
    ['[1,"",[1,"t"]]', /fields/],
    ['[1,"",[1,"t",-1]]', /partitions/],
    ['[1,"",[7,9,"t"]]', /action/],
    ['[1,"",[2,"t"]] ', /canonical/],
    ['[1,"",[2,"\\u0074"]]', /canonical/],
  ];
  for (const [text, why] of refused) {
    const decoded = decodeEntry(new TextEncoder().encode(text));
    assert.is(decoded.ok, false, text);
    assert.match(decoded.ok ? '' : decoded.detail, why);
  }
  assert.is(decodeEntry(new Uint8Array([0xff, 0xfe])).ok, false);
});

codec('does not write down what could not be read back', () => {
  assert.is(
    encodeEntry({ tag: '', command: { kind: 'create-topic', name: 'a\ud800', partitions: 1 } }),
    undefined,
  );
  assert.is(
    encodeEntry({ tag: '', command: { kind: 'create-topic', name: 'a', partitions: 0.5 } }),
    undefined,
  );
  assert.is(encodeEntry({ tag: '', command: { kind: 'topic-ready', name: 'x'.repeat(5_000) } }), undefined);
});

codec('carries results between managers, and takes no code that it does not know', () => {
  const error = {
    code: 'overloaded',
    message: 'm',
    outcome: 'not_applied',
    retriable: true,
    retryAfterMs: 5,
  } as const;
  for (const result of [{ ok: true, partitions: 3 } as const, { ok: false, error } as const]) {
    assert.equal(directoryResultCodec.decode(directoryResultCodec.encode(result)), result);
  }
  assert.throws(() => directoryResultCodec.decode(['no_such_code', 'm', 1, true, null]), /error code/);
  assert.throws(() => directoryResultCodec.decode([]), /fields/);
});

codec.run();
