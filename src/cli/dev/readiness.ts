/** Asks nodes over HTTP whether they are ready. */
import { get } from 'node:http';
import type { Endpoint } from '../../node/config.ts';
import { reachable } from './options.ts';

const PROBE_MS = 2_000;
const PAUSE_MS = 100;

function probe(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const { host, port } = reachable(endpoint);
    const request = get(
      { host, port, path: '/readyz', agent: false, timeout: PROBE_MS, signal },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode === 200));
        response.on('error', () => resolve(false));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, PAUSE_MS);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** Resolves to true when the node says that it is ready, to false when `signal` aborts. */
export async function untilReady(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await probe(endpoint, signal)) return true;
    await pause(signal);
  }
  return false;
}
