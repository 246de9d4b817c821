/** Directories of a test, gone when its process ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

process.on('exit', () => {
  for (const directory of made) removeTempDir(directory);
});

export function makeTempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'callboard-test-'));
  made.add(directory);
  return directory;
}

export function removeTempDir(directory: string): void {
  made.delete(directory);
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // A process that is still ending may be writing there; the temporary directory is cleaned by the system as well.
  }
}
