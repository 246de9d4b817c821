/**
 * Ports for test clusters. A node that is down for a while must find its port free when it comes back, so asking for a
 * free port is not enough: a range is claimed by a file, for all tests of this user, until the claimer has ended.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Below the range from which systems give ports to outgoing connections. */
const FIRST_PORT = 20_000;
const RANGE_PORTS = 10;
const RANGES = 1_200;

const claims = new Set<string>();
process.on('exit', () => {
  for (const file of claims) rmSync(file, { force: true });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function claim(file: string): boolean {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      claims.add(file);
      return true;
    } catch {
      const owner = Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' }));
      if (owner > 0 && isRunning(owner)) return false;
      rmSync(file, { force: true });
    }
  }
  return false;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The first of `count` (at most 10) ports in a row that belong to this process until it ends. */
export async function claimPorts(count: number): Promise<number> {
  if (count > RANGE_PORTS) throw new RangeError(`a range has ${RANGE_PORTS} ports, not ${count}`);
  const directory = join(tmpdir(), `callboard-test-ports-${userInfo().uid}`);
  mkdirSync(directory, { recursive: true });
  const start = Math.floor(Math.random() * RANGES);
  for (let step = 0; step < RANGES; step += 1) {
    const range = (start + step) % RANGES;
    const first = FIRST_PORT + range * RANGE_PORTS;
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if (!claim(join(directory, String(range)))) continue;
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(
    `no ${count} free ports in a row between ${FIRST_PORT} and ${FIRST_PORT + RANGES * RANGE_PORTS}`,
  );
}
