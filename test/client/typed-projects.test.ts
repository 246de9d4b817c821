/** The published types in projects as users have them: under `nodenext` and `bundler`, without @types/node, every library checked. */
// timeout: 120 s
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { makeTempDir, removeTempDir } from '../lib/temp-dir.ts';

const root = findRepoRoot(import.meta.url);
const directory = makeTempDir();

interface Project {
  readonly module: 'nodenext' | 'esnext';
  readonly moduleResolution: 'nodenext' | 'bundler';
  readonly lib: readonly string[];
  readonly types: readonly string[];
  readonly customConditions?: readonly string[];
  readonly exactOptionalPropertyTypes?: boolean;
}

/** What docs/client.md shows in TypeScript. */
const documented: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(join(root, 'docs/client.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code = ''], i) => [`documented-${i}.ts`, code],
  ),
);

const projects: Readonly<Record<string, Project>> = {
  'a program for Node': {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    lib: ['es2022'],
    types: ['node'],
  },
  'a page without a bundler': {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    lib: ['es2022', 'dom', 'dom.asynciterable'],
    types: [],
    exactOptionalPropertyTypes: true,
  },
  'a page with a bundler': {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom'],
    types: [],
  },
  'a bundler that asks for the browser': {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom'],
    types: [],
    customConditions: ['browser'],
  },
};

/** The project with the package in it, and what the compiler says of it. */
function compiled(name: string, options: Project): string {
  const project = join(directory, name.replaceAll(' ', '-'));
  mkdirSync(join(project, 'node_modules/@callboard'), { recursive: true });
  symlinkSync(join(root, 'client'), join(project, 'node_modules/@callboard/client'));
  if (options.types.length > 0) {
    symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'));
  }
  for (const [file, code] of Object.entries(documented)) writeFileSync(join(project, file), code);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  copyFileSync(join(root, 'test/client/typed/program.ts.txt'), join(project, 'program.ts'));
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['program.ts', ...Object.keys(documented)] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  return status === 0 ? 'compiles' : `${stdout}${stderr}`;
}

test('the page shows programs', () => assert.ok(Object.keys(documented).length >= 2));

for (const [name, options] of Object.entries(projects)) {
  test(name, () => assert.is(compiled(name, options), 'compiles'));
}

test.after(() => removeTempDir(directory));
test.run();
