// The whole contract against a real node with its files, in this process.
import { test } from 'uvu';
import { startBroker, type Broker } from '../../../src/index.ts';
import { makeTempDir, removeTempDir } from '../../lib/temp-dir.ts';
import { forgetConnections } from './client.ts';
import { contractCases } from './contract.ts';

const adminToken = 'token-of-the-tests';
const dataDir = makeTempDir();
let broker: Broker | undefined;

test.before(async () => {
  broker = await startBroker({ adminToken, dataDir });
});

test.after(async () => {
  forgetConnections();
  await broker?.close();
  removeTempDir(dataDir);
});

const bases = (): string[] => (broker === undefined ? [] : [broker.httpUrl]);
for (const { name, run } of contractCases(bases, adminToken, { brokers: ['broker-1'] })) test(name, run);

test.run();
