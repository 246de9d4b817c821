// timeout: 300 s
// weight: heavy
// The whole contract against three real node processes, calls spread over all of them.
import { test } from 'uvu';
import { ADMIN_TOKEN, Cluster } from '../../lib/cluster.ts';
import { forgetConnections } from './client.ts';
import { contractCases } from './contract.ts';

let cluster: Cluster | undefined;

test.before(async () => {
  cluster = await Cluster.start();
});

test.after(async () => {
  forgetConnections();
  await cluster?.destroy();
});

const brokers = ['broker-1', 'broker-2', 'broker-3'];
for (const { name, run } of contractCases(() => [...(cluster?.urls ?? [])], ADMIN_TOKEN, { brokers })) {
  test(name, run);
}

test.run();
