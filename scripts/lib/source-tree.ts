import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A project of its own with packages of its own: judged by its own compiler run, not by the rules of the rooms. */
const apart = 'bench/peers/';

/** All .ts files below some directories of `root`, as sorted relative paths with forward slashes. */
export function listSources(root: string, dirs: readonly string[]): string[] {
  return dirs
    .map((dir) => join(root, dir))
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir, { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.startsWith(apart))
    .toSorted();
}
