// Installs dependencies only when the lock file asks for something else than what is there: a second run must
// neither wait for a registry nor need one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

const LOCK = join(ROOT, 'package-lock.json');
const STAMP = join(ROOT, 'node_modules/.callboard-lock');
/** npm writes this file last of all, so that an install that was cut short has none. */
const NPM_MARK = join(ROOT, 'node_modules/.package-lock.json');

function lockHash() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex');
}

function isInstalled(hash) {
  if (!existsSync(NPM_MARK)) return false;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return true;
  // Somebody ran npm by hand. Times are trusted only here: a checkout makes the lock look new.
  return statSync(NPM_MARK).mtimeMs >= statSync(LOCK).mtimeMs;
}

/** npm, as the one that runs us if there is one, so that the version stays the same. */
function npm(args) {
  const script = process.env['npm_execpath'];
  const options = { cwd: ROOT, stdio: 'inherit' };
  if (script?.endsWith('.js')) return spawnSync(process.execPath, [script, ...args], options);
  return spawnSync(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    ...options,
    shell: process.platform === 'win32',
  });
}

export function ensureInstalled() {
  const hash = lockHash();
  if (!isInstalled(hash)) {
    console.log('installing dependencies (npm ci)');
    // Development dependencies are needed to build, whatever NODE_ENV says.
    const done = npm(['ci', '--include=dev', '--no-audit', '--no-fund']);
    if (done.status !== 0) {
      console.error(`npm ci failed (${done.error?.message ?? `exit code ${done.status}`})`);
      return false;
    }
  }
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== hash) writeFileSync(STAMP, hash);
  return true;
}
