/**
 * Real network cuts without touching the machine's network: the test runs itself again in an anonymous network
 * namespace that holds a bridge, and each node gets a namespace of its own on that bridge. They have no names, so they
 * vanish with the processes in them, however those end. Needs root and `unshare`, `nsenter` and `ip`.
 */
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';

const UNSHARE = 'unshare';
const INSIDE = 'TEST_IN_NAMESPACE';
const SUBNET = '10.77.0';
const NODE_PORT = 8_080;
/** No interface has it: what is sent there is lost in silence, as on a cut cable. */
const NOBODY = '02:00:00:00:00:fe';

function run(command: string, ...args: readonly string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status === 0) return;
  throw new Error(`${command} ${args.join(' ')}: ${result.error?.message ?? result.stderr.trim()}`);
}

function address(node: number): string {
  return `${SUBNET}.${node + 1}`;
}

/** Whether this process is the one in the namespace. */
export function isIsolated(): boolean {
  return process.env[INSIDE] === '1';
}

export function canIsolate(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const script = 'ip link add name probe0 type bridge && nsenter --version';
  return spawnSync(UNSHARE, ['-n', 'sh', '-c', script], { stdio: 'ignore' }).status === 0;
}

/** Runs this program again inside; throws with all of its output if it fails. */
export async function runIsolated(program: string): Promise<void> {
  const command = [UNSHARE, '-n', process.execPath, '--enable-source-maps', program] as const;
  const child = new Child([...command], { env: { [INSIDE]: '1' } });
  const { code, signal } = await child.ended;
  if (code !== 0) throw new Error(`in its own network (exit code ${code}, ${signal}):\n${child.output}`);
}

export class Network {
  readonly #pids = new Map<number, number>();

  constructor() {
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'name', 'bridge0', 'type', 'bridge');
    run('ip', 'addr', 'add', `${SUBNET}.254/24`, 'dev', 'bridge0');
    run('ip', 'link', 'set', 'bridge0', 'up');
  }

  endpoints(count: number): readonly { host: string; port: number }[] {
    return Array.from({ length: count }, (_, node) => ({ host: address(node), port: NODE_PORT }));
  }

  /** Put before a node's command: it waits in its own namespace until its address is there. */
  prefix(node: number): readonly string[] {
    const wait = `until ip -o -4 addr show up 2>/dev/null | grep -q '${address(node)}/'; do sleep 0.02; done`;
    return [UNSHARE, '-n', 'sh', '-c', `${wait}; exec "$@"`, 'sh'];
  }

  /** Connects a node whose process has just been started. */
  async attach(node: number, pid: number): Promise<void> {
    const ours = readlinkSync('/proc/self/ns/net');
    // Before it has left our namespace, the cable would end up here.
    await eventually('the node has its own network', () => readlinkSync(`/proc/${pid}/ns/net`) !== ours);
    run(
      'ip',
      'link',
      'add',
      'name',
      `node${node}`,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(pid),
    );
    run('ip', 'link', 'set', `node${node}`, 'master', 'bridge0', 'up');
    this.#pids.set(node, pid);
    this.#inside(node, 'link', 'set', 'lo', 'up');
    this.#inside(node, 'addr', 'add', `${address(node)}/24`, 'dev', 'eth0');
    this.#inside(node, 'link', 'set', 'eth0', 'up');
  }

  /** Pulls the node's cable: nothing goes in or out, and nobody is told. */
  cut(node: number): void {
    run('ip', 'link', 'set', `node${node}`, 'down');
  }

  heal(node: number): void {
    run('ip', 'link', 'set', `node${node}`, 'up');
  }

  /** Loses what `from` sends to `to`; the other way stays open. */
  cutOneWay(from: number, to: number): void {
    this.#inside(from, 'neigh', 'replace', address(to), 'lladdr', NOBODY, 'nud', 'permanent', 'dev', 'eth0');
  }

  healOneWay(from: number, to: number): void {
    this.#inside(from, 'neigh', 'del', address(to), 'dev', 'eth0');
  }

  #inside(node: number, ...args: readonly string[]): void {
    const pid = this.#pids.get(node);
    if (pid === undefined) throw new Error(`node ${node} is not attached`);
    run('nsenter', '-t', String(pid), '-n', 'ip', ...args);
  }
}
