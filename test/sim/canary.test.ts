// timeout: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { broken } from '../../sim/mutants/build.ts';
import { hunt } from '../../sim/mutants/hunt.ts';
import { mutants } from '../../sim/mutants/list.ts';
import { repeats } from '../lib/effort.ts';

test('the canary, a replica that acknowledges before its disk has synced, is caught at once', async () => {
  const canary = mutants.find((mutant) => mutant.name === 'ack-before-sync');
  assert.ok(canary);
  const caught = await hunt({ ...canary, minutes: 1 }, { workers: 1, seeds: 3, purpose: 'canary' });
  assert.ok(caught, 'the canary got away: the simulator is blind');
  assert.match(caught.violation.text, /acknowledged/);
});

/** Those that a few seeds always show; `npm run mutants` hunts all of them. */
const quick = [
  'vote-before-durable',
  'vote-request-before-durable',
  'empty-ack-early',
  'propose-before-own-noop',
  'dedup-not-replicated',
  'gateway-numbers-by-caller',
];

for (const name of quick.slice(0, repeats(2, quick.length))) {
  test(`the mutant ${name} is caught by a few random runs`, async () => {
    const mutant = mutants.find((one) => one.name === name);
    assert.ok(mutant);
    assert.is(mutant.directed, undefined);
    const caught = await hunt(mutant, { workers: 1, seeds: 4, purpose: 'quick' });
    assert.ok(caught, `${name} got away: ${mutant.breaks}`);
  });
}

test('every mutant still fits the program', () => {
  for (const mutant of mutants) {
    assert.not.throws(() => broken(mutant), undefined, mutant.name);
  }
});

test('the mutants of the list have names of their own', () => {
  const names = mutants.map((mutant) => mutant.name);
  assert.is(new Set(names).size, names.length);
  assert.ok(names.length >= 17);
});

test.run();
