// weight: heavy
// timeout: 1200 s
/**
 * The whole cluster under a range of seeds, with all checkers. CALLBOARD_SIM_SEEDS says how many seeds of ten simulated minutes;
 * the floors (how often each fault must fire, how many records must be checked) grow with it.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runRange } from '../../sim/range.ts';

const test = suite('simulated clusters');
const seeds = Number(process.env['CALLBOARD_SIM_SEEDS'] ?? 20);

test(`${seeds} seeds of ten minutes: nothing is violated, every fault fires, replays are equal`, async () => {
  const said: string[] = [];
  const verdict = await runRange({
    first: 1,
    last: seeds,
    minutes: 10,
    workers: 2,
    say: (line) => said.push(line),
  });
  assert.ok(verdict.ok, said.join('\n'));
  assert.is(verdict.totals.seeds, seeds);
});

test.run();
