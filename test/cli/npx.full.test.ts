// timeout: 180 s
// weight: heavy
/** Both packages as npm would publish them, installed from their tarballs, without a registry: `npx callboard ...` works. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { runCommand } from '../lib/cli.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';
import { makeTempDir, removeTempDir } from '../lib/temp-dir.ts';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const root = findRepoRoot(import.meta.url);
const sources = { callboard: '', '@callboard/client': 'client' } as const;
let directory = '';

test.before(() => {
  directory = makeTempDir();
});

test.after(() => removeTempDir(directory));

async function must(command: readonly [string, ...string[]], cwd: string): Promise<string> {
  const { code, out, err } = await runCommand(command, { cwd });
  assert.is(code, 0, `${command.join(' ')}\n${out}${err}`);
  return out;
}

function readLock(): Readonly<Record<string, LockEntry>> {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8');
  return (JSON.parse(text) as { readonly packages: Record<string, LockEntry> }).packages;
}

/** The lock of this repository for what the packages need, so that npm finds all of it in its cache and asks nobody. */
function writeLock(tarballs: Readonly<Record<string, string>>): void {
  const lock = readLock();
  const dependencies = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]),
  );
  const packages: Record<string, object> = { '': { name: 'user', dependencies } };
  for (const [path, entry] of Object.entries(lock)) {
    const needed = entry.dev !== true && entry.devOptional !== true && entry.link !== true;
    if (path.startsWith('node_modules/') && needed) packages[path] = entry;
  }
  for (const [name, file] of Object.entries(tarballs)) {
    const { version = '', dependencies: own, bin } = lock[sources[name as keyof typeof sources]] ?? {};
    const hash = createHash('sha512')
      .update(readFileSync(join(directory, file)))
      .digest('base64');
    packages[`node_modules/${name}`] = {
      version,
      resolved: `file:${file}`,
      integrity: `sha512-${hash}`,
      dependencies: own,
      bin,
    };
  }
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'user', private: true, dependencies }),
  );
  const text = JSON.stringify({ name: 'user', lockfileVersion: 3, requires: true, packages });
  writeFileSync(join(directory, 'package-lock.json'), text);
}

test('both packages install from their tarballs, and npx runs a cluster, a producer and a consumer', async () => {
  const pack = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', directory] as const;
  const packed = await must([...pack, '.', './client'], root);
  const made = JSON.parse(packed) as readonly { readonly name: string; readonly filename: string }[];
  writeLock(Object.fromEntries(made.map(({ name, filename }) => [name, filename])));
  const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'] as const;
  const offline = await runCommand([...install, '--offline'], { cwd: directory });
  if (offline.code !== 0) await must([...install, '--prefer-offline'], directory);
  assert.ok(!existsSync(join(directory, 'node_modules/uvu')), 'nothing that only tests need is installed');

  const npx = (...args: string[]): Promise<string> =>
    must(['npx', '--no-install', 'callboard', ...args], directory);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  assert.is(await npx('--version'), `${version}\n`);
  const port = await claimPorts(1);
  // The link that npx runs, without npx between us and the process that must end.
  const dev = new Child(
    [join(directory, 'node_modules/.bin/callboard'), 'dev', '--nodes', '1', '--port', String(port)],
    {
      cwd: directory,
    },
  );
  try {
    await eventually('it is ready', () => dev.output.includes('Callboard is ready'));
    // Which cluster, and its token, are found from this directory.
    await npx('topic', 'create', 'greetings');
    writeFileSync(join(directory, 'lines'), 'hello\nboard\n');
    await npx('produce', 'greetings', '--file', 'lines', '--partition', '0');
    assert.is(await npx('consume', 'greetings', '--exit-at-end'), 'hello\nboard\n');
    assert.match(await npx('cluster', 'status'), /broker-1 +active +ready/);
    dev.kill('SIGTERM');
    assert.is((await dev.ended).code, 0);
  } finally {
    await dev.destroy();
  }
});

test.run();
