/** Looks whether the nodes will be able to listen, before any of them is started. */
import { createServer } from 'node:net';
import type { Endpoint } from '../../node/config.ts';
import { formatEndpoint } from '../../node/config-endpoints.ts';
import { listenFailure } from '../errors.ts';

/** The error of an attempt to listen there, or undefined. */
function tryListen({ host, port }: Endpoint): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function allFree(host: string, port: number, count: number): Promise<boolean> {
  const ports = Array.from({ length: count }, (_, i) => port + i);
  const errors = await Promise.all(ports.map((each) => tryListen({ host, port: each })));
  return errors.every((error) => error === undefined);
}

/** The first of some round ports from which on `count` in a row are free. */
async function freePort(host: string, near: number, count: number): Promise<number | undefined> {
  for (let step = 1; step <= 20; step += 1) {
    const port = near + 10 * step;
    if (port + count - 1 <= 65_535 && (await allFree(host, port, count))) return port;
  }
  return undefined;
}

export interface NamedEndpoint extends Endpoint {
  readonly name: string;
}

/** Throws for the first node that could not listen, with a port that would do. */
export async function assertPortsFree(nodes: readonly NamedEndpoint[]): Promise<void> {
  const errors = await Promise.all(nodes.map((node) => tryListen(node)));
  for (const [index, error] of errors.entries()) {
    const node = nodes[index];
    const first = nodes[0];
    if (error === undefined || node === undefined || first === undefined) continue;
    const other = await freePort(node.host, first.port, nodes.length);
    const example = other === undefined ? '' : `, for example --port ${other}`;
    const wayOut = `Stop that program, or choose the first of ${nodes.length} free ports with --port${example}.`;
    throw listenFailure(error, `${formatEndpoint(node)}, where ${node.name} is to listen,`, wayOut) ?? error;
  }
}
