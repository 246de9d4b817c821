/** A cluster of real `callboard server` processes on this machine, for one test. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from './api.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { claimPorts } from './ports.ts';
import { makeTempDir, removeTempDir } from './temp-dir.ts';

/** The command of the same build as this file: bundled, where the runner has done that. */
const BUNDLE = process.env['TEST_NODE_BUNDLE'];
export const MAIN: string =
  BUNDLE === undefined
    ? fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
    : join(BUNDLE, 'main.js');
export const STAND_IN: string =
  BUNDLE === undefined
    ? fileURLToPath(new URL('../cli/stand-in/main.js', import.meta.url))
    : join(BUNDLE, 'stand-in.js');
export const ADMIN_TOKEN = 'token-of-the-tests';
const READY_MS = 60_000;

export interface ClusterOptions {
  readonly nodes?: number;
  readonly manualBrokers?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Addresses other than 127.0.0.1 with ports of our own, one per node. */
  readonly endpoints?: readonly { readonly host: string; readonly port: number }[];
  /** Put before each node's command, such as a tracer or a network namespace. */
  readonly prefix?: (index: number) => readonly string[];
}

export class ClusterNode {
  readonly name: string;
  readonly url: string;
  readonly api: Api;
  readonly directory: string;
  readonly #command: readonly [string, ...string[]];
  readonly #env: ClusterOptions['env'];
  #child: Child | undefined;

  constructor(
    name: string,
    url: string,
    directory: string,
    command: readonly [string, ...string[]],
    env: ClusterOptions['env'],
  ) {
    this.name = name;
    this.url = url;
    this.api = new Api(url);
    this.directory = directory;
    this.#command = command;
    this.#env = env;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error(`${this.name} was never started`);
    return this.#child;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.end === undefined;
  }

  start(): void {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    this.#child = new Child(this.#command, this.#env === undefined ? {} : { env: this.#env });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Kills the node and waits until it is gone; nothing happens if it is down. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill(signal);
    await this.child.ended;
  }

  /** The node's own pid: with a prefix the child is somebody else. */
  get pid(): number {
    return Number(readFileSync(join(this.directory, 'callboard.pid'), 'utf8'));
  }

  async ready(deadlineMs: number = READY_MS): Promise<void> {
    await eventually(
      `${this.name} is ready`,
      async () => {
        if (!this.isRunning) return true;
        return await this.api.isReady();
      },
      deadlineMs,
    );
    if (!this.isRunning) throw new Error(`${this.name} ended:\n${this.#lastWords()}`);
  }

  #lastWords(): string {
    return this.child.output.split('\n').slice(-20).join('\n');
  }
}

export class Cluster {
  readonly nodes: readonly ClusterNode[];
  readonly directory: string;

  private constructor(nodes: readonly ClusterNode[], directory: string) {
    this.nodes = nodes;
    this.directory = directory;
  }

  /** Everything but the start of the processes. */
  static async prepare(options: ClusterOptions = {}): Promise<Cluster> {
    const count = options.endpoints?.length ?? options.nodes ?? 3;
    const directory = makeTempDir();
    const secretFile = join(directory, 'secret');
    writeFileSync(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 });
    const endpoints = options.endpoints ?? (await freeEndpoints(count));
    const peers = endpoints.map(({ host, port }, i) => `broker-${i + 1}=${host}:${port}`).join(',');
    const nodes = endpoints.map(({ host, port }, index) => {
      const name = `broker-${index + 1}`;
      const data = join(directory, name);
      const args = ['--name', name, '--listen', `${host}:${port}`, '--peers', peers, '--data', data];
      if (options.manualBrokers === true) args.push('--manual-brokers');
      const [first, ...rest] = [...(options.prefix?.(index) ?? []), process.execPath];
      const run = [MAIN, 'server', ...args, '--secret-file', secretFile, '--end-with-stdin'];
      const env = { CALLBOARD_ADMIN_TOKEN: ADMIN_TOKEN, ...options.env };
      return new ClusterNode(name, `http://${host}:${port}`, data, [first, ...rest, ...run], env);
    });
    return new Cluster(nodes, directory);
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.prepare(options);
    try {
      cluster.startAll();
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  get apis(): readonly Api[] {
    return this.nodes.map(({ api }) => api);
  }

  node(index: number): ClusterNode {
    const node = this.nodes[index % this.nodes.length];
    if (node === undefined) throw new RangeError('a cluster has at least one node');
    return node;
  }

  api(index: number): Api {
    return this.node(index).api;
  }

  startAll(): void {
    for (const node of this.nodes) if (!node.isRunning) node.start();
  }

  async ready(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.ready()));
  }

  /** All in one go, before any of them could notice that another one died. */
  async killAll(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.nodes.filter(({ isRunning }) => isRunning);
    for (const node of running) node.signal(signal);
    await Promise.all(running.map(({ child }) => child.ended));
  }

  async destroy(): Promise<void> {
    await this.killAll();
    await Promise.all(this.apis.map((api) => api.close()));
    removeTempDir(this.directory);
  }
}

async function freeEndpoints(count: number): Promise<{ host: string; port: number }[]> {
  const first = await claimPorts(count);
  return Array.from({ length: count }, (_, i) => ({ host: '127.0.0.1', port: first + i }));
}

/** For a test that failed: what the nodes said last. */
export function tellLastWords(cluster: Cluster): void {
  for (const node of cluster.nodes) {
    const lines = node.child.output.trimEnd().split('\n').slice(-15);
    process.stderr.write(`----- last log lines of ${node.name}\n${lines.join('\n')}\n`);
  }
}

/** A failure shows what the nodes said. */
export async function withLastWords(
  cluster: Cluster,
  run: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  try {
    await run(cluster);
  } catch (error) {
    tellLastWords(cluster);
    throw error;
  }
}

/** Runs a test on a cluster that is gone afterwards, however the test ends. */
export async function withCluster(
  options: ClusterOptions,
  run: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await Cluster.start(options);
  try {
    await withLastWords(cluster, run);
  } finally {
    await cluster.destroy();
  }
}
