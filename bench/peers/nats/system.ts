/** NATS JetStream: three servers in a cluster, one file-backed stream with three replicas per partition. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimPorts } from '../../../test/lib/ports.ts';
import type { Running, StartOptions, System } from '../../systems/system.ts';
import { findProgram, outputOf, Servers } from '../lib/servers.ts';

const program = 'nats-server';
const nodes = 3;

export const nats: System = {
  name: 'nats',
  modes: [
    { name: 'default', durability: 'R3 in file, no fsync before the answer (sync_interval 2 min)' },
    {
      name: 'sync-always',
      durability: 'R3 in file, fsync of every write before the answer (sync_interval: always)',
    },
  ],
  driver: new URL('./driver.js', import.meta.url).href,
  missing: () =>
    findProgram(program) === undefined ? `no ${program}: run bench/peers/nats/get.sh` : undefined,
  start,
};

async function start({ directory, mode }: StartOptions): Promise<Running> {
  const binary = findProgram(program);
  if (binary === undefined) throw new Error(`no ${program}`);
  const first = await claimPorts(nodes * 3);
  const client = (node: number): number => first + node * 3;
  const route = (node: number): number => first + node * 3 + 1;
  const monitor = (node: number): number => first + node * 3 + 2;
  const all = Array.from({ length: nodes }, (_, node) => node);
  const servers = new Servers();
  try {
    for (const node of all) {
      const store = join(directory, `nats-${node}`);
      mkdirSync(store);
      const file = join(directory, `nats-${node}.conf`);
      const routes = all.map((other) => `"nats://127.0.0.1:${route(other)}"`).join(', ');
      const sync = mode === 'sync-always' ? ', sync_interval: always' : '';
      writeFileSync(
        file,
        `server_name: n${node}
listen: "127.0.0.1:${client(node)}"
http: "127.0.0.1:${monitor(node)}"
jetstream { store_dir: "${store}"${sync} }
cluster { name: bench, listen: "127.0.0.1:${route(node)}", routes: [${routes}] }
`,
      );
      servers.start([binary, '-c', file]);
    }
    // The meta leader must know all three, or a stream of three replicas cannot be placed.
    await servers.until('the three NATS servers form a cluster', async () => {
      const answers = await Promise.all(all.map((node) => fetch(`http://127.0.0.1:${monitor(node)}/jsz`)));
      const states = (await Promise.all(answers.map((answer) => answer.json()))) as readonly MetaState[];
      return states.every(
        ({ meta_cluster: meta }) => meta?.leader !== undefined && meta.cluster_size === nodes,
      );
    });
  } catch (error) {
    await servers.stop();
    throw error;
  }
  return {
    version: /v([\d.]+)/.exec(outputOf(binary, ['--version']))?.[1] ?? 'unknown',
    address: { servers: all.map((node) => `127.0.0.1:${client(node)}`) },
    pids: () => servers.pids,
    stop: () => servers.stop(),
  };
}

interface MetaState {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
}
