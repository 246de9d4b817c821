// What a follower that lacks much costs over a way that reorders and repeats: the leader begins anew once for each append that is missed.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { Cluster, idOf } from './harness.ts';
import { led } from './kit.ts';
import { prng } from './random-run.ts';

const entries = 300;

/** Node 3 has lost all that it had, and does not know what it owes: until it is normal again, nothing that it takes is acknowledged. */
function behind(): Cluster {
  const cluster = led(3, { appendEntries: 1, inflightMessages: 64, inflightBytes: 1_000_000 });
  for (let count = 0; count < entries; count += 1) {
    cluster.propose(1, `${count}`);
    cluster.settle();
  }
  cluster.crash(3);
  const { disk } = cluster.member(3);
  disk.damage(new Map([...disk.entries.keys()].map((index) => [index, undefined])));
  disk.owed = { kind: 'unknown' };
  cluster.restart(3);
  cluster.step(1, { kind: 'restarted', peer: idOf(3) });
  return cluster;
}

/** Appends that reach it until node 3 is normal again. */
function heal(cluster: Cluster, random: () => number): number {
  let appends = 0;
  const below = (bound: number): number => Math.floor(random() * bound);
  for (let step = 1; step < 100_000; step += 1) {
    const { flying } = cluster;
    const at = random() < 0.9 ? 0 : below(Math.min(flying.length, 80));
    const flight = flying[at];
    if (flight === undefined || step % 400 === 0) {
      for (const { node } of cluster.members) cluster.step(node, { kind: 'tick' });
      continue;
    }
    if (random() < 0.05) flying.push(flight);
    if (flight.message.kind === 'append') appends += 1;
    cluster.deliver(at);
    for (const { node } of cluster.members) while (cluster.write(node) || cluster.load(node));
    if (!cluster.raft(3).status().damaged) return appends;
  }
  throw new Error(`not healed by ${appends} appends`);
}

test('a rejection of what was sent before the leader began anew does not make it begin anew again', () => {
  const runs = repeats(6, 60);
  let appends = 0;
  for (let seed = 1; seed <= runs; seed += 1) appends += heal(behind(), prng(seed));
  // One in ten is overtaken, and then all that is in flight behind it was in vain; twice as many where old rejections count too.
  const each = appends / runs / entries;
  assert.ok(each < 8, `${each.toFixed(1)} appends for each entry`);
});

test.run();
