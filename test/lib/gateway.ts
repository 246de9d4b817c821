/** The gateway of compose.yaml on this machine: the same nginx files, filled in as the nginx image would do it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { claimPorts } from './ports.ts';
import { makeTempDir, removeTempDir } from './temp-dir.ts';

const NGINX = join(findRepoRoot(import.meta.url), 'deploy/nginx');
const TEMPLATE = join(NGINX, 'templates/callboard.conf.template');

/** The variables of the template. */
export type GatewaySettings = Readonly<Record<string, string>>;

/** What the image's envsubst does under its filter: only these variables, only in braces. */
export function renderTemplate(template: string, settings: GatewaySettings): string {
  return template.replace(/\$\{(CALLBOARD_\w+)\}/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined) throw new Error(`the template wants ${name}, which is not set`);
    return value;
  });
}

export class Gateway {
  readonly url: string;
  readonly #child: Child;
  readonly #directory: string;

  private constructor(url: string, child: Child, directory: string) {
    this.url = url;
    this.#child = child;
    this.#directory = directory;
  }

  /** `nodes`: three addresses, as host:port. No node is asked for anything. */
  static async start(nginx: string, nodes: readonly string[]): Promise<Gateway> {
    const directory = makeTempDir();
    const listen = `127.0.0.1:${await claimPorts(1)}`;
    mkdirSync(join(directory, 'conf.d'));
    copyFileSync(join(NGINX, 'nginx.conf'), join(directory, 'nginx.conf'));
    const settings = {
      CALLBOARD_GATEWAY_LISTEN: listen,
      CALLBOARD_GATEWAY_TEMP: directory,
      ...Object.fromEntries(nodes.map((node, index) => [`CALLBOARD_NODE_${index + 1}`, node])),
    };
    const rendered = renderTemplate(readFileSync(TEMPLATE, 'utf8'), settings);
    writeFileSync(join(directory, 'conf.d/callboard.conf'), rendered);
    // One process: no worker outlives a test that is killed.
    const globals = `daemon off; master_process off; pid ${directory}/nginx.pid;`;
    const child = new Child([nginx, '-p', directory, '-e', 'stderr', '-c', 'nginx.conf', '-g', globals]);
    const gateway = new Gateway(`http://${listen}`, child, directory);
    try {
      await eventually('the gateway listens', () => gateway.#answers(), 10_000);
      return gateway;
    } catch (error) {
      await gateway.destroy();
      throw new Error(`${String(error)}; nginx said:\n${child.output}`, { cause: error });
    }
  }

  get output(): string {
    return this.#child.output;
  }

  async #answers(): Promise<boolean> {
    if (this.#child.end !== undefined) throw new Error('nginx ended');
    // A path that nginx answers by itself: nothing reaches a node before the test does.
    await (await fetch(`${this.url}/callboard-error/400`)).arrayBuffer();
    return true;
  }

  async destroy(): Promise<void> {
    await this.#child.destroy();
    removeTempDir(this.#directory);
  }
}
