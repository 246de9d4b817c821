/** Runs seeds on several child processes, since one simulation never uses more than one core. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runJob } from './worker.ts';
import type { WorkerAnswer, WorkerJob } from './worker.ts';

export interface PoolOptions {
  readonly workers: number;
  /** The compiled worker; another one for mutants. */
  readonly worker?: string;
  readonly onAnswer?: (answer: WorkerAnswer) => void;
  /** Ends the run early, as when a mutant was caught. */
  readonly enough?: (answer: WorkerAnswer) => boolean;
}

const ownWorker = fileURLToPath(new URL('./worker.js', import.meta.url));

/** Answers in the order of the jobs; fewer if it was ended early. */
export async function runAll(
  jobs: readonly WorkerJob[],
  options: PoolOptions,
): Promise<readonly WorkerAnswer[]> {
  if (options.workers <= 1 && options.worker === undefined) return runHere(jobs, options);
  const answers = new Map<WorkerJob, WorkerAnswer>();
  const waiting = [...jobs];
  let over = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(options.worker ?? ownWorker, ['sim-worker'], { execArgv: ['--enable-source-maps'] });
      let current: WorkerJob | undefined;
      const next = (): void => {
        current = over ? undefined : waiting.shift();
        if (current === undefined) child.disconnect();
        else child.send(current);
      };
      child.on('message', (message) => {
        const answer = message as WorkerAnswer;
        if (current !== undefined) answers.set(current, answer);
        options.onAnswer?.(answer);
        over ||= options.enough?.(answer) === true;
        next();
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (current === undefined) resolve();
        else reject(new Error(`the worker on seed ${current.seed} ended with ${String(signal ?? code)}`));
      });
      next();
    });
  const count = Math.max(1, Math.min(options.workers, jobs.length));
  await Promise.all(Array.from({ length: count }, work));
  return jobs.flatMap((job) => answers.get(job) ?? []);
}

async function runHere(
  jobs: readonly WorkerJob[],
  { onAnswer, enough }: PoolOptions,
): Promise<readonly WorkerAnswer[]> {
  const answers: WorkerAnswer[] = [];
  for (const job of jobs) {
    const answer = await runJob(job);
    answers.push(answer);
    onAnswer?.(answer);
    if (enough?.(answer) === true) break;
  }
  return answers;
}
