/** Makes the broken copy of a build: the compiled program and simulator, with the mutant's edits. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit } from './mutant.ts';

/** Folders of a build that a copy can have. */
type Room = 'src' | 'sim' | 'test' | 'scripts' | 'bench';

/** The build that this very file belongs to. */
const buildDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** The compiled client that this build uses: the shared one, or a private build's own. */
const clientDist = dirname(fileURLToPath(import.meta.resolve('@callboard/client')));
const ofClient = 'client/';

/** Mutants live below the checkout, or their packages would not be found. */
function mutantsDir(): string {
  let dir = buildDir;
  while (!existsSync(join(dir, 'package-lock.json'))) {
    const parent = dirname(dir);
    if (parent === dir) throw new Error(`there is no checkout above ${buildDir}`);
    dir = parent;
  }
  return join(dir, '.build', 'mutants');
}

export interface MutantBuild {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** The build as it is: what a mutant is compared with. */
export const unbroken: MutantBuild = { name: 'none', edits: [] };

/** The folder of the mutant's own build. Throws if an edit does not fit exactly once. */
export function buildMutant(mutant: MutantBuild, purpose: string, rooms: readonly Room[]): string {
  const dir = join(mutantsDir(), `${mutant.name}-${purpose}`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const compiled = (source: string): boolean => !source.endsWith('.d.ts') && !source.endsWith('.map');
  for (const room of rooms) {
    cpSync(join(buildDir, room), join(dir, room), { recursive: true, filter: compiled });
  }
  // A client of its own, which is found before the one that all share.
  const client = join(dir, 'node_modules', '@callboard', 'client');
  cpSync(clientDist, join(client, 'dist'), { recursive: true, filter: compiled });
  cpSync(join(clientDist, '..', 'package.json'), join(client, 'package.json'));
  for (const [file, text] of broken(mutant)) {
    writeFileSync(placeOf(file, join(dir, 'src'), join(client, 'dist')), text);
  }
  return dir;
}

/** The changed files, by the names that the edits use, with their new text. Throws if an edit does not fit exactly once. */
export function broken(mutant: MutantBuild): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of mutant.edits) {
    const text = texts.get(file) ?? readFileSync(placeOf(file, join(buildDir, 'src'), clientDist), 'utf8');
    const parts = text.split(find);
    if (parts.length !== 2) {
      throw new Error(
        `the mutant ${mutant.name} does not fit: ${parts.length - 1} places in ${file} read '${find}'`,
      );
    }
    texts.set(file, parts.join(replace));
  }
  return texts;
}

function placeOf(file: string, src: string, client: string): string {
  return file.startsWith(ofClient) ? join(client, file.slice(ofClient.length)) : join(src, file);
}

export function removeMutant(mutant: MutantBuild, purpose: string): void {
  rmSync(join(mutantsDir(), `${mutant.name}-${purpose}`), { recursive: true, force: true });
}
