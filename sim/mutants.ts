/**
 * Proves that the simulator sees: each mutant must be caught by random runs, or, where that cannot be, by the test that is
 * named beside it.
 *
 *     npm run mutants [-- NAME…] [--workers N]
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { DirectedTests } from './mutants/directed.ts';
import { hunt } from './mutants/hunt.ts';
import { mutants } from './mutants/list.ts';
import type { Mutant } from './mutants/mutant.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** False if it got away. */
async function tell(mutant: Mutant, workers: number, directed: DirectedTests): Promise<boolean> {
  const name = mutant.name.padEnd(28);
  if (mutant.directed !== undefined) {
    const unaware = directed.unaware(mutant);
    if (unaware.length > 0) say(`${name} GOT AWAY from ${unaware.join(' and ')}: ${mutant.breaks}`);
    else say(`${name} by ${mutant.directed.tests.join(' and ')}: ${mutant.directed.reason}`);
    return unaware.length === 0;
  }
  const before = process.hrtime.bigint();
  const caught = await hunt(mutant, { workers, purpose: 'hunt' });
  const seconds = (Number(process.hrtime.bigint() - before) / 1e9).toFixed(1);
  if (caught === undefined) {
    say(`${name} GOT AWAY after ${mutant.seeds} seeds, ${seconds} s: ${mutant.breaks}`);
    return false;
  }
  const { seeds, seed, violation } = caught;
  say(
    `${name} by random runs, ${seeds} seeds, ${seconds} s; ${seed}: ${violation.checker}: ${violation.text.slice(0, 120)}`,
  );
  return true;
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { workers: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) } },
  });
  const unknown = positionals.filter((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `no mutant is called ${unknown.join(', ')}; there are ${mutants.map(({ name }) => name).join(', ')}`,
    );
  }
  const chosen = mutants.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  let lost = 0;
  const directed = new DirectedTests('hunt');
  for (const mutant of chosen) if (!(await tell(mutant, Number(values.workers), directed))) lost += 1;
  directed.end();
  say(`${chosen.length - lost} of ${chosen.length} mutants caught`);
  return lost === 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
