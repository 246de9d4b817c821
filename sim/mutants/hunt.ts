/** Runs a mutant under the random simulator until a checker has caught it, or its seeds are used up. */
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
  const worker = buildMutant(mutant, options.purpose);
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
  return caught;
}
