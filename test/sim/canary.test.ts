// weight: heavy
// timeout: 300 s
/** The simulator must see what it is there to see: with one rule broken on purpose, a few seeds must find it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hunt } from '../../sim/mutants/hunt.ts';
import { mutants } from '../../sim/mutants/list.ts';

const test = suite('canary');

test('an acknowledgement before its sync is caught by random runs', async () => {
  const mutant = mutants.find(({ name }) => name === 'ack-before-sync');
  assert.ok(mutant, 'the mutant ack-before-sync is in the list');
  if (mutant === undefined) return;
  const caught = await hunt(mutant, { workers: 2, purpose: 'canary' });
  assert.ok(caught, `${mutant.seeds} seeds found nothing wrong with an ack that was not durable`);
});

test.run();
