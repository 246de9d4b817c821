/** The entry for Node: WebSockets by `ws`, checksums by zlib. Same names as the entry for browsers. */
import type { Client, ConnectOptions } from './api.ts';
import { connectOn } from './client.ts';
import { nodePlatform } from './node/platform.ts';

export * from './public.ts';

/**
 * Connects to a cluster: one address or several (`http://`, `ws://`, with `s`, or `host:port`) of any of its nodes. Rejects with
 * a CallboardError: `auth_failed`, `version_mismatch`, `unavailable` after the deadline, `aborted`.
 */
export function connect(addresses: string | readonly string[], options?: ConnectOptions): Promise<Client> {
  return connectOn(nodePlatform, addresses, options);
}
