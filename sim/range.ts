/** A range of seeds as one proof: all runs, the replays of some, the floors, and the verdict. */
import { addUp, footer, shortfalls } from './footer.ts';
import type { Totals } from './footer.ts';
import { runAll } from './pool.ts';
import type { RunResult } from './run.ts';

export interface RangeOptions {
  readonly first: number;
  readonly last: number;
  readonly minutes: number;
  readonly workers: number;
  readonly say: (line: string) => void;
}

export interface RangeVerdict {
  readonly ok: boolean;
  readonly totals: Totals;
  /** Seeds whose second run had another hash. */
  readonly unequal: readonly string[];
  readonly shortfalls: readonly string[];
}

export async function runRange(options: RangeOptions): Promise<RangeVerdict> {
  const { first, last, minutes, workers, say } = options;
  const seeds = Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  const replayed = seeds.filter((_, at) => at % Math.ceil(seeds.length / replays(seeds.length)) === 0);
  const jobs = [...seeds, ...replayed].map((seed) => ({ seed, minutes }));
  const answers = await runAll(jobs, {
    workers,
    onAnswer: ({ result }) => {
      const [violation] = result.violations;
      if (violation !== undefined) say(`seed ${result.seed}: ${violation.checker}: ${violation.text}`);
    },
  });
  const results = answers.slice(0, seeds.length).map((answer) => answer.result);
  const unequal = compare(
    results,
    answers.slice(seeds.length).map((answer) => answer.result),
  );
  const totals = addUp(results);
  const short = shortfalls(totals, minutes);
  const cpuMs = answers.slice(0, seeds.length).reduce((sum, answer) => sum + answer.cpuMs, 0);
  for (const line of footer(totals, cpuMs)) say(line);
  say(`replay-checked ${replayed.length - unequal.length}/${replayed.length} equal`);
  for (const seed of unequal) say(`seed ${seed} ended with another hash when it was run again`);
  for (const text of short) say(`too little: ${text}`);
  const ok = totals.failed.length === 0 && unequal.length === 0 && short.length === 0;
  return { ok, totals, unequal, shortfalls: short };
}

/** One in a hundred, and two at least. */
function replays(seeds: number): number {
  return Math.min(seeds, Math.max(2, Math.ceil(seeds / 100)));
}

function compare(results: readonly RunResult[], again: readonly RunResult[]): readonly string[] {
  const hashes = new Map(results.map((result) => [result.seed, result.hash]));
  return again.filter((result) => hashes.get(result.seed) !== result.hash).map((result) => result.seed);
}
