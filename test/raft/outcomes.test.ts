// What proposers are told: `not_applied` only of what is never committed. With five voters an entry that is cut off at the replica
// that proposed it may yet be committed, from a copy elsewhere.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { Cluster, idOf } from './harness.ts';
import { ticksOf } from './kit.ts';
import { Outcomes, type OutcomeOptions } from './outcomes.ts';
import { RandomRun } from './random-run.ts';

function writeAll(cluster: Cluster, node: number): void {
  let wrote = true;
  while (wrote) wrote = cluster.write(node);
}

/** Delivers what flies between these nodes, and what that brings about; all else is lost. */
function among(cluster: Cluster, nodes: readonly number[]): void {
  for (let rounds = 0; rounds < 50; rounds += 1) {
    const flying = cluster.flying.splice(0);
    for (const flight of flying) {
      if (nodes.includes(flight.from) && nodes.includes(flight.to)) cluster.hand(flight);
    }
    for (const node of nodes) writeAll(cluster, node);
    if (flying.length === 0 && cluster.flying.length === 0) return;
  }
  throw new Error('the group does not come to rest');
}

/** Node 1 proposes, only node 2 gets it; node 3 leads next and cuts it off at node 1, and at nobody else; then node 2 leads. */
function overtaken(options?: OutcomeOptions): Outcomes {
  const outcomes = new Outcomes(options);
  const cluster = new Cluster({ nodes: 5, random: () => () => 0, observers: [outcomes] });
  cluster.step(1, { kind: 'campaign' });
  cluster.settle();
  assert.equal(cluster.leaders(), [1]);
  cluster.propose(1, 'one copy elsewhere');
  among(cluster, [1, 2]);
  const { last } = cluster.raft(2).status();
  assert.is(last, 2);

  // Nobody tells node 1 of the election.
  for (const node of [2, 3, 4, 5]) ticksOf(cluster, node, 10);
  cluster.flying = [];
  cluster.step(3, { kind: 'campaign' });
  const bulk = cluster.members.map(({ node }) => `3>${node}`);
  for (const link of bulk) cluster.bulkCuts.add(link);
  cluster.bulkCuts.delete('3>1');
  const toFirst: typeof cluster.flying = [];
  for (let rounds = 0; rounds < 20; rounds += 1) {
    toFirst.push(...cluster.flying.filter(({ to }) => to === 1));
    cluster.flying = cluster.flying.filter(({ to }) => to !== 1);
    for (let count = cluster.flying.length; count > 0; count -= 1) cluster.deliver(0);
    for (const node of [2, 3, 4, 5]) writeAll(cluster, node);
  }
  assert.equal(cluster.leaders(), [1, 3]);
  const append = toFirst.find(({ message }) => message.kind === 'append' && message.from === idOf(3));
  assert.ok(append);
  cluster.hand(append);
  assert.equal(cluster.leaders(), [3]);
  assert.is(cluster.raft(1).termAt(last), cluster.raft(3).status().term, 'cut off where it was proposed');

  cluster.crash(3);
  cluster.crash(1);
  for (const node of [2, 4, 5]) ticksOf(cluster, node, 10);
  cluster.flying = [];
  cluster.step(2, { kind: 'campaign' });
  cluster.settle();
  assert.equal(cluster.leaders(), [2]);
  assert.ok(cluster.raft(2).status().commit > last, 'and committed elsewhere');
  return outcomes;
}

test('a proposal that is cut off where it was made ends unknown, for it may be committed from another copy', () => {
  const { counts } = overtaken();
  assert.equal(counts, { stored: 0, not_applied: 0, unknown: 1 });
});

test('the rule sees a shell that takes a truncation for the end of a proposal', () => {
  assert.throws(() => overtaken({ trustsTruncation: true }), /reported not_applied, and is committed now/);
});

test('what was reported not_applied is never committed, in random runs with five voters', () => {
  const seeds = repeats(60, 600);
  let stored = 0;
  let unknown = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { outcomes } = new RandomRun({ seed, steps: 3_000, damage: seed % 2 === 0, voters: 5 }).run();
    stored += outcomes.stored;
    unknown += outcomes.unknown;
  }
  assert.ok(stored > seeds, `proposals were stored: ${stored}`);
  assert.ok(unknown > seeds, `proposals were in doubt: ${unknown}`);
});

test('random runs with five voters see that shell too', () => {
  const outcomes = { trustsTruncation: true };
  const isCaught = (seed: number): boolean => {
    try {
      new RandomRun({ seed, steps: 3_000, damage: false, voters: 5, outcomes }).run();
      return false;
    } catch (error) {
      assert.match(String(error), /reported not_applied/);
      return true;
    }
  };
  const seeds = Array.from({ length: 100 }, (_, at) => at + 40);
  assert.ok(seeds.some(isCaught), 'it got away in every run');
});

test.run();
