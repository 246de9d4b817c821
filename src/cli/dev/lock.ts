/**
 * One `dev` per data directory: dev.lock names its process by pid and start time, so that a lock left behind by a kill
 * is known as such even if its pid has been given to another process since.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { isSameProcess, startIdentity } from '../process-identity.ts';
import { createOnce } from './data-directory.ts';

export interface LockOwner {
  readonly pid: number;
  readonly identity: string | undefined;
  /** Where its nodes are, for the one who finds it running. */
  readonly urls: readonly string[];
}

export type LockResult =
  { readonly held: true; release(): void } | { readonly held: false; readonly owner: LockOwner };

/** Each round ends by a lock taken or another process seen doing so; more rounds than this are a broken file system. */
const ROUNDS = 100;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<LockOwner>;
    if (typeof parsed.pid !== 'number') return undefined;
    const urls = Array.isArray(parsed.urls) ? parsed.urls.map(String) : [];
    return { pid: parsed.pid, identity: parsed.identity, urls };
  } catch {
    return undefined;
  }
}

/** Moves a lock aside whose owner is gone. Should another one have replaced it since we looked, it is put back. */
function removeStale(path: string, seen: string): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== seen) linkSync(aside, path);
  } catch {
    // Somebody was faster; the next round sees what they left.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Who runs on this directory now, for the commands that look for a cluster. */
export function readLockOwner(path: string): LockOwner | undefined {
  const owner = parseOwner(readText(path) ?? '');
  return owner !== undefined && isSameProcess(owner.pid, owner.identity) ? owner : undefined;
}

export function acquireLock(path: string, urls: readonly string[]): LockResult {
  const mine = `${JSON.stringify({ pid: process.pid, identity: startIdentity(process.pid), urls })}\n`;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (createOnce(path, mine, 0o600)) {
      return {
        held: true,
        release: () => {
          if (readText(path) === mine) rmSync(path, { force: true });
        },
      };
    }
    const text = readText(path);
    if (text === undefined) continue;
    const owner = parseOwner(text);
    if (owner !== undefined && owner.pid !== process.pid && isSameProcess(owner.pid, owner.identity)) {
      return { held: false, owner };
    }
    removeStale(path, text);
  }
  throw new Error(
    `${path} could neither be taken nor read; remove it if no \`callboard dev\` runs on this directory`,
  );
}
