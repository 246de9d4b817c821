/** A child process that runs the seeds it is given, one after the other, and answers with what they came to. */
import process from 'node:process';
import { inOwnTurn } from './ports/turns.ts';
import { runSeed } from './run.ts';
import type { RunResult } from './run.ts';

export interface WorkerJob {
  readonly seed: string;
  readonly minutes: number;
}

export interface WorkerAnswer {
  readonly result: RunResult;
  /** CPU time that the seed took. */
  readonly cpuMs: number;
}

/** Runs one seed and measures it. */
export async function runJob({ seed, minutes }: WorkerJob): Promise<WorkerAnswer> {
  const before = process.cpuUsage();
  const result = await inOwnTurn(() => runSeed({ seed, minutes }));
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: (user + system) / 1_000 };
}

if (process.send !== undefined && process.argv[2] === 'sim-worker') {
  process.on('message', (job) => {
    void runJob(job as WorkerJob).then((answer) => process.send?.(answer));
  });
  // Whoever started it is gone: nobody waits for answers.
  process.on('disconnect', () => process.exit(0));
}
