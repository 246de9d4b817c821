// Births, restarts and lost journals: what a manager does with the partition replicas of its node, and with its own failures.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

function create(cluster: Cluster, node: TestNode, name: string, partitions: number): void {
  assert.is(answered(cluster, node.change({ kind: 'create-topic', name, partitions }, 30_000)), 'ok');
}

/** Fails the manager the way that bad bytes under a reader do; its supervisor starts it again. */
function failManager(cluster: Cluster, node: TestNode): void {
  const before = node.actor('manager')?.incarnation ?? 0;
  cluster.mayFail = (actorId) => actorId === 'manager';
  node.send('manager', { kind: 'group-damage', index: 1 });
  cluster.until('the manager is back', () => (node.actor('manager')?.incarnation ?? 0) > before);
}

const births = suite('births of partition replicas');

births('are journaled on every node before the topic is answered', () => {
  const cluster = founded();
  create(cluster, cluster.node('n1'), 't', 4);
  cluster.until('all are born', () => cluster.nodes().every((node) => node.manager()['replicas'] === 4));
  for (const node of cluster.nodes()) node.crash();
  cluster.startAll();
  cluster.until('they run again', () =>
    cluster
      .nodes()
      .every((node) => [1, 2, 3, 4].every((group) => node.actor(`partition/${group}`) !== undefined)),
  );
});

births('happen after all, when a node dies between the entry and the birth', () => {
  const probe = founded({ seed: 'births' });
  const begun = probe.loop.executed;
  create(probe, probe.node('n1'), 't', 3);
  const events = probe.loop.executed - begun;
  for (let at = 1; at <= events; at += Math.max(1, Math.floor(events / 30))) {
    const cluster = founded({ seed: 'births' });
    const asked = cluster.node('n1').change({ kind: 'create-topic', name: 't', partitions: 3 }, 30_000);
    const end = cluster.loop.executed + at;
    while (cluster.loop.executed < end) cluster.loop.step();
    const dead = cluster.node('n3');
    dead.crash();
    assert.is(answered(cluster, asked), 'ok', `died after ${at} events`);
    dead.start();
    cluster.until('its replicas are born', () => dead.up && dead.manager()['replicas'] === 3);
  }
});

births('do not happen under the name of a wiped node: its old replicas stay out, and it says which', () => {
  const cluster = founded({ names: ['n1', 'n2', 'n3'] });
  create(cluster, cluster.node('n1'), 't', 2);
  const wiped = cluster.node('n3');
  wiped.crash();
  wiped.wipe();
  wiped.start();
  cluster.until('it knows what it is', () => wiped.up && wiped.manager()['verdict'] === 'journal-lost');
  assert.is(wiped.manager()['replicas'], 0);
  assert.is(wiped.actor('partition/1'), undefined);
});

births.run();

const restarts = suite('a manager that fails');

restarts('comes back with the whole directory and serves its node again', () => {
  const cluster = founded();
  create(cluster, cluster.node('n1'), 't', 2);
  for (const node of cluster.nodes()) {
    failManager(cluster, node);
    node.events.length = 0;
    node.subscribe();
    assert.is(answered(cluster, node.barrier(30_000)), 'ok');
    assert.ok(node.knows('topic t'));
    create(cluster, node, `after-${node.name}`, 1);
  }
});

restarts('hears again of the leaders that it had been told of, so that a creation ends', () => {
  const cluster = founded();
  // Only the primary can make the topic ready, and it does not hear of the partitions.
  cluster.drop = ({ message }) => (message as { readonly kind: string }).kind === 'partitions-ready';
  for (const node of cluster.nodes()) {
    const asked = node.change({ kind: 'create-topic', name: `t-${node.name}`, partitions: 3 }, 400);
    answered(cluster, asked);
  }
  cluster.pass(3_000);
  for (const node of cluster.nodes()) failManager(cluster, node);
  cluster.drop = () => false;
  cluster.until('all topics are ready', () =>
    cluster
      .nodes()
      .every(
        (node) => node.manager()['partitions'] === 9 && (node.manager()['creating'] as string[]).length === 0,
      ),
  );
});

restarts('does not found again while its list is on its way to the journal', () => {
  const probe = new Cluster({ seed: 'fence' }).startAll();
  probe.untilFounded();
  for (let at = 1; at <= probe.loop.executed; at += Math.max(1, Math.floor(probe.loop.executed / 30))) {
    const cluster = new Cluster({ seed: 'fence' }).startAll();
    while (cluster.loop.executed < at) cluster.loop.step();
    const first = cluster.node('n1');
    if (first.up) {
      cluster.mayFail = (actorId) => actorId === 'manager';
      // A message that no manager takes apart without failing.
      first.send('manager', { kind: 'founder-list', text: 7 });
    }
    cluster.until('a primary', () => cluster.primary() !== undefined);
    const ids = new Set(cluster.nodes().flatMap((node) => node.clusterIds));
    assert.is(ids.size, 1, `failed after ${at} events`);
  }
});

restarts('waits for what it had asked of a slow journal, and so draws up no second list', () => {
  const cluster = new Cluster().startAll();
  const first = cluster.node('n1');
  cluster.until('the list is on its way', () => first.up && first.manager()['state'] === 'saving');
  first.stallDisk(3_000);
  cluster.mayFail = (actorId) => actorId === 'manager';
  first.send('manager', { kind: 'founder-list', text: 7 });
  cluster.until('a primary', () => cluster.primary() !== undefined);
  cluster.pass(5_000);
  assert.is(new Set(cluster.nodes().map((node) => node.document('founders'))).size, 1);
});

restarts.run();

const subscribers = suite('subscribers');

subscribers(
  'are told the state once and then each change, and a second subscription replaces the first',
  () => {
    const cluster = founded();
    const node = cluster.node('n2');
    create(cluster, node, 't', 1);
    node.subscribe();
    node.subscribe();
    cluster.pass(100);
    const told = (): number => node.events.filter((event) => event.kind === 'topic').length;
    assert.is(told(), 3);
    create(cluster, node, 'u', 1);
    cluster.pass(100);
    assert.is(told(), 4);
    assert.is(node.manager()['subscribers'], 2);
  },
);

subscribers('never see a topic that is not ready', () => {
  const cluster = founded();
  cluster.drop = ({ to }) => to.id.startsWith('partition/');
  answered(cluster, cluster.node('n1').change({ kind: 'create-topic', name: 't', partitions: 1 }, 500));
  for (const node of cluster.nodes()) node.subscribe();
  cluster.pass(500);
  assert.not(cluster.nodes().some((node) => node.knows('topic t')));
});

subscribers.run();
