/** The processes of a peer: started, waited for, ended by their own pids. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Child } from '../../../test/lib/child.ts';
import { eventually } from '../../../test/lib/eventually.ts';

/** Where the `get.sh` scripts put what they fetch; seen from dist/bench/peers/lib. */
export const fetched: string = fileURLToPath(new URL('../../../../.servers/', import.meta.url));

const startMs = 120_000;
const stopMs = 20_000;

/** The packages of a newer Debian, unpacked by lib/debian.sh. */
export const debian: string = `${fetched}debian`;

/** Looks in what was fetched first, then in PATH. */
export function findProgram(name: string): string | undefined {
  const own = [`${fetched}bin/${name}`, `${debian}/usr/bin/${name}`].find((path) => existsSync(path));
  if (own !== undefined) return own;
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

export function outputOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`;
}

/** Without blocking the servers' own events. Rejects when the command fails. */
export async function outputAsync(command: readonly [string, ...string[]]): Promise<string> {
  const child = new Child(command);
  const { code } = await child.ended;
  if (code !== 0) throw new Error(`'${command[0]}' ended with ${code}: ${child.output.slice(-1_000)}`);
  return child.output;
}

class ServerEnded extends Error {}

export class Servers {
  readonly #children: Child[] = [];

  start(command: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}): Child {
    const child = new Child(command, { env });
    this.#children.push(child);
    return child;
  }

  get pids(): readonly number[] {
    return this.#children.filter(({ end }) => end === undefined).map(({ pid }) => pid);
  }

  /** With what they have started themselves. */
  allPids(): readonly number[] {
    const childrenOf = (pid: number): number[] => {
      const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .trim()
        .split(' ')
        .filter(Boolean);
      return own.map(Number).flatMap((child) => [child, ...childrenOf(child)]);
    };
    return this.pids.flatMap((pid) => [pid, ...childrenOf(pid)]);
  }

  /** Until `holds`; a server that ends meanwhile is shown with its last words. */
  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    await eventually(
      what,
      async () => {
        const dead = this.#children.find(({ end }) => end !== undefined);
        if (dead !== undefined) throw new ServerEnded(`a server ended: ${dead.output.slice(-2_000)}`);
        return await holds();
      },
      startMs,
      ServerEnded,
    );
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM');
    const patience = setTimeout(() => this.#children.forEach((child) => child.kill('SIGKILL')), stopMs);
    await Promise.all(this.#children.map(({ ended }) => ended.catch(() => undefined)));
    clearTimeout(patience);
  }
}
