/** The nodes that are attacked: one cluster for all suites of a process. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'uvu';
import { Cluster, type ClusterOptions } from '../../lib/cluster.ts';
import { full } from '../../lib/effort.ts';
import { until } from '../../lib/until.ts';

/** Two nodes, so that there are peers to be kept out; the second is nobody's gateway, and its replicas are the first one's too. */
const nodes = 2;

let suites = 0;
let shared: Promise<Cluster> | undefined;
let cluster: Cluster | undefined;

/** What the attacked node took so far. */
export interface Figures {
  /** Memory of its own: without the files that it has mapped. */
  readonly rssBytes: number;
  /** The longest time for which its event loop was busy since `watch`. */
  readonly loopMs: number;
}

const loops: string = mkdtempSync(join(tmpdir(), 'callboard-loops-'));
process.once('exit', () => rmSync(loops, { recursive: true, force: true }));

async function start(options: ClusterOptions): Promise<Cluster> {
  const watch = fileURLToPath(new URL('./loop-watch.js', import.meta.url));
  const watched = full ? { NODE_OPTIONS: `--import ${watch}`, LOOP_WATCH_DIR: loops } : {};
  const cluster = await Cluster.start({ ...options, env: { ...watched, ...options.env } });
  await cluster.ready();
  return cluster;
}

export class Target {
  readonly cluster: Cluster;
  readonly #index: number;

  /** `index`: of the node that is attacked. */
  constructor(running: Cluster, index = 0) {
    this.cluster = running;
    this.#index = index;
  }

  /** Attacks go here. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  get url(): string {
    return this.cluster.node(this.#index).url;
  }

  /** `ws://…/client` or `/peer`. */
  wire(path: 'client' | 'peer' = 'client'): string {
    return `${this.url.replace('http:', 'ws:')}/${path}`;
  }

  async status(): Promise<Readonly<Record<string, unknown>>> {
    return await this.cluster.api(this.#index).expect('GET', '/status');
  }

  /** Only with TEST_FULL=1: from here on `figures` tells of its event loop. */
  async watch(): Promise<void> {
    rmSync(this.#loopFile, { force: true });
    await until('the loop is watched', () => this.#loop() !== undefined);
  }

  figures(): Figures {
    const memory = readFileSync(`/proc/${this.cluster.node(this.#index).pid}/status`, 'utf8');
    const rssBytes = Number(/RssAnon:\s+(\d+)/.exec(memory)?.[1]) * 1_024;
    return { rssBytes, loopMs: this.#loop() ?? 0 };
  }

  get #loopFile(): string {
    return join(loops, `${this.cluster.node(this.#index).pid}`);
  }

  /** Undefined: not yet written, or not whole. */
  #loop(): number | undefined {
    if (!existsSync(this.#loopFile)) return undefined;
    const text = readFileSync(this.#loopFile, 'utf8');
    return text === '' ? undefined : Number(text);
  }

  /** What all its nodes have logged so far. */
  get log(): string {
    return this.cluster.nodes.map(({ child }) => child.output).join('\n');
  }
}

/**
 * For a suite of attacks. It finds its nodes ready, with the limits that everybody has; they end with the last suite that asked for them.
 */
export function onTarget(test: Test): () => Target {
  suites += 1;
  test.before(async () => {
    shared ??= start({ nodes });
    cluster = await shared;
  });
  test.after(async () => {
    suites -= 1;
    if (suites > 0) return;
    await cluster?.destroy();
  });
  return () => {
    if (cluster === undefined) throw new Error('the nodes run while tests do');
    return new Target(cluster);
  };
}

/** The same for a suite whose attacks need limits of their own. */
export function onOwnTarget(test: Test, options: ClusterOptions): () => Target {
  let own: Cluster | undefined;
  test.before(async () => {
    own = await start({ nodes: 1, ...options });
  });
  test.after(async () => {
    await own?.destroy();
  });
  return () => {
    if (own === undefined) throw new Error('the node runs while tests do');
    return new Target(own);
  };
}
