/**
 * How property tests draw: `npm test` tries the same cases each time, so that it says the same of the same program; `.ci/run`
 * (TEST_FULL=1) draws fresh ones. PROPERTY_SEED repeats a run whose seed was printed.
 */
import { randomInt } from 'node:crypto';
import process from 'node:process';
import fc from 'fast-check';
import { full } from './effort.ts';

const usualSeed = 20_260_101;

function drawSeed(): number {
  const given = process.env['PROPERTY_SEED'];
  if (given !== undefined) return Number(given);
  return full ? randomInt(2 ** 31) : usualSeed;
}

/** Throws with a counterexample if there is one among the cases of this run's seed, which it prints. */
export function assertProperty<T>(property: fc.IRawProperty<T>, more: fc.Parameters<T> = {}): void {
  const seed = drawSeed();
  process.stdout.write(`property seed ${seed}\n`);
  // A synchronous property is checked synchronously: there is no promise to wait for.
  const checked = fc.assert(property, { seed, ...more });
  if (checked instanceof Promise) throw new Error('properties of this house are synchronous');
}
