/** CPU time and memory of other processes, from /proc. */
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

export interface ProcessFigures {
  readonly cpuSeconds: number;
  /** The highest resident memory so far. */
  readonly peakRssBytes: number;
  readonly rssBytes: number;
}

/** Sums over `pids`; a process that is gone counts nothing. */
export function figuresOf(pids: readonly number[]): ProcessFigures {
  const sum = { cpuSeconds: 0, peakRssBytes: 0, rssBytes: 0 };
  for (const pid of pids) {
    try {
      // The second field is the command in brackets, which may hold spaces; utime and stime are fields 14 and 15.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      sum.cpuSeconds += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
      sum.peakRssBytes += kilobytes(status, 'VmHWM') * 1_024;
      sum.rssBytes += kilobytes(status, 'VmRSS') * 1_024;
    } catch (error) {
      if (
        (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
        (error as NodeJS.ErrnoException).code !== 'ESRCH'
      ) {
        throw error;
      }
    }
  }
  return sum;
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}
