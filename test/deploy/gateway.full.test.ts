// timeout: 300 s
// weight: heavy
// The gateway of compose.yaml, by Debian's nginx, before three real nodes: the contract through it, and what it does when nodes die.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { ADMIN_TOKEN, Cluster } from '../lib/cluster.ts';
import { Gateway } from '../lib/gateway.ts';
import { findProgram } from '../lib/program.ts';
import { RawClient } from '../lib/raw-client.ts';
import { contractCases } from '../doors/http/contract.ts';
import { forgetConnections } from '../doors/http/client.ts';

const test = suite('gateway');
const nginx = findProgram('nginx', 'nginx');
let cluster: Cluster | undefined;
let gateway: Gateway | undefined;

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the set-up has failed');
  return value;
}

async function setUp(program: string): Promise<void> {
  cluster = await Cluster.start();
  gateway = await Gateway.start(
    program,
    cluster.urls.map((url) => new URL(url).host),
  );
}

async function tearDown(): Promise<void> {
  forgetConnections();
  await gateway?.destroy();
  await cluster?.destroy();
}

if (nginx === undefined) {
  test('is skipped without nginx', () => undefined);
} else {
  test.before(() => setUp(nginx));
  test.after(tearDown);

  const brokers = ['broker-1', 'broker-2', 'broker-3'];
  for (const { name, run } of contractCases(() => [started(gateway).url], ADMIN_TOKEN, {
    brokers,
    proxied: true,
  })) {
    test(`through the gateway: ${name}`, run);
  }

  test('the client sends and is pushed to through it, each record once and in order of its key', async () => {
    const client = await connect(started(gateway).url, { direct: false });
    try {
      await client.createTopic('through-the-gateway', { partitions: 3 });
      const records = Array.from({ length: 600 }, (_, i) => ({ key: `key-${i % 7}`, value: String(i) }));
      await client.producer('through-the-gateway').sendBatch(records);
      const received = new Map<string, string[]>();
      let count = 0;
      for await (const record of client.consumer('through-the-gateway', { id: 'reader', ack: 'auto' })) {
        const key = record.keyText() ?? '';
        received.set(key, [...(received.get(key) ?? []), record.text()]);
        count += 1;
        if (count === records.length) break;
      }
      for (const [key, values] of received) {
        const sent = records.filter((record) => record.key === key).map(({ value }) => value);
        assert.equal(values, sent, key);
      }
    } finally {
      await client.close();
    }
  });

  test('upgrades the path of clients, and no other', async () => {
    const url = started(gateway).url.replace('http', 'ws');
    const client = await RawClient.connect(`${url}/client`);
    await client.createTopic('pushed', 1);
    assert.is((await client.metadata('pushed')).topics.length, 1);
    client.close();
    for (const path of ['/peer', '/', '/topics']) {
      const refused = await RawClient.connect(`${url}${path}`).catch((error: unknown) => error);
      assert.instance(refused, Error, path);
    }
  });
}

test.run();
