// Removed topics: answered when a majority of each partition is dead (S24), deleted everywhere in the end, and a namesake is another topic.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import type { DirectoryCommand } from '../../../src/directory/index.ts';
import { refTo } from '../../../src/kernel/index.ts';
import { groupId, replicaId } from '@callboard/client/protocol';
import { Cluster, outcomeOf, type Asked, type TestNode } from './cluster.ts';

function founded(options: ConstructorParameters<typeof Cluster>[0] = {}): Cluster {
  const cluster = new Cluster(options).startAll();
  cluster.untilFounded();
  return cluster;
}

function answered(cluster: Cluster, asked: Asked): string {
  cluster.until('an answer', () => asked.answer !== undefined);
  return outcomeOf(asked) ?? '';
}

function create(cluster: Cluster, name: string, partitions = 2): void {
  const asked = cluster.node('n1').change({ kind: 'create-topic', name, partitions }, 30_000);
  assert.is(answered(cluster, asked), 'ok');
}

function remove(cluster: Cluster, node: TestNode, name: string): string {
  return answered(cluster, node.change({ kind: 'remove-topic', name }, 30_000));
}

function topicState(node: TestNode, name: string): string | undefined {
  const event = node.last(`topic ${name}`);
  return event?.kind === 'topic' ? event.topic.state : undefined;
}

function deleting(node: TestNode): readonly unknown[] {
  return (node.manager()['deleting'] as unknown[] | undefined) ?? [];
}

/** Nothing of these groups runs or is journaled as living, and the directory has let go of them. */
function isGone(node: TestNode, groups: readonly number[]): boolean {
  const replicas = groups.every((group) => node.actor(`partition/${group}`) === undefined);
  const births = groups.every((group) => !node.births().includes(group));
  return node.up && replicas && births && deleting(node).length === 0;
}

const test = suite('removed topics');

test('are unknown on every node when the removal is answered, and deleted everywhere soon after', () => {
  const cluster = founded();
  create(cluster, 'kept', 1);
  create(cluster, 't', 2);
  assert.is(remove(cluster, cluster.node('n2'), 't'), 'ok');
  for (const node of cluster.nodes()) assert.is(topicState(node, 't'), 'deleting', node.name);
  cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [2, 3])));
  for (const node of cluster.nodes()) assert.equal(node.births(), [0, 1]);
  assert.is(remove(cluster, cluster.node('n1'), 't'), 'topic_not_found not_applied');
});

test('leave their name to a namesake, whose groups are its own', () => {
  const cluster = founded();
  for (const groups of [[1, 2], [3], [4, 5, 6]]) {
    create(cluster, 't', groups.length);
    const event = cluster.node('n1').last('topic t');
    assert.equal(
      event?.kind === 'topic' ? event.topic.partitions.map(({ group }) => group as number) : [],
      groups,
    );
    assert.is(remove(cluster, cluster.node('n3'), 't'), 'ok');
  }
  cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [1, 2, 3, 4, 5, 6])));
});

test('are deleted by a broker that was down when it is back, and wait for a majority only', () => {
  const cluster = founded();
  create(cluster, 't', 2);
  const late = cluster.node('n3');
  cluster.until('all are born', () => late.births().length === 3);
  late.crash();
  assert.is(remove(cluster, cluster.node('n1'), 't'), 'ok');
  for (const node of [cluster.node('n1'), cluster.node('n2')]) assert.ok(isGone(node, [1, 2]));
  create(cluster, 't', 1);
  assert.is(remove(cluster, cluster.node('n1'), 't'), 'ok');
  late.start();
  cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [1, 2, 3])));
});

test('S24: are not answered for while a majority is missing: the call ends in doubt, and a repeat of it joins', () => {
  const cluster = founded();
  create(cluster, 't', 2);
  cluster.until('all are born', () => cluster.nodes().every((node) => node.births().length === 3));
  // Everybody hears of the removal, but the disks of two take their time to forget.
  for (const name of ['n2', 'n3']) cluster.node(name).holdDeaths(true);
  const [one, two] = [cluster.node('n1'), cluster.node('n2')];
  const removal = { kind: 'remove-topic', name: 't' } as const;
  const first = one.change(removal, 3_000);
  assert.is(answered(cluster, first), 'timeout unknown');
  assert.match(first.answer?.error?.message ?? '', /0 of 2 partitions .* 'n2', 'n3'/);
  const again = one.change({ kind: 'create-topic', name: 't', partitions: 1 }, 3_000);
  assert.is(answered(cluster, again), 'topic_deleting not_applied');
  assert.is(deleting(two).length, 1);
  const repeat = two.change(removal, 30_000);
  cluster.pass(2_000);
  assert.is(repeat.answer, undefined);
  // Another primary knows what this one knew.
  const primary = cluster.primary();
  assert.ok(primary);
  if (primary !== one) primary.crash();
  else one.crash();
  cluster.pass(5_000);
  for (const node of cluster.nodes()) if (node.up) node.holdDeaths(false);
  primary.start();
  cluster.until('it is gone', () => cluster.nodes().every((node) => isGone(node, [1, 2])));
  if (primary !== two) assert.is(answered(cluster, repeat), 'ok');
  create(cluster, 't', 1);
});

test('forced: a removal does without brokers that are gone for good, once an admin has removed them', () => {
  const cluster = founded();
  create(cluster, 't', 1);
  cluster.until('all are born', () => cluster.nodes().every((node) => node.births().length === 2));
  for (const name of ['n2', 'n3']) cluster.node(name).holdDeaths(true);
  const node = cluster.node('n1');
  const call = (command: DirectoryCommand): string => answered(cluster, node.change(command, 3_000));
  const force = { kind: 'remove-topic', name: 't', force: true } as const;
  assert.is(call(force), 'timeout unknown');
  assert.is(call({ kind: 'admin', action: 'remove', broker: 'n2' }), 'ok');
  assert.is(call(force), 'broker_not_removed not_applied');
  assert.is(call({ kind: 'admin', action: 'remove', broker: 'n3' }), 'ok');
  assert.is(call(force), 'ok');
  assert.is(deleting(node).length, 0);
});

test('a replica of a group that a confirmed directory does not list is deleted, and no other', () => {
  const cluster = founded({
    names: ['n1', 'n2', 'n3', 'n4', 'n5'],
    limits: { managerStragglersMs: 3_000 },
  });
  create(cluster, 't', 1);
  const event = cluster.node('n1').last('topic t');
  const placed = event?.kind === 'topic' ? (event.topic.partitions[0]?.replicas ?? []) : [];
  const other = cluster.nodes().find(({ name }) => placed.every(({ node }) => node !== name));
  assert.ok(other);
  // A replica here that the directory has placed elsewhere only: as one that was moved away while this node was cut off.
  const members = JSON.stringify([...placed.slice(1), { node: other.name, replica: other.journal }]);
  const birth = { group: groupId(1), replica: replicaId(other.journal), members };
  const born = { kind: 'log-birth', replyTo: refTo(other.name, 'manager'), births: [birth] } as const;
  other.send<LogWriterMessage>('log-writer', born);
  cluster.until('it is born', () => other.births().includes(1));
  cluster.mayFail = (actorId) => actorId === 'manager';
  other.send('manager', { kind: 'founder-list', text: 7 });
  cluster.until('it runs', () => other.actor('partition/1') !== undefined);
  cluster.pass(10_000);
  assert.ok(other.births().includes(1), 'the topic is there');
  // What is not confirmed proves nothing.
  cluster.isolate(other.name);
  const [primary] = cluster.nodes().filter(({ name }) => name !== other.name);
  assert.ok(primary);
  assert.is(remove(cluster, primary, 't'), 'ok');
  cluster.pass(20_000);
  assert.ok(other.births().includes(1), 'nothing is confirmed');
  cluster.heal();
  cluster.until('it is gone', () => !other.births().includes(1));
  assert.ok(
    cluster.notes.some(({ node, event: note }) => node === other.name && note === 'manager.straggler'),
  );
});

test('are not born again when a restarted node reads the directory from its beginning', () => {
  const cluster = founded();
  create(cluster, 'gone', 2);
  create(cluster, 'kept', 1);
  assert.is(remove(cluster, cluster.node('n1'), 'gone'), 'ok');
  cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [1, 2])));
  for (const node of cluster.nodes()) node.crash();
  cluster.startAll();
  let born = 0;
  cluster.until('they have caught up', () => {
    const births = cluster.nodes().flatMap((node) => node.births());
    born += births.filter((group) => group === 1 || group === 2).length;
    return cluster.nodes().every((node) => node.up && topicState(node, 'kept') === 'ready');
  });
  assert.is(born, 0);
  assert.ok(cluster.nodes().every((node) => node.actor('partition/3') !== undefined));
});

test('are deleted after all, when a node dies at any point of it', () => {
  const prepare = (): Cluster => {
    const cluster = founded({ seed: 'removal' });
    create(cluster, 't', 2);
    cluster.until('all are born', () => cluster.nodes().every((node) => node.births().length === 3));
    return cluster;
  };
  const probe = prepare();
  const begun = probe.loop.executed;
  assert.is(remove(probe, probe.node('n1'), 't'), 'ok');
  probe.until('all is deleted', () => probe.nodes().every((node) => isGone(node, [1, 2])));
  const events = probe.loop.executed - begun;
  for (let at = 1; at <= events; at += Math.max(1, Math.floor(events / 25))) {
    const cluster = prepare();
    const asked = cluster.node('n1').change({ kind: 'remove-topic', name: 't' }, 30_000);
    const end = cluster.loop.executed + at;
    while (cluster.loop.executed < end) cluster.loop.step();
    const dead = cluster.node('n3');
    dead.crash();
    assert.is(answered(cluster, asked), 'ok', `died after ${at} events`);
    dead.start();
    cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [1, 2])));
  }
});

test('are deleted after all, when the managers fail', () => {
  const cluster = founded();
  create(cluster, 't', 2);
  cluster.mayFail = (actorId) => actorId === 'manager';
  const primary = cluster.primary();
  assert.ok(primary);
  // Of the others' words none arrives.
  cluster.drop = ({ message }) => {
    const { kind, command } = message as { readonly kind: string; readonly command?: DirectoryCommand };
    return kind === 'primary-change' && command?.kind === 'replicas-died';
  };
  const asked = primary.change({ kind: 'remove-topic', name: 't' }, 3_000);
  assert.is(answered(cluster, asked), 'timeout unknown');
  assert.is(deleting(primary).length, 1);
  for (const node of cluster.nodes()) node.send('manager', { kind: 'group-damage', index: 1 });
  cluster.pass(2_000);
  cluster.drop = () => false;
  cluster.until('all is deleted', () => cluster.nodes().every((node) => isGone(node, [1, 2])));
});

test('do not wait for a node that lost its journal, and cost no room for its sake', () => {
  const cluster = founded();
  create(cluster, 't', 1);
  const wiped = cluster.node('n3');
  wiped.crash();
  wiped.wipe();
  wiped.start();
  cluster.until('it knows what it is', () => wiped.up && wiped.manager()['verdict'] === 'journal-lost');
  assert.is(remove(cluster, cluster.node('n1'), 't'), 'ok');
  assert.ok(isGone(cluster.node('n1'), [1]) && isGone(cluster.node('n2'), [1]));
});

test.run();
