/** What the package offers to programs: a broker inside their own process. */
import type { Broker, BrokerOptions } from './node/embedded.ts';

export type { Broker, BrokerOptions } from './node/embedded.ts';

/** Starts a broker in this process; resolves once it takes calls. Its code is loaded by the first call. */
export async function startBroker(options?: BrokerOptions): Promise<Broker> {
  const embedded = await import('./node/embedded.ts');
  return embedded.startBroker(options);
}
