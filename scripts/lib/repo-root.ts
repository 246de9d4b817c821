import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The checkout that a compiled file belongs to. Searched for rather than counted in `..`, because the same file
 * runs from dist/ and from a private build, which lies deeper.
 */
export function findRepoRoot(fromUrl: string): string {
  let dir = dirname(fileURLToPath(fromUrl));
  for (;;) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && isCallboard(manifest)) return dir;
    const parent = dirname(dir);
    if (parent === dir) throw new Error(`no callboard checkout above ${fromUrl}`);
    dir = parent;
  }
}

function isCallboard(manifest: string): boolean {
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'callboard';
}
