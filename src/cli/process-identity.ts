/**
 * Whether a process that a file names is still the one that was meant. A pid alone proves nothing: numbers are given
 * out again, and after a reboot the old ones belong to anybody. A pid together with the time of its start is unique.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The state letter and start time in /proc/PID/stat. The command name before them may hold spaces and brackets. */
function readStat(pid: number): { state: string; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, start] = [fields[0], fields[19]];
    return state === undefined || start === undefined ? undefined : { state, start };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function askPs(pid: number, column: string): string | undefined {
  const result = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
  const text = result.status === 0 ? result.stdout.trim() : '';
  return text === '' ? undefined : text;
}

export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user is there, though we may not signal it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  // A zombie has ended: nobody has asked for its exit code yet, that is all.
  return readStat(pid)?.state !== 'Z';
}

/** When the process started, as a text to compare; undefined where the system does not tell. */
export function startIdentity(pid: number): string | undefined {
  const stat = readStat(pid);
  if (stat !== undefined) return `${bootId()} ${stat.start}`;
  return process.platform === 'win32' ? undefined : askPs(pid, 'lstart');
}

/** True if this very process still runs. Where start times cannot be had, a living pid has to do. */
export function isSameProcess(pid: number, identity: string | undefined): boolean {
  if (!isAlive(pid)) return false;
  const now = startIdentity(pid);
  return now === undefined || identity === undefined || now === identity;
}

/** The command line of a process, its parts divided by spaces; undefined where it cannot be had. */
export function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return process.platform === 'win32' ? undefined : askPs(pid, 'command');
  }
}
