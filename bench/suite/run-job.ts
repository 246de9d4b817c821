/** Runs one job in a load process of its own and looks at the system's processes at the edges of each measured part. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { figuresOf } from './process-figures.ts';
import type { Job, Part, Said } from '../load/job.ts';
import type { Running } from '../systems/system.ts';

const loadMain = fileURLToPath(new URL('../load/main.js', import.meta.url));
/** Beyond what a job may take by its own deadlines. */
const patienceMs = 180_000;

export interface MeasuredPart extends Part {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** Rejects when the load process has no result to give: the reason names the calls or records. */
export function runJob(job: Job, system: Running): Promise<readonly MeasuredPart[]> {
  return new Promise((resolve, reject) => watch(job, system, resolve, reject));
}

function watch(
  job: Job,
  system: Running,
  resolve: (parts: readonly MeasuredPart[]) => void,
  reject: (error: Error) => void,
): void {
  const load = fork(loadMain, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const parts: MeasuredPart[] = [];
  let before = figuresOf([]);
  const deadline = setTimeout(
    () => end(new Error('the load process did not end in time')),
    patienceMs + job.durationMs + job.warmUpMs,
  );
  const end = (error?: Error): void => {
    clearTimeout(deadline);
    load.removeAllListeners();
    load.on('error', () => undefined);
    load.kill('SIGKILL');
    if (error === undefined) resolve(parts);
    else reject(error);
  };
  load.on('message', (message) => {
    const said = message as Said;
    switch (said.kind) {
      case 'begins':
        before = figuresOf(system.pids());
        return;
      case 'ended': {
        const after = figuresOf(system.pids());
        const cpuSeconds = Math.max(0, after.cpuSeconds - before.cpuSeconds);
        parts.push({ ...said.part, cpuSeconds, peakRssBytes: after.peakRssBytes });
        return;
      }
      case 'done':
        end();
        return;
      case 'refused':
        end(new Error(said.reason));
    }
  });
  load.on('error', end);
  load.on('exit', (code, signal) => end(new Error(`the load process ended early (${signal ?? code})`)));
  load.send(job);
}
