// The directory machine: topics, producers, consumers, brokers; S13 to S17 and S22 as far as they are decided here.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from '@callboard/client/protocol';
import { brokerState, type DirectoryCommand, type DirectoryMachine } from '../../src/directory/index.ts';
import { codeOf, id, machine, readyTopic, register } from './machines.ts';

function admin(
  on: DirectoryMachine,
  action: 'add' | 'remove' | 'activate' | 'deactivate',
  broker: string,
  tag = '',
): string {
  return codeOf(on.apply({ kind: 'admin', action, broker }, tag).result);
}

function state(of: DirectoryMachine, name: string): string {
  const broker = of.broker(name);
  return broker === undefined ? 'unknown' : brokerState(broker);
}

const topics = suite('topics');

topics('numbers groups from 1 in order of creation and never again', () => {
  const directory = machine();
  const groups = ['a', 'b'].flatMap((name) =>
    readyTopic(directory, name, 3).partitions.map((one) => one.group as number),
  );
  assert.equal(groups, [1, 2, 3, 4, 5, 6]);
  assert.is(directory.groups, 6);
});

topics('keeps a topic that is being created from producers and consumers (S14)', () => {
  const directory = machine();
  const creating = directory.apply({ kind: 'create-topic', name: 't', partitions: 2 });
  assert.equal(creating.result, { ok: true, partitions: 2 });
  assert.equal([...directory.creating()], ['t']);
  const command: DirectoryCommand = { kind: 'register-producer', id: id(1), topic: 't' };
  assert.is(codeOf(directory.apply(command).result), 'topic_not_found');
  directory.apply({ kind: 'topic-ready', name: 't' });
  assert.equal(directory.apply(command).result, { ok: true, partitions: 2 });
  assert.equal([...directory.creating()], []);
});

topics('tells of readiness once', () => {
  const directory = machine();
  readyTopic(directory, 't');
  assert.equal(directory.apply({ kind: 'topic-ready', name: 't' }), {
    result: { ok: true, partitions: 2 },
    events: [],
  });
  assert.is(codeOf(directory.apply({ kind: 'topic-ready', name: 'other' }).result), 'topic_not_found');
});

/** The node with this number says that its replicas of these groups are dead. */
function died(on: DirectoryMachine, node: number, groups: readonly number[]): readonly string[] {
  const applied = on.apply({ kind: 'replicas-died', replica: id(node), groups: groups.map(groupId) });
  assert.is(codeOf(applied.result), 'ok');
  return applied.events.map((event) => (event.kind === 'topic-gone' ? event.topic.name : event.kind));
}

topics(
  'removed: of no use at once, with all that was registered with it; the groups are never used again',
  () => {
    const directory = machine();
    readyTopic(directory, 't', 2);
    directory.apply({ kind: 'register-producer', id: id(1), topic: 't' });
    directory.apply({ kind: 'register-consumer', id: id(2), topic: 't' });
    const removed = directory.apply({ kind: 'remove-topic', name: 't' }, id(9));
    assert.equal(removed.result, { ok: true, partitions: 2 });
    assert.equal(
      removed.events.map((event) => (event.kind === 'topic' ? event.topic.state : event.kind)),
      ['deleting'],
    );
    assert.is(directory.topic('t'), undefined);
    for (const kind of ['register-producer', 'register-consumer', 'open-consumer'] as const) {
      assert.is(codeOf(directory.apply({ kind, id: id(3), topic: 't' }).result), 'topic_not_found');
    }
    // A retry of the same change is answered as the first try was.
    assert.equal(directory.apply({ kind: 'remove-topic', name: 't' }, id(9)), {
      result: removed.result,
      events: [],
    });
    // The ids of the old topic are free, so whoever still uses them is told so.
    assert.equal(
      directory.snapshotEvents().filter(({ kind }) => kind === 'producer' || kind === 'consumer'),
      [],
    );
    assert.equal(died(directory, 1, [1, 2]), []);
    assert.equal(died(directory, 3, [1, 2]), ['t']);
    const namesake = readyTopic(directory, 't', 1);
    assert.equal(
      namesake.partitions.map(({ group }) => group as number),
      [3],
    );
  },
);

topics(
  'S24: a removed name is free once a majority of each group has died, and says until then how far it is',
  () => {
    const directory = machine();
    const create = (): string =>
      codeOf(directory.apply({ kind: 'create-topic', name: 't', partitions: 1 }).result);
    readyTopic(directory, 't', 2);
    directory.apply({ kind: 'remove-topic', name: 't' });
    assert.equal(directory.removal('t'), { partitions: 2, over: 0, waitsFor: ['b1', 'b2', 'b3'] });
    assert.equal(died(directory, 1, [1, 2]), []);
    // Said twice, by somebody else, or of something else: counts for nothing.
    assert.equal(died(directory, 1, [1, 2]), []);
    assert.equal(died(directory, 7, [1, 2]), []);
    assert.equal(died(directory, 2, [7]), []);
    assert.equal(died(directory, 2, [2]), []);
    assert.equal(directory.removal('t'), { partitions: 2, over: 1, waitsFor: ['b2', 'b3'] });
    const refused = directory.apply({ kind: 'create-topic', name: 't', partitions: 1 }).result;
    assert.ok(!refused.ok && refused.error.code === 'topic_deleting' && !refused.error.retriable);
    assert.match(refused.ok ? '' : refused.error.message, /1 of 2 partitions .* wait for 'b2', 'b3'/);
    assert.match(refused.ok ? '' : refused.error.message, /topic rm t --force/);
    // Asked for again it is the same removal.
    assert.equal(directory.apply({ kind: 'remove-topic', name: 't' }).result, { ok: true, partitions: 2 });
    assert.equal(
      [...directory.deleting()].map(({ name }) => name),
      ['t'],
    );
    assert.equal(died(directory, 3, [1]), ['t']);
    assert.equal([...directory.deleting()], []);
    assert.is(codeOf(directory.apply({ kind: 'remove-topic', name: 't' }).result), 'topic_not_found');
    assert.is(create(), 'ok');
    // A late word, of what was removed before, does not touch the namesake.
    assert.equal(died(directory, 2, [1]), []);
    assert.is(directory.topic('t')?.state, 'creating');
  },
);

topics('a word under a new journal is no word of the replica that was placed', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  register(directory, 2, false, id(102));
  directory.apply({ kind: 'remove-topic', name: 't' });
  died(directory, 1, [1]);
  assert.equal(died(directory, 102, [1]), []);
  assert.equal(directory.removal('t')?.waitsFor, ['b2', 'b3']);
});

topics('a removal is forced only when all that is missing was removed by an admin', () => {
  const directory = machine(5);
  const [placement] = readyTopic(directory, 't', 1).partitions;
  const [one, two, three] = placement?.replicas.map(({ node }) => node) ?? [];
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const force = () => directory.apply({ kind: 'remove-topic', name: 't', force: true });
  // Of a topic that stands it begins the removal, and forces nothing.
  admin(directory, 'remove', two);
  assert.is(codeOf(force().result), 'ok');
  assert.ok(directory.removal('t'));
  died(directory, Number(one.slice(1)), [1]);
  directory.apply({ kind: 'set-alive', broker: three, alive: false });
  const refused = force().result;
  assert.is(codeOf(refused), 'broker_not_removed');
  assert.match(refused.ok ? '' : refused.error.message, new RegExp(`waits for '${three}', which`));
  assert.ok(directory.removal('t'));
  admin(directory, 'remove', three);
  const forced = force();
  assert.equal(forced.result, { ok: true, partitions: 1 });
  assert.equal(
    forced.events.map(({ kind }) => kind),
    ['topic-gone'],
  );
  assert.is(codeOf(force().result), 'topic_not_found');
});

topics('lists the groups of everything that is there, being created and being deleted', () => {
  const directory = machine();
  readyTopic(directory, 'a', 2);
  readyTopic(directory, 'b', 1);
  directory.apply({ kind: 'create-topic', name: 'c', partitions: 1 });
  directory.apply({ kind: 'remove-topic', name: 'b' });
  assert.equal([...directory.listedGroups()].toSorted(), [1, 2, 3, 4]);
  for (const node of [1, 2]) died(directory, node, [3]);
  assert.equal([...directory.listedGroups()].toSorted(), [1, 2, 4]);
  assert.is(directory.groups, 4);
});

topics('that are being created can be removed: they may wait for brokers that never come back', () => {
  const directory = machine();
  directory.apply({ kind: 'create-topic', name: 't', partitions: 1 });
  assert.equal(directory.apply({ kind: 'remove-topic', name: 't' }).result, { ok: true, partitions: 1 });
  assert.equal([...directory.creating()], []);
  assert.is(codeOf(directory.apply({ kind: 'topic-ready', name: 't' }).result), 'topic_not_found');
  died(directory, 1, [1]);
  assert.equal(died(directory, 2, [1]), ['t']);
  const again = directory.apply({ kind: 'create-topic', name: 't', partitions: 1 });
  assert.equal(again.result, { ok: true, partitions: 1 });
});

topics('a tagged change is decided once, also where it was refused', () => {
  const directory = machine();
  readyTopic(directory, 't', 1);
  const create = { kind: 'create-topic', name: 't', partitions: 1 } as const;
  const refused = directory.apply(create, id(5)).result;
  assert.is(codeOf(refused), 'topic_exists');
  directory.apply({ kind: 'remove-topic', name: 't' }, id(6));
  for (const node of [1, 2]) died(directory, node, [1]);
  assert.equal(directory.decided(id(5)), refused);
  assert.equal(directory.apply(create, id(5)).result, refused, 'a try that comes late does nothing');
  assert.is(directory.topic('t'), undefined);
  assert.is(codeOf(directory.apply(create, id(7)).result), 'ok', 'another call is another change');
  assert.is(directory.decided(id(8)), undefined);
});

topics(
  'take up room until a majority is dead, whoever else never answers, and their load only until they are removed',
  () => {
    const directory = machine(3, { clusterPartitions: 3 });
    const create = (partitions: number): string =>
      codeOf(directory.apply({ kind: 'create-topic', name: 'b', partitions }).result);
    readyTopic(directory, 'a', 2);
    directory.apply({ kind: 'remove-topic', name: 'a' });
    assert.is(create(2), 'limit_reached');
    for (const node of [1, 2]) died(directory, node, [1, 2]);
    assert.is(create(4), 'limit_reached');
    assert.is(create(3), 'ok');
    const leads = directory.topic('b')?.partitions.map(({ replicas }) => replicas[0]?.node);
    assert.equal(leads?.toSorted(), ['b1', 'b2', 'b3']);
  },
);

topics('refuses a second topic of the same name, also while the first is being created', () => {
  const directory = machine();
  directory.apply({ kind: 'create-topic', name: 't', partitions: 1 });
  assert.is(
    codeOf(directory.apply({ kind: 'create-topic', name: 't', partitions: 1 }).result),
    'topic_exists',
  );
});

topics('answers a retry of the same creation as it answered the creation', () => {
  const directory = machine();
  const create: DirectoryCommand = { kind: 'create-topic', name: 't', partitions: 4 };
  const first = directory.apply(create, id(7));
  const hash = directory.stateHash();
  assert.equal(directory.apply(create, id(7)), { result: first.result, events: [] });
  assert.is(directory.stateHash(), hash);
  assert.is(codeOf(directory.apply(create, id(8)).result), 'topic_exists');
});

topics('forgets only the oldest tags', () => {
  const directory = machine(3, { directoryTags: 2 });
  for (const n of [1, 2, 3]) directory.apply({ kind: 'create-topic', name: `t${n}`, partitions: 1 }, id(n));
  const retry = (n: number): string =>
    codeOf(directory.apply({ kind: 'create-topic', name: `t${n}`, partitions: 1 }, id(n)).result);
  assert.equal([retry(1), retry(2), retry(3)], ['topic_exists', 'ok', 'ok']);
});

topics('refusals do not push out what was done, and the oldest of them are forgotten', () => {
  const directory = machine(3, { directoryTags: 2 });
  const create = (name: string, n: number): string =>
    codeOf(directory.apply({ kind: 'create-topic', name, partitions: 1 }, id(n)).result);
  assert.is(create('t', 1), 'ok');
  for (const n of [2, 3, 4]) assert.is(create('t', n), 'topic_exists');
  assert.is(create('t', 1), 'ok');
  assert.is(create('free', 4), 'topic_exists');
  assert.is(create('free', 2), 'ok');
});

topics('takes the names that the rule takes and no others', () => {
  const directory = machine();
  const code = (name: string): string =>
    codeOf(directory.apply({ kind: 'create-topic', name, partitions: 1 }).result);
  for (const good of ['a', 'A.b_c-d:e', '.a', 'x'.repeat(200), '0']) assert.is(code(good), 'ok', good);
  for (const bad of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(201), 'a\n', 'a\u0000']) {
    assert.is(code(bad), 'bad_request', JSON.stringify(bad));
  }
});

topics('bounds the partitions of a topic and of the cluster', () => {
  const directory = machine(3, { topicPartitions: 4, clusterPartitions: 6 });
  const code = (name: string, partitions: number): string =>
    codeOf(directory.apply({ kind: 'create-topic', name, partitions }).result);
  for (const bad of [0, -1, 1.5, 5, Number.NaN]) assert.is(code('bad', bad), 'bad_request', String(bad));
  assert.is(code('a', 4), 'ok');
  assert.is(code('b', 3), 'limit_reached');
  assert.is(code('b', 2), 'ok');
  assert.is(directory.groups, 6);
});

topics('lists topics in one order, whether from events or from the state', () => {
  const directory = machine();
  const seen: string[] = [];
  const run = (command: DirectoryCommand): void => {
    for (const event of directory.apply(command).events) {
      if (event.kind === 'topic' && event.topic.state === 'ready') seen.push(event.topic.name);
    }
  };
  for (const name of ['first', 'second', 'third']) run({ kind: 'create-topic', name, partitions: 1 });
  for (const name of ['second', 'third', 'first']) run({ kind: 'topic-ready', name });
  const listed = directory
    .snapshotEvents()
    .flatMap((event) => (event.kind === 'topic' ? [event.topic.name] : []));
  assert.equal(listed, seen);
});

topics.run();

const ids = suite('S22 producers and consumers');

ids('takes each id once, and again without complaint', () => {
  const directory = machine();
  readyTopic(directory, 't', 3);
  readyTopic(directory, 'u');
  for (const kind of ['register-producer', 'register-consumer'] as const) {
    const first = directory.apply({ kind, id: id(1), topic: 't' });
    assert.is(first.events.length, 1);
    assert.equal(directory.apply({ kind, id: id(1), topic: 't' }), { result: first.result, events: [] });
    assert.is(codeOf(directory.apply({ kind, id: id(1), topic: 'u' }).result), 'bad_request');
    assert.is(codeOf(directory.apply({ kind, id: 'ABC', topic: 't' }).result), 'bad_request');
    assert.is(codeOf(directory.apply({ kind, id: id(2), topic: 'none' }).result), 'topic_not_found');
  }
});

ids('bounds both tables, and still answers for ids that are there', () => {
  const directory = machine(3, { directoryProducers: 1, directoryConsumers: 2 });
  readyTopic(directory, 't');
  const code = (kind: 'register-producer' | 'register-consumer', n: number): string =>
    codeOf(directory.apply({ kind, id: id(n), topic: 't' }).result);
  assert.equal(
    [1, 2, 1].map((n) => code('register-producer', n)),
    ['ok', 'limit_reached', 'ok'],
  );
  assert.equal(
    [1, 2, 3].map((n) => code('register-consumer', n)),
    ['ok', 'ok', 'limit_reached'],
  );
});

ids.run();

const brokers = suite('S17 brokers');

brokers('makes a node that presents itself a broker, unless it is manual', () => {
  const directory = machine(1);
  register(directory, 2, true);
  assert.equal([state(directory, 'b1'), state(directory, 'b2')], ['active', 'unknown']);
  assert.is(admin(directory, 'add', 'b2'), 'ok');
  assert.is(state(directory, 'b2'), 'active');
  assert.is(directory.broker('b2')?.url, 'http://h2:8080');
});

brokers('registers an unknown name as not alive until a node of that name appears', () => {
  const directory = machine(0);
  assert.is(admin(directory, 'add', 'b1'), 'ok');
  assert.is(state(directory, 'b1'), 'inactive');
  directory.apply({ kind: 'set-alive', broker: 'b1', alive: true });
  assert.is(state(directory, 'b1'), 'inactive');
  register(directory, 1, true);
  assert.is(state(directory, 'b1'), 'active');
});

brokers('a broker that no node ever had is gone as soon as it is removed, and its place is free', () => {
  const directory = machine(0, { directoryBrokers: 1 });
  assert.is(admin(directory, 'add', 'typo'), 'ok');
  const { events } = directory.apply({ kind: 'admin', action: 'remove', broker: 'typo' });
  assert.equal(events, [{ kind: 'broker-gone', broker: 'typo' }]);
  assert.is(state(directory, 'typo'), 'unknown');
  assert.is(admin(directory, 'add', 'b1'), 'ok');
});

brokers('never places on a broker without a node, or on one that is leaving', () => {
  const directory = machine(3);
  admin(directory, 'add', 'nobody');
  admin(directory, 'remove', 'b3');
  assert.is(
    codeOf(directory.apply({ kind: 'create-topic', name: 't', partitions: 1 }).result),
    'not_enough_brokers',
  );
  register(directory, 4);
  const nodes = readyTopic(directory, 't', 1).partitions[0]?.replicas.map((one) => one.node);
  assert.equal(nodes, ['b1', 'b2', 'b4']);
});

brokers('follows health, and lets an admin overrule it', () => {
  const directory = machine(1);
  const health = (alive: boolean): string => {
    directory.apply({ kind: 'set-alive', broker: 'b1', alive });
    return state(directory, 'b1');
  };
  assert.equal([health(false), health(true)], ['inactive', 'active']);
  assert.is(admin(directory, 'deactivate', 'b1'), 'ok');
  assert.equal([health(false), health(true)], ['inactive', 'inactive']);
  assert.is(admin(directory, 'deactivate', 'b1'), 'ok');
  assert.is(admin(directory, 'activate', 'b1'), 'ok');
  assert.is(admin(directory, 'activate', 'b1'), 'ok');
  assert.is(state(directory, 'b1'), 'active');
});

brokers("keeps an admin's word over a restart and a new journal of the node", () => {
  const directory = machine(3);
  readyTopic(directory, 't', 1);
  admin(directory, 'deactivate', 'b1');
  admin(directory, 'remove', 'b2');
  register(directory, 1, false, id(101));
  register(directory, 2);
  assert.is(state(directory, 'b1'), 'inactive');
  assert.is(state(directory, 'b2'), 'leaving');
  assert.is(directory.broker('b1')?.replica, id(101));
  assert.is(directory.node('b1')?.replica, id(101));
  assert.is(directory.topic('t')?.partitions[0]?.replicas[0]?.replica, id(1));
});

brokers('answers the admin calls as documented', () => {
  const directory = machine(1);
  const all = ['add', 'remove', 'activate', 'deactivate'] as const;
  assert.equal(
    all.slice(1).map((action) => admin(directory, action, 'x')),
    Array(3).fill('broker_not_found'),
  );
  assert.is(admin(directory, 'add', 'b1'), 'broker_exists');
  assert.is(admin(directory, 'remove', 'b1'), 'ok');
  assert.equal(
    all.slice(1).map((action) => admin(directory, action, 'b1')),
    Array(3).fill('broker_not_found'),
  );
  assert.is(admin(directory, 'add', 'b1'), 'ok');
  assert.is(state(directory, 'b1'), 'active');
  for (const bad of ['', 'x'.repeat(201), 'a\tb']) assert.is(admin(directory, 'add', bad), 'bad_request');
});

brokers('applies a tagged admin change once, whatever came between it and its retry', () => {
  const directory = machine(0);
  assert.is(admin(directory, 'add', 'b1', id(1)), 'ok');
  assert.is(admin(directory, 'remove', 'b1', id(2)), 'ok');
  assert.is(admin(directory, 'add', 'b1', id(1)), 'ok');
  assert.is(state(directory, 'b1'), 'unknown');
});

brokers('bounds the table of brokers', () => {
  const directory = machine(0, { directoryBrokers: 1 });
  assert.is(admin(directory, 'add', 'b1'), 'ok');
  assert.is(admin(directory, 'add', 'b2'), 'limit_reached');
  assert.is(codeOf(register(directory, 2)), 'limit_reached');
  assert.is(codeOf(register(directory, 1)), 'ok');
});

brokers('spreads over what is loaded least, and starts each group at the least preferred', () => {
  const directory = machine(4);
  const first = readyTopic(directory, 't', 4).partitions.map((one) => one.replicas[0]?.node);
  assert.is(new Set(first).size, 4);
});

brokers.run();
