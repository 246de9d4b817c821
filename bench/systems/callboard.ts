/** Callboard itself: three `callboard server` processes of this build. */
import { readFileSync } from 'node:fs';
import { Cluster } from '../../test/lib/cluster.ts';
import type { Running, System } from './system.ts';

export const callboard: System = {
  name: 'callboard',
  modes: [
    { name: 'quorum', durability: 'R3, fsync on a majority before the answer' },
    { name: 'memory', durability: 'R3, in memory of a majority before the answer' },
  ],
  driver: new URL('./callboard-driver.js', import.meta.url).href,
  missing: () => undefined,
  start: async ({ mode }) => {
    const running = runningCluster(await Cluster.start());
    return { ...running, address: { ...running.address, storage: mode === 'memory' ? 'memory' : 'disk' } };
  },
};

export function runningCluster(cluster: Cluster): Running {
  return {
    version: version(),
    address: { urls: cluster.urls },
    pids: () => cluster.nodes.filter(({ isRunning }) => isRunning).map(({ pid }) => pid),
    stop: () => cluster.destroy(),
  };
}

export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return (manifest as { readonly version: string }).version;
}
