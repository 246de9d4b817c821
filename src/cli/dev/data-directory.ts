/** The data directory of `callboard dev`: what lies where, and the few files that all nodes share. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '../errors.ts';

export interface DevPaths {
  readonly root: string;
  readonly lock: string;
  readonly cluster: string;
  readonly secret: string;
  readonly adminToken: string;
}

export function devPaths(root: string): DevPaths {
  return {
    root,
    lock: join(root, 'dev.lock'),
    cluster: join(root, 'cluster.json'),
    secret: join(root, 'cluster.secret'),
    adminToken: join(root, 'admin.token'),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function makeRoot(root: string): void {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
  } catch (error) {
    const text = `The data directory ${root} cannot be made: ${reasonOf(error)}. Correct its access rights, or name another with --data.`;
    throw new CliError('data_inaccessible', text);
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes the file with all of its content, or not at all, whenever we may be killed; false if there is one already.
 * A link is made to a file that is complete and on disk, and of several makers one wins.
 */
export function createOnce(path: string, content: string, mode: number): boolean {
  const half = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const fd = openSync(half, 'wx', mode);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    linkSync(half, path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(half, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

export interface KeptSecret {
  readonly value: string;
  readonly made: boolean;
}

/** The secret in this file, made at the first start for its owner alone; one that others can read is the nodes' to warn of. */
export function keepSecret(path: string, what: string): KeptSecret {
  const made = !existsSync(path) && createOnce(path, `${randomBytes(32).toString('hex')}\n`, 0o600);
  const value = readFileSync(path, 'utf8').trim();
  if (value.length < 16) {
    const text = `${path} holds ${value.length} characters, which is no ${what}. Remove the file, and the next start makes a new one.`;
    throw new CliError('data_secret_damaged', text);
  }
  return { value, made };
}

function nodesWithData(root: string): number {
  return readdirSync(root).filter((name) => /^broker-\d+$/.test(name)).length;
}

/** How many nodes this data was made for; undefined while nothing is there. */
function knownNodes(paths: DevPaths): number | undefined {
  if (!existsSync(paths.cluster)) {
    const found = nodesWithData(paths.root);
    return found === 0 ? undefined : found;
  }
  try {
    const parsed: unknown = JSON.parse(readFileSync(paths.cluster, 'utf8'));
    const nodes =
      typeof parsed === 'object' && parsed !== null && 'nodes' in parsed ? parsed.nodes : undefined;
    if (typeof nodes === 'number') return nodes;
  } catch {
    // Told below, as any other content that is not ours.
  }
  const text = `${paths.cluster} is damaged: it should read {"layout":1,"nodes":N} with the number of broker directories beside it.`;
  throw new CliError('data_inaccessible', text);
}

/** Nodes named at the start form the cluster; another number of them would be another cluster. */
export function keepNodeCount(paths: DevPaths, nodes: number): void {
  const known = knownNodes(paths);
  if (known !== undefined && known !== nodes) {
    throw new CliError(
      'data_other_cluster',
      `${paths.root} holds the data of ${known} node${known === 1 ? '' : 's'}, and --nodes asks for ${nodes}. ` +
        `Start it with --nodes ${known}, or begin anew in another directory with --data.`,
    );
  }
  if (!existsSync(paths.cluster)) {
    createOnce(paths.cluster, `${JSON.stringify({ layout: 1, nodes })}\n`, 0o600);
  }
}
