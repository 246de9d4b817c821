// Runs jobs a few at a time. Heavy jobs have a smaller limit of their own inside the common one, or a handful of
// cluster tests would starve each other into time-outs.

export interface PoolLimits {
  readonly all: number;
  readonly heavy: number;
}

export interface Weighted {
  readonly heavy: boolean;
  /** What it may take at most, and a guess at what it takes. */
  readonly timeoutMs: number;
}

export async function runPool<Job extends Weighted>(
  jobs: readonly Job[],
  limits: PoolLimits,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  // Heavy jobs first, the longest of them in front: a long one started last would be waited for alone.
  const waiting = jobs.toSorted((a, b) => Number(b.heavy) - Number(a.heavy) || b.timeoutMs - a.timeoutMs);
  const active = new Set<Promise<void>>();
  let heavyActive = 0;
  const start = (job: Job): void => {
    heavyActive += job.heavy ? 1 : 0;
    const done: Promise<void> = run(job).finally(() => {
      active.delete(done);
      heavyActive -= job.heavy ? 1 : 0;
    });
    active.add(done);
  };
  while (waiting.length > 0 || active.size > 0) {
    while (active.size < limits.all) {
      const next = waiting.findIndex((job) => !job.heavy || heavyActive < limits.heavy);
      const job = next < 0 ? undefined : waiting.splice(next, 1)[0];
      if (job === undefined) break;
      start(job);
    }
    await Promise.race(active);
  }
}
