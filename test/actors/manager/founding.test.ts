// How group 0 comes into the world, and that it does so once, whatever dies on the way (DESIGN section 8).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../../lib/effort.ts';
import { Cluster } from './cluster.ts';

/** All lists that were ever journaled must be one. */
function lists(cluster: Cluster): string[] {
  return [
    ...new Set(
      cluster
        .nodes()
        .map((node) => node.document('founders'))
        .filter((text) => text !== undefined),
    ),
  ];
}

/** At how many moments of a founding something happens. */
const MOMENTS = repeats(24, 120);
const founding = suite('founding');

founding('makes one directory of three nodes, with one cluster id', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  assert.is(lists(cluster).length, 1);
  assert.is(new Set(cluster.nodes().flatMap((node) => node.clusterIds)).size, 1);
  assert.match(cluster.node('n1').clusterIds[0] ?? '', /^[0-9a-f]{32}$/);
});

founding('waits neither for the next hello nor for an election timeout once all nodes are linked', () => {
  for (const seed of ['quick 1', 'quick 2', 'quick 3']) {
    const cluster = new Cluster({ seed });
    cluster.node('n1').start();
    cluster.node('n2').start();
    // By now the pauses between hellos are as long as they get.
    cluster.pass(10_000);
    cluster.node('n3').start();
    const before = cluster.loop.nowMicros;
    cluster.untilFounded();
    const ms = (cluster.loop.nowMicros - before) / 1_000;
    assert.ok(ms < cluster.limits.electionTicksMin * cluster.limits.tickMs, `${ms} ms`);
    assert.is(cluster.primary()?.name, 'n1');
  }
});

founding('makes a directory of a single node at once', () => {
  const cluster = new Cluster({ names: ['n1'] }).startAll();
  cluster.untilFounded();
  assert.equal(cluster.node('n1').manager()['members'], ['n1']);
});

founding('waits until all named nodes are there', () => {
  const cluster = new Cluster();
  cluster.node('n1').start();
  cluster.node('n2').start();
  cluster.pass(20_000);
  assert.is(cluster.node('n1').manager()['state'], 'looking');
  cluster.node('n3').start();
  cluster.untilFounded();
});

founding('is over after a restart of all nodes: the journaled list holds', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  const [before] = lists(cluster);
  for (const node of cluster.nodes()) node.crash();
  cluster.startAll();
  cluster.untilFounded();
  assert.equal(lists(cluster), [before]);
});

founding.run();

/** How many events founding takes; each is a place to die at. */
function eventsToFound(seed: string): number {
  const cluster = new Cluster({ seed }).startAll();
  cluster.untilFounded();
  return cluster.loop.executed;
}

function runTo(cluster: Cluster, events: number): void {
  while (cluster.loop.executed < events) cluster.loop.step();
}

const crashes = suite('founding with a crash at any step');

for (const victim of ['n1', 'n2', 'n3']) {
  crashes(`${victim} dies and comes back`, () => {
    const seed = `crash ${victim}`;
    const events = eventsToFound(seed);
    const stride = Math.max(1, Math.floor(events / MOMENTS));
    for (let at = 1; at < events; at += stride) {
      const cluster = new Cluster({ seed }).startAll();
      runTo(cluster, at);
      cluster.node(victim).crash();
      cluster.node(victim).start();
      cluster.untilFounded();
      assert.is(lists(cluster).length, 1, `${seed} at ${at}`);
    }
  });
}

crashes('all die at once and come back', () => {
  const seed = 'crash all';
  const events = eventsToFound(seed);
  const stride = Math.max(1, Math.floor(events / MOMENTS));
  for (let at = 1; at < events; at += stride) {
    const cluster = new Cluster({ seed }).startAll();
    runTo(cluster, at);
    for (const node of cluster.nodes()) node.crash();
    cluster.startAll();
    cluster.untilFounded();
    assert.is(lists(cluster).length, 1, `${seed} at ${at}`);
  }
});

crashes.run();

const wiped = suite('founding and lost disks');

for (const victim of ['n1', 'n2']) {
  wiped(
    `${victim} is wiped at any step: it founds again with the others, or stays out of what they have`,
    () => {
      const seed = `wipe ${victim}`;
      const events = eventsToFound(seed);
      const stride = Math.max(1, Math.floor(events / MOMENTS));
      const ends = new Set<string>();
      for (let at = 1; at < events; at += stride) {
        const cluster = new Cluster({ seed }).startAll();
        runTo(cluster, at);
        const node = cluster.node(victim);
        node.crash();
        node.wipe();
        node.start();
        cluster.until('an end', () =>
          cluster.nodes().every((each) => ['member', 'outsider'].includes(String(each.manager()['state']))),
        );
        assert.is(lists(cluster).length, 1, `${seed} at ${at}`);
        ends.add(String(node.manager()['state']));
      }
      assert.equal([...ends].toSorted(), ['member', 'outsider']);
    },
  );
}

wiped(
  'a wiped first node does not found again when the others have a list, and says that its journal is lost',
  () => {
    const cluster = new Cluster().startAll();
    cluster.untilFounded();
    const first = cluster.node('n1');
    first.crash();
    first.wipe();
    first.start();
    cluster.until('the verdict', () => first.up && first.manager()['verdict'] === 'journal-lost');
    assert.is(lists(cluster).length, 1);
    const asked = first.barrier();
    cluster.until('an answer', () => asked.answer !== undefined);
    assert.is(asked.answer?.error?.code, 'unavailable');
    assert.is(asked.answer?.error?.outcome, 'not_applied');
    // The others go on without it.
    const other = cluster.node('n2').barrier(20_000);
    cluster.until('an answer', () => other.answer !== undefined);
    assert.is(other.answer?.error, undefined);
  },
);

wiped('a hello that was meant for an earlier journal of the first node does not count', () => {
  const cluster = new Cluster();
  const replica = (letter: string): string => letter.repeat(32);
  const first = cluster.node('n1');
  first.start();
  cluster.until('the first node is up', () => first.up);
  for (const [node, letter] of [
    ['n2', 'b'],
    ['n3', 'c'],
  ] as const) {
    first.send('manager', { kind: 'founder-hello', node, replica: replica(letter), heard: replica('a') });
  }
  cluster.pass(5_000);
  assert.is(first.manager()['state'], 'looking');
  for (const [node, letter] of [
    ['n2', 'b'],
    ['n3', 'c'],
  ] as const) {
    first.send('manager', { kind: 'founder-hello', node, replica: replica(letter), heard: first.journal });
  }
  cluster.until('it has founded', () => first.manager()['state'] === 'member');
});

wiped('two nodes with one journal id do not make a cluster', () => {
  const cluster = new Cluster();
  const first = cluster.node('n1');
  first.start();
  cluster.until('the first node is up', () => first.up);
  for (const node of ['n2', 'n3']) {
    first.send('manager', { kind: 'founder-hello', node, replica: 'b'.repeat(32), heard: first.journal });
  }
  cluster.pass(5_000);
  assert.is(first.manager()['state'], 'looking');
  assert.ok(cluster.notes.some((note) => note.event === 'manager.cannot-found'));
});

wiped('a node that was not named learns the list and stays out', () => {
  const cluster = new Cluster().startAll();
  cluster.untilFounded();
  const stranger = cluster.addNode('n4');
  stranger.start();
  cluster.until('the verdict', () => stranger.up && stranger.manager()['verdict'] === 'not-a-member');
  assert.is(lists(cluster).length, 1);
});

wiped('what is no list is not taken for one', () => {
  const cluster = new Cluster();
  const node = cluster.node('n2');
  node.start();
  cluster.until('it is up', () => node.up);
  const id = 'a'.repeat(32);
  const texts = [
    '',
    '{',
    'null',
    '[]',
    '{"clusterId":"x","members":[]}',
    `{"clusterId":"${id}","members":[]}`,
  ];
  texts.push(`{"clusterId":"${id}","members":[{"node":"n1","replica":"1"}]}`);
  texts.push(
    `{"clusterId":"${id}","members":[{"node":"n1","replica":"${id}"},{"node":"n1","replica":"${'b'.repeat(32)}"}]}`,
  );
  for (const text of texts) node.send('manager', { kind: 'founder-list', text });
  cluster.pass(1_000);
  assert.is(node.manager()['state'], 'looking');
});

wiped.run();
