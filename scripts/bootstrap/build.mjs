// Builds with tsc -b and bundles the client for browsers, and remembers what it built from: `start` compares contents, not times, because a checkout
// or a copy changes the times of files whose contents are the same.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

const STAMP = join(ROOT, 'dist/.build-stamp');
/** What the running server is made of; tests and benchmarks may change without a rebuild at start. */
const INPUT_DIRS = ['src', 'client/src'];
const INPUT_FILES = [
  'scripts/client-bundle.mjs',
  'package.json',
  'package-lock.json',
  'client/package.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'client/tsconfig.json',
];
const OUTPUTS = ['dist/src/cli/main.js', 'client/dist/protocol/index.js', 'client/dist/browser/callboard.js'];

function sources(dir) {
  return readdirSync(join(ROOT, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && (entry.name.endsWith('.ts') || entry.name === 'tsconfig.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function inputHash() {
  const hash = createHash('sha256');
  const files = [...INPUT_FILES.map((file) => join(ROOT, file)), ...INPUT_DIRS.flatMap(sources)];
  for (const file of files) {
    const bytes = readFileSync(file);
    // Name and length go in as well, or moving text between files would not show.
    hash.update(`${file.slice(ROOT.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** Builds everything; false if anything did not compile. Output is written all the same. */
export function build() {
  // Read before compiling: an edit during the build must count as not yet built.
  const hash = inputHash();
  rmSync(STAMP, { force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const done = spawnSync(process.execPath, [tsc, '-b'], { cwd: ROOT, stdio: 'inherit' });
  if (done.status !== 0) return false;
  const bundle = join(ROOT, 'scripts/client-bundle.mjs');
  const bundled = spawnSync(process.execPath, [bundle], { cwd: ROOT, stdio: 'inherit' });
  if (bundled.status !== 0) return false;
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(STAMP, hash);
  return true;
}

export function buildIfStale() {
  const fresh =
    existsSync(STAMP) &&
    readFileSync(STAMP, 'utf8') === inputHash() &&
    OUTPUTS.every((file) => existsSync(join(ROOT, file)));
  return fresh || build();
}
