/**
 * Random runs of the core in a group: loss, repetition, reordering, very late messages, crashes with lost writes, damage;
 * every rule of the Raft paper's figure 3 is checked after each step, and at the end the group must come to rest.
 * RAFT_SEEDS and RAFT_FIRST_SEED choose others.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { repeats } from '../lib/effort.ts';
import { RandomRun } from './random-run.ts';

const seeds = Number(process.env['RAFT_SEEDS'] ?? repeats(100, 400));
const first = Number(process.env['RAFT_FIRST_SEED'] ?? 1);

function runAll(damage: boolean): { committed: number; reads: number; heals: number } {
  const sum = { committed: 0, reads: 0, heals: 0 };
  for (let seed = first; seed < first + seeds; seed += 1) {
    try {
      const report = new RandomRun({ seed, steps: 3_000, damage }).run();
      sum.committed += report.committed;
      sum.reads += report.reads;
      sum.heals += report.heals;
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`seed ${seed}${damage ? ' with damage' : ''}: ${text}`, { cause: error });
    }
  }
  return sum;
}

test('figure 3: the safety rules hold in random runs, and the group always comes to rest', () => {
  const { committed, reads } = runAll(false);
  assert.ok(committed > seeds * 10, `the runs commit something: ${committed}`);
  assert.ok(reads > seeds, `the runs read something: ${reads}`);
});

test('S20: damaged replicas heal in random runs, and nothing committed is lost or changed', () => {
  const { committed, heals } = runAll(true);
  assert.ok(committed > seeds * 10, `the runs commit something: ${committed}`);
  assert.ok(heals > seeds / 10, `the runs heal something: ${heals}`);
});

test.run();
