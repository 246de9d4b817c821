// timeout: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildMutant, removeMutant } from '../../sim/mutants/build.ts';
import { hunt } from '../../sim/mutants/hunt.ts';
import { mutants } from '../../sim/mutants/list.ts';

test('the canary, a replica that acknowledges before its disk has synced, is caught at once', async () => {
  const canary = mutants.find((mutant) => mutant.name === 'ack-before-sync');
  assert.ok(canary);
  const caught = await hunt({ ...canary, minutes: 1 }, { workers: 1, seeds: 3, purpose: 'canary' });
  assert.ok(caught, 'the canary got away: the simulator is blind');
  assert.match(caught.violation.text, /acknowledged/);
});

test('every mutant still fits the program', () => {
  for (const mutant of mutants) {
    assert.not.throws(() => buildMutant(mutant, 'fit'), undefined, mutant.name);
    removeMutant(mutant, 'fit');
  }
});

test('the mutants of the list have names of their own', () => {
  const names = mutants.map((mutant) => mutant.name);
  assert.is(new Set(names).size, names.length);
  assert.ok(names.length >= 17);
});

test.run();
