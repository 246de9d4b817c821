/** The resident memory of another process, in MB; undefined where the system does not tell. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export function residentMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_000);
  } catch {
    const result = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return result.status === 0 ? Math.round(Number(result.stdout) / 1_000) : undefined;
  }
}
