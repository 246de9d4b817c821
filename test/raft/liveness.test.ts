/** B10, B11, B12: whichever links are cut, and in which direction: where a majority can talk, it makes progress. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Cluster } from './harness.ts';
import { prng } from './random-run.ts';

function newCluster(nodes: number, seed: number): Cluster {
  return new Cluster({ nodes, random: (node) => prng(seed * 100 + node) });
}

/** Proposes wherever it can, for so many ticks; the highest commit index afterwards. */
function pass(cluster: Cluster, ticks: number): number {
  for (let left = ticks; left > 0; left -= 1) {
    for (const { node } of cluster.members) cluster.step(node, { kind: 'tick' });
    cluster.settle();
    for (const leader of cluster.leaders()) {
      if (cluster.raft(leader).refusal(1) === undefined) cluster.propose(leader, 'x');
    }
    cluster.settle();
  }
  return Math.max(...cluster.members.map(({ raft }) => raft?.status().commit ?? 0));
}

function makesProgress(cluster: Cluster, what: string): void {
  const before = pass(cluster, 150);
  assert.ok(pass(cluster, 60) > before, `no progress after ${before} with ${what} cut`);
}

function links(nodes: number): string[] {
  const all = Array.from({ length: nodes }, (_, at) => at + 1);
  return all.flatMap((from) => all.filter((to) => to !== from).map((to) => `${from}>${to}`));
}

/** Some majority in which everybody hears everybody. */
function hasQuorum(nodes: number, cuts: ReadonlySet<string>): boolean {
  for (let set = 0; set < 2 ** nodes; set += 1) {
    const members = Array.from({ length: nodes }, (_, at) => at + 1).filter(
      (node) => set & (1 << (node - 1)),
    );
    const whole = members.every((from) => members.every((to) => !cuts.has(`${from}>${to}`)));
    if (members.length * 2 > nodes && whole) return true;
  }
  return false;
}

test('B11: three nodes, every set of one-way cuts that leaves two connected', () => {
  const all = links(3);
  for (let set = 0; set < 2 ** all.length; set += 1) {
    const cuts = new Set(all.filter((_, at) => set & (1 << at)));
    if (!hasQuorum(3, cuts)) continue;
    const cluster = newCluster(3, set);
    pass(cluster, 30);
    for (const link of cuts) cluster.cuts.add(link);
    makesProgress(cluster, [...cuts].join(' '));
  }
});

test('B11: five nodes, random sets of one-way cuts, bridges among them, that leave three connected', () => {
  const random = prng(11);
  const all = links(5);
  for (let round = 0; round < 60; round += 1) {
    const share = random();
    const cuts = new Set(all.filter(() => random() < share));
    if (!hasQuorum(5, cuts)) continue;
    const cluster = newCluster(5, round);
    pass(cluster, 30);
    for (const link of cuts) cluster.cuts.add(link);
    makesProgress(cluster, [...cuts].join(' '));
  }
});

test('B12: who was cut off for long comes back without an election', () => {
  const cluster = newCluster(3, 5);
  pass(cluster, 60);
  const [leader = 0] = cluster.leaders();
  const away = (leader % 3) + 1;
  for (const link of links(3)) if (link.includes(String(away))) cluster.cuts.add(link);
  pass(cluster, 300);
  const { term } = cluster.raft(leader);
  cluster.cuts.clear();
  pass(cluster, 60);
  assert.equal([cluster.leaders(), cluster.raft(leader).term], [[leader], term]);
});

test('B10: higher term and shorter log against lower term and longer log, in every mixture', () => {
  const random = prng(10);
  for (let round = 0; round < 40; round += 1) {
    const cluster = newCluster(3, round);
    pass(cluster, 30);
    for (let times = 0; times < 6; times += 1) {
      cluster.cuts.clear();
      for (const link of links(3)) if (random() < 0.5) cluster.cuts.add(link);
      const node = 1 + Math.floor(random() * 3);
      const [leader] = cluster.leaders();
      if (leader !== undefined) cluster.step(leader, { kind: 'transfer', to: undefined });
      cluster.step(node, { kind: 'campaign' });
      pass(cluster, Math.floor(random() * 20));
    }
    cluster.cuts.clear();
    makesProgress(cluster, 'nothing');
  }
});

test.run();
