/** `callboard.pid`: the number of the process that runs a node, and nothing else, for `kill $(cat callboard.pid)`. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './process-identity.ts';

export const PID_FILE = 'callboard.pid';

export function readPid(directory: string): number | undefined {
  try {
    const text = readFileSync(join(directory, PID_FILE), 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** False: the disk is full. That must not keep a node from its start, which makes room by giving up the ballast. */
export function writePid(directory: string, pid: number = process.pid): boolean {
  const file = join(directory, PID_FILE);
  const half = `${file}.${process.pid}`;
  try {
    writeFileSync(half, `${pid}\n`);
    renameSync(half, file);
    return true;
  } catch (error) {
    rmSync(half, { force: true });
    if (!isFull(error)) throw error;
    return false;
  }
}

/**
 * Before the storage is open we do not know yet that the data is ours: the pid of a node that may still run on it
 * must stay.
 */
export function writePidUnlessTaken(directory: string): void {
  const pid = readPid(directory);
  if (pid === undefined || pid === process.pid || !isAlive(pid)) writePid(directory);
}

export function removePid(directory: string, pid: number = process.pid): void {
  if (readPid(directory) === pid) rmSync(join(directory, PID_FILE), { force: true });
}
