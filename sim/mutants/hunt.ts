/**
 * Runs a mutant under the random simulator until a checker has caught it, or its seeds are used up. The seed that caught it is run without
 * it too: a violation that the program itself has there proves nothing, and is an error.
 */
import { join } from 'node:path';
import { runAll } from '../pool.ts';
import type { Violation } from '../observe/report.ts';
import { drawSettings } from '../settings.ts';
import type { WorkerJob } from '../worker.ts';
import { buildMutant, removeMutant } from './build.ts';
import type { Mutant } from './mutant.ts';

export interface Catch {
  readonly seed: string;
  /** How many seeds had been run when it was caught. */
  readonly seeds: number;
  readonly violation: Violation;
}

export interface HuntOptions {
  readonly workers: number;
  readonly seeds?: number;
  /** Tells the copies of concurrent hunts apart. */
  readonly purpose: string;
}

export async function hunt(mutant: Mutant, options: HuntOptions): Promise<Catch | undefined> {
  const worker = join(buildMutant(mutant, options.purpose, ['src', 'sim']), 'sim', 'worker.js');
  const seeds = options.seeds ?? mutant.seeds;
  const jobs: WorkerJob[] = [];
  for (let at = 1; jobs.length < seeds; at += 1) {
    const job = { seed: `m${at}`, minutes: mutant.minutes };
    const { realClients } = drawSettings(job.seed, job.minutes).workload;
    if (mutant.ofClient !== true || realClients > 0) jobs.push(job);
  }
  let run = 0;
  let caught: Catch | undefined;
  await runAll(jobs, {
    workers: options.workers,
    worker,
    onAnswer: ({ result }) => {
      run += 1;
      const [violation] = result.violations;
      if (violation !== undefined) caught ??= { seed: result.seed, seeds: run, violation };
    },
    enough: ({ result }) => result.violations.length > 0,
  });
  removeMutant(mutant, options.purpose);
  if (caught !== undefined) await expectClean(caught.seed, mutant);
  return caught;
}

async function expectClean(seed: string, { name, minutes }: Mutant): Promise<void> {
  const [answer] = await runAll([{ seed, minutes }], { workers: 1 });
  const [violation] = answer?.result.violations ?? [];
  if (violation === undefined) return;
  throw new Error(
    `seed ${seed} shows nothing of the mutant ${name}: without it there is a violation too (${violation.checker}: ${violation.text})`,
  );
}
