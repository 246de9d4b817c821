/** One cluster for all suites of a process that need three ordinary nodes: to start them costs more than most of what is asked of them. */
import type { Test } from 'uvu';
import { defaultLimits } from '@callboard/client/protocol';
import { Cluster } from './cluster.ts';
import { repeats } from './effort.ts';

/** What its nodes have beside the defaults: a test that fills this takes long with the usual number. */
export const sharedLimits: { readonly clientSubscriptions: number } = {
  clientSubscriptions: repeats(100, defaultLimits.clientSubscriptions),
};

let suites = 0;
let shared: Promise<Cluster> | undefined;
let cluster: Cluster | undefined;

function sharedCluster(): Cluster {
  if (cluster === undefined) throw new Error('the cluster runs while tests do');
  return cluster;
}

/**
 * For a suite that is content with topics of its own. It finds all nodes ready, and may kill them as long as they can come back;
 * the cluster ends with the last suite that asked for it.
 */
export function onSharedCluster(test: Test): () => Cluster {
  suites += 1;
  test.before(async () => {
    shared ??= Cluster.start({ env: { CALLBOARD_LIMITS: JSON.stringify(sharedLimits) } });
    cluster = await shared;
    cluster.startAll();
    await cluster.ready();
  });
  test.after(async () => {
    suites -= 1;
    if (suites === 0) await cluster?.destroy();
  });
  return sharedCluster;
}
