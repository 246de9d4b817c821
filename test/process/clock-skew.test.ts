/** One node's clock is 20 minutes slow: records that nobody dated are stored all the same, with the date of whoever leads. */
// timeout: 120 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '@callboard/client';
import { Cluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { rejected } from '../client/kit.ts';

const slowMs = 20 * 60_000;
/** What faketime does, for a process that asks no other clock for the date. */
const slow = `--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()-${slowMs}`;
const partitions = 6;
const test = suite('S1: a wrong clock');

test('produced over HTTP, by clients and with dates of their own; the skew is a finding of every node', async () => {
  const prefix = (node: number): readonly string[] => (node === 1 ? ['env', `NODE_OPTIONS=${slow}`] : []);
  const cluster = await Cluster.start({ prefix });
  try {
    const [api] = cluster.apis;
    if (api === undefined) throw new Error('no node');
    await api.createTopic('t', partitions);
    const producer = await api.registerProducer('t');
    await using client = await connect(cluster.urls);
    await using sender = client.producer('t');
    const beganMs = Date.now();
    for (let partition = 0; partition < partitions; partition += 1) {
      await api.produce({ topic: 't', producer, message: 'over HTTP', partition });
      await sender.send({ value: 'by a client', partition });
    }
    const places = (await client.topic('t'))?.partitions ?? [];
    const isSlow = (partition: number): boolean => places[partition]?.leader === 'broker-2';
    assert.ok(
      places.some(({ partition }) => isSlow(partition)),
      'the node with the wrong clock leads something',
    );

    // A date that is given stays what it is: 20 minutes ahead of that leader's clock is more than it takes.
    for (const { partition } of places) {
      const sent = sender.send({ value: 'dated', partition, timestamp: Date.now() });
      const refusal = isSlow(partition) ? (await rejected(sent)).detail : await sent.then(() => 'none');
      assert.match(refusal, isSlow(partition) ? /ahead of this node's clock/ : 'none');
    }

    const consumer = client.consumer('t', { from: 'earliest' });
    let seen = 0;
    for await (const record of consumer) {
      if (record.text() === 'dated') continue;
      const late = beganMs - record.timestamp.getTime();
      const expected = isSlow(record.partition) ? slowMs : 0;
      assert.ok(Math.abs(late - expected) < slowMs / 2, `${record.partition}: ${late} ms`);
      seen += 1;
      if (seen === 2 * partitions) break;
    }
    for (const [node, pattern] of [
      [0, /The clock of node broker-2 is 1[12]\d\d s behind/],
      [1, /The clock of node broker-1 is 1[12]\d\d s ahead of/],
    ] as const) {
      await eventually(`node ${node} finds the skew`, async () => {
        const { findings } = (await cluster.apis[node]?.expect('GET', '/status')) as { findings: string[] };
        return findings.some((finding) => pattern.test(finding));
      });
    }
  } finally {
    await cluster.destroy();
  }
});

test.run();
