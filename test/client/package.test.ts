/** The package as it would be published: what is in it, how its entries resolve, and that its types say the same. */
// timeout: 180 s
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { makeTempDir, removeTempDir } from '../lib/temp-dir.ts';
import { clientFile } from './internals.ts';

const root = findRepoRoot(import.meta.url);
const packageDir = join(root, 'client');

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const directory = makeTempDir();
const pack = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
  cwd: packageDir,
  encoding: 'utf8',
});
const [packed] = JSON.parse(pack.stdout) as readonly Packed[];
if (packed === undefined) throw new Error(`npm pack: ${pack.stderr}`);
const tarball = new Uint8Array(readFileSync(join(directory, packed.filename)));
const manifest = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as Manifest;

test('it holds what users need and nothing of ours', () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of [
    'LICENSE',
    'README.md',
    'dist/node.js',
    'dist/node.d.ts',
    'dist/browser.js',
    'dist/browser/callboard.js',
    'dist/protocol/index.js',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  const strange = paths.filter((path) => /\.test\.|tsbuildinfo|stamp|^src\//.test(path));
  assert.equal(strange, []);
  assert.equal(Object.keys(manifest.dependencies).toSorted(), ['msgpackr', 'ws']);
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pack: { tarball: tarball.buffer } });
  assert.equal(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test('its types resolve wherever ES modules do', async () => {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  assert.ok(analysis.types !== false);
  // An ES module only: TypeScript of before `exports`, and `require`, are told so by the manifest.
  const meant = analysis.problems.filter((problem) => {
    const kind = 'resolutionKind' in problem ? problem.resolutionKind : 'node16-esm';
    return kind === 'node16-esm' || kind === 'bundler';
  });
  assert.equal(meant, []);
});

test('the version that nodes are told is the one of the package', async () => {
  const { clientVersion } = (await import(clientFile('./version.js'))) as { readonly clientVersion: string };
  assert.is(clientVersion, manifest.version);
});

test.after(() => removeTempDir(directory));
test.run();
