// timeout: 600 s
// weight: heavy
import process from 'node:process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runRange } from '../../sim/range.ts';
import { full, repeats } from '../lib/effort.ts';

/** One is run beside the directed scenarios; from twenty on they are judged by how much they have tried. `TEST_SIM_SEEDS=1..200` runs more. */
const usual = full ? '1..60' : '2..2';
const range = /^(\d+)\.\.(\d+)$/.exec(process.env['TEST_SIM_SEEDS'] ?? usual);

test('a range of seeds runs without a violation, with enough faults and enough records', async () => {
  assert.ok(range, 'TEST_SIM_SEEDS is a range such as 1..200');
  const lines: string[] = [];
  const verdict = await runRange({
    first: Number(range[1]),
    last: Number(range[2]),
    minutes: repeats(3, 10),
    workers: 2,
    say: (line) => void lines.push(line),
  });
  process.stdout.write(`${lines.join('\n')}\n`);
  assert.equal(
    verdict.totals.failed.map(({ seed, violations }) => ({ seed, violations })),
    [],
  );
  assert.equal(verdict.unequal, []);
  assert.equal(verdict.shortfalls, []);
});

test.run();
