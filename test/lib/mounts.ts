/**
 * Small disks without touching the machine's mounts: the test runs itself again in a mount namespace of its own, in which it may
 * mount file systems that vanish with it. Needs root, `unshare` and `mount`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Child } from './child.ts';

const UNSHARE = 'unshare';
const INSIDE = 'TEST_IN_MOUNTS';

export function hasOwnMounts(): boolean {
  return process.env[INSIDE] === '1';
}

export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return (
    spawnSync(UNSHARE, ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' }).status === 0
  );
}

/** Runs this program again inside; throws with all of its output if it fails. */
export async function runWithOwnMounts(program: string): Promise<void> {
  const command = [UNSHARE, '-m', process.execPath, '--enable-source-maps', program] as const;
  const child = new Child([...command], { env: { [INSIDE]: '1' } });
  const { code, signal } = await child.ended;
  if (code !== 0) throw new Error(`with its own mounts (exit code ${code}, ${signal}):\n${child.output}`);
}

/** A disk of so many MiB at this directory, in memory. */
export function mountDisk(directory: string, megabytes: number): void {
  mkdirSync(directory, { recursive: true });
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`cannot mount ${directory}: ${result.stderr}`);
}
