/** A RabbitMQ cluster of three nodes with the stream plugin; quorum queues and streams are measured on the same kind. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimPorts } from '../../../test/lib/ports.ts';
import type { Running, StartOptions } from '../../systems/system.ts';
import { debian, outputOf, Servers } from '../lib/servers.ts';

/** Debian's script in PATH would change to the user `rabbitmq` and its folders. */
const bin = `${debian}/usr/lib/rabbitmq/bin`;
const erlang = `${debian}/usr/lib/erlang/bin`;
const nodes = 3;

export function missingRabbit(): string | undefined {
  return existsSync(`${bin}/rabbitmq-server`) && existsSync(`${erlang}/erl`)
    ? undefined
    : 'no RabbitMQ in bench/peers/.servers: run bench/peers/rabbitmq/get.sh';
}

export async function startRabbit({ directory }: StartOptions): Promise<Running> {
  const first = await claimPorts(nodes * 3 + 1);
  const all = Array.from({ length: nodes }, (_, node) => node);
  const epmdPort = String(first + nodes * 3);
  const common = {
    HOME: directory,
    PATH: `${erlang}:${process.env['PATH'] ?? ''}`,
    ERL_EPMD_PORT: epmdPort,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
  };
  const cookie = join(directory, '.erlang.cookie');
  writeFileSync(cookie, 'BENCHMARK');
  chmodSync(cookie, 0o400);
  writeFileSync(common.RABBITMQ_ENABLED_PLUGINS_FILE, '[rabbitmq_stream].\n');
  const servers = new Servers();
  try {
    // In the foreground and on a port of its own: the one that RabbitMQ would start outlives it.
    servers.start([`${erlang}/epmd`, '-port', epmdPort, '-address', '127.0.0.1'], common);
    for (const node of all)
      servers.start([`${bin}/rabbitmq-server`], { ...common, ...settings(directory, first, node) });
    await servers.until('the three RabbitMQ nodes form a cluster', () => {
      const env = { ...process.env, ...common, ...settings(directory, first, 0) };
      const status = outputOf(`${bin}/rabbitmqctl`, ['cluster_status', '--formatter', 'json'], env);
      const { running_nodes: running } = JSON.parse(status.slice(status.indexOf('{'))) as {
        running_nodes: string[];
      };
      return running.length === nodes;
    });
  } catch (error) {
    await servers.stop();
    throw error;
  }
  return {
    version: outputOf(`${bin}/rabbitmqctl`, ['version'], { ...process.env, ...common }).trim(),
    address: {
      amqp: all.map((node) => first + node * 3),
      stream: all.map((node) => first + node * 3 + 1),
    },
    pids: () => servers.allPids(),
    stop: () => servers.stop(),
  };
}

function nameOf(node: number): string {
  return `r${node}@localhost`;
}

function settings(directory: string, first: number, node: number): Record<string, string> {
  const home = join(directory, `rabbit-${node}`);
  mkdirSync(home, { recursive: true });
  const config = join(directory, `rabbit-${node}.conf`);
  const names = Array.from({ length: nodes }, (_, other) => other);
  const stream = first + node * 3 + 1;
  writeFileSync(
    config,
    `cluster_formation.peer_discovery_backend = classic_config
${names.map((other) => `cluster_formation.classic_config.nodes.${other + 1} = ${nameOf(other)}`).join('\n')}
listeners.tcp.default = 127.0.0.1:${first + node * 3}
stream.listeners.tcp.1 = 127.0.0.1:${stream}
stream.advertised_host = 127.0.0.1
stream.advertised_port = ${stream}
log.console = true
log.file = false
vm_memory_high_watermark.relative = 0.3
`,
  );
  return {
    RABBITMQ_NODENAME: nameOf(node),
    // Makes the script's process the node itself; otherwise a shell stands in between, and the node outlives it.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_DIST_PORT: String(first + node * 3 + 2),
    RABBITMQ_MNESIA_BASE: home,
    RABBITMQ_LOG_BASE: home,
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_PID_FILE: join(home, 'pid'),
  };
}
