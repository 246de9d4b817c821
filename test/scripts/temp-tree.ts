import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const trees: string[] = [];
process.on('exit', () => {
  for (const root of trees) rmSync(root, { recursive: true, force: true });
});

/** Writes a small tree of files into a new directory, which goes when this process ends. */
export function makeTree(files: Readonly<Record<string, string>>): string {
  // The real path: tools report paths relative to it, and the system's temporary directory may be a link.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'callboard-tree-')));
  trees.push(root);
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}
