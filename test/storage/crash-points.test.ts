// Dies between any two steps of the disk, also while starting and while compacting the journal, and comes back: what was
// answered is there, what was not is there in full or not at all, and the verdict is clean.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { TestNode } from './kit.ts';
import { Workload, live } from './workload.ts';

const test = suite('crash points');

/** Small enough for a compaction every few writes. */
const store = { journalBytes: 600 };

function dieAfter(steps: number, power: boolean, inFlight: 'lost' | 'applied', seed: string): boolean {
  const node = new TestNode(seed);
  const workload = new Workload({ node, seed, store });
  const finished = live(node, workload, 6, steps);
  node.crash(power, inFlight);
  // Twice: the second start must find what the first one found.
  for (let start = 0; start < 2; start += 1) {
    live(node, workload, start);
    node.crash(power, inFlight);
  }
  assert.is(workload.stats.damaged, 0);
  return finished;
}

for (const power of [false, true]) {
  for (const inFlight of ['lost', 'applied'] as const) {
    test(`${power ? 'power loss' : 'process death'}, the batch in flight ${inFlight}: at every step`, () => {
      for (let seed = 0; seed < repeats(4, 12); seed += 1) {
        let steps = 0;
        while (!dieAfter(steps, power, inFlight, String(seed))) steps += 1;
        assert.ok(steps > 20, `${String(steps)} steps`);
      }
    });
  }
}

test('many crashes in a row, at random steps', () => {
  for (let seed = 0; seed < repeats(20, 60); seed += 1) {
    const node = new TestNode(`row-${String(seed)}`);
    const workload = new Workload({ node, seed, store });
    for (let life = 0; life < 12; life += 1) {
      live(node, workload, 12, node.random.below(150));
      node.crash(node.random.chance(0.5));
    }
    assert.is(workload.stats.damaged, 0);
  }
});

test.run();
