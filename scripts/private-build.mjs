// Builds the whole tree into .build/NAME, apart from dist/.
//
// Several people (or several long runs) can work in one checkout without overwriting each other's output.
// The client gets a private copy too: it is laid out as .build/NAME/node_modules/@callboard/client, so that
// Node's ordinary lookup finds it before the workspace link in the root's node_modules.
//
//   node scripts/private-build.mjs NAME [further tsc options, for example --watch]
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const CLIENT = 'node_modules/@callboard/client';
const PAGE = 'src/doors/http/page/browser';
// Types must come from the private client as well, or a half-written protocol of the shared build leaks in.
const clientPaths = {
  '@callboard/client': [`./${CLIENT}/dist/node.d.ts`],
  '@callboard/client/*': [`./${CLIENT}/dist/*/index.d.ts`],
};

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function writeProjects(dir) {
  mkdirSync(join(dir, CLIENT), { recursive: true });
  copyFileSync(join(ROOT, 'client/package.json'), join(dir, CLIENT, 'package.json'));
  writeJson(join(dir, 'client.tsconfig.json'), {
    extends: '../../client/tsconfig.json',
    compilerOptions: {
      rootDir: '../../client/src',
      outDir: `./${CLIENT}/dist`,
      tsBuildInfoFile: './client.tsbuildinfo',
    },
    include: ['../../client/src/**/*.ts'],
  });
  writeJson(join(dir, 'page.tsconfig.json'), {
    extends: `../../${PAGE}/tsconfig.json`,
    compilerOptions: {
      rootDir: `../../${PAGE}`,
      outDir: `./${PAGE}`,
      tsBuildInfoFile: './page.tsbuildinfo',
      paths: clientPaths,
    },
    include: [`../../${PAGE}/*.ts`],
    references: [{ path: './client.tsconfig.json' }],
  });
  writeJson(join(dir, 'tsconfig.json'), {
    extends: '../../tsconfig.json',
    compilerOptions: {
      rootDir: '../..',
      outDir: '.',
      tsBuildInfoFile: './root.tsbuildinfo',
      paths: clientPaths,
    },
    exclude: [`../../${PAGE}`],
    include: ['src', 'sim', 'test', 'bench', 'scripts'].map((room) => `../../${room}/**/*.ts`),
    references: [{ path: './client.tsconfig.json' }, { path: './page.tsconfig.json' }],
  });
}

const [name, ...options] = process.argv.slice(2);
if (name === undefined || !/^[\w.-]+$/.test(name)) {
  console.error('usage: node scripts/private-build.mjs NAME [tsc options]');
  process.exit(2);
}
const dir = join(ROOT, '.build', name);
writeProjects(dir);
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
const built = spawnSync(process.execPath, [tsc, '-b', join(dir, 'tsconfig.json'), ...options], {
  stdio: 'inherit',
});
process.exit(built.status ?? 1);
