/** Redis Streams: one primary with two replicas, one stream per partition. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { claimPorts } from '../../../test/lib/ports.ts';
import type { Running, StartOptions, System } from '../../systems/system.ts';
import { findProgram, outputOf, Servers } from '../lib/servers.ts';
import { redisNative } from './native.ts';

const program = 'redis-server';
const replicas = 2;

export const redis: System = {
  name: 'redis',
  modes: [
    {
      name: 'everysec',
      durability: 'in memory of the primary and of 1 replica (WAIT 1), fsync every second',
    },
    {
      name: 'always',
      durability:
        'fsync by the primary before the answer (appendfsync always), in memory of 1 replica (WAIT 1)',
    },
  ],
  driver: new URL('./driver.js', import.meta.url).href,
  missing: () =>
    findProgram(program) === undefined ? `no ${program}: run bench/peers/redis/get.sh` : undefined,
  start: startRedis,
  native: redisNative,
};

/** `mode`: the value of `appendfsync`. */
export async function startRedis({ directory, mode }: StartOptions): Promise<Running> {
  const binary = findProgram(program);
  const cli = findProgram('redis-cli');
  if (binary === undefined || cli === undefined) throw new Error(`no ${program} or no redis-cli`);
  const first = await claimPorts(1 + replicas);
  const servers = new Servers();
  try {
    for (let node = 0; node <= replicas; node += 1) {
      const data = join(directory, `redis-${node}`);
      mkdirSync(data);
      const replication = node === 0 ? [] : ['--replicaof', '127.0.0.1', String(first)];
      servers.start([
        binary,
        ...['--port', String(first + node), '--bind', '127.0.0.1', '--dir', data, '--save', ''],
        ...['--appendonly', 'yes', '--appendfsync', mode, '--repl-diskless-sync-delay', '0'],
        ...replication,
      ]);
    }
    await servers.until('the replicas of Redis are connected', () => {
      const info = outputOf(cli, ['-p', String(first), 'info', 'replication']);
      return (info.match(/state=online/g) ?? []).length === replicas;
    });
  } catch (error) {
    await servers.stop();
    throw error;
  }
  return {
    version: /v=([\d.]+)/.exec(outputOf(binary, ['--version']))?.[1] ?? 'unknown',
    address: { port: first },
    pids: () => servers.pids,
    stop: () => servers.stop(),
  };
}
