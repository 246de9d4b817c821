/**
 * Finds the peers: an npm project of its own (bench/peers), because what it needs is no part of Callboard. Its packages are
 * installed and it is built when a peer is asked for.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { System } from '../systems/system.ts';
import type { Tell } from './run.ts';

/** Seen from dist/bench/suite. */
const root: string = fileURLToPath(new URL('../../../', import.meta.url));
const project = `${root}bench/peers`;
const built = `${project}/dist/bench/peers/index.js`;
const tsc = `${root}node_modules/typescript/bin/tsc`;

/** Those that are named, or all for `all`. Rejects for a name that is no peer's. */
export async function loadPeers(names: readonly string[], tell: Tell): Promise<readonly System[]> {
  if (names.length === 0) return [];
  if (!existsSync(`${project}/node_modules`)) {
    tell('installing the clients of the peers');
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  }
  run(process.execPath, [tsc, '-p', project]);
  const { peers } = (await import(pathToFileURL(built).href)) as { readonly peers: readonly System[] };
  if (names.includes('all')) return peers;
  const known = peers.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new RangeError(`there is no peer '${unknown.join("', '")}'; there are ${known.join(', ')}`);
  }
  return peers.filter(({ name }) => names.includes(name));
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`'${command} ${args.join(' ')}' ended with ${status} in bench/peers`);
}
