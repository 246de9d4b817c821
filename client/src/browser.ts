/** The entry for browsers, and for everything else with a WebSocket of its own. Same names as the entry for Node. */
import type { Client, ConnectOptions } from './api.ts';
import { connectOn } from './client.ts';
import { browserPlatform } from './browser/platform.ts';

export * from './public.ts';

/**
 * Connects to a cluster: one address or several (`http://`, `ws://`, with `s`, or `host:port`) of any of its nodes. Rejects with
 * a CallboardError: `auth_failed`, `version_mismatch`, `unavailable` after the deadline, `aborted`.
 */
export function connect(addresses: string | readonly string[], options?: ConnectOptions): Promise<Client> {
  return connectOn(browserPlatform, addresses, options);
}
