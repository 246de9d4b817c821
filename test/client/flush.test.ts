/** flush and close end when the last record has been answered, whatever became of the cluster; and the process ends with them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { eventually } from '../lib/eventually.ts';
import { failure } from '@callboard/client/protocol';
import { failing, withFakes } from './fake-cluster.ts';
import { withClient } from './kit.ts';

const library = pathToFileURL(join(findRepoRoot(import.meta.url), 'client/dist/node.js')).href;

/** The good send comes before the node dies, the others after it; `end` says when flush is asked for. */
const program = (url: string, end: 'before' | 'after'): string => `
  import { connect } from '${library}';
  const client = await connect('${url}', { deadlineMs: 400 });
  const producer = client.producer('t');
  await producer.send({ value: 'good' });
  console.log('good');
  await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  const other = client.producer('never-heard-of');
  const sends = [producer.send({ value: 'lost' }), producer.sendBatch([{ value: 'lost' }]), other.send({ value: 'lost' })];
  const answers = Promise.allSettled(sends);
  if ('${end}' === 'after') await answers;
  const reports = await Promise.all([producer.flush(), other.flush()]);
  console.log(reports.map(({ stored, failed, error }) => [stored, failed, error.code].join('/')).join(' '));
  console.log((await answers).map(({ reason }) => reason.code).join(' '));
  await Promise.all([producer.close(), other.close()]);
  await client.close();
  console.log('closed');
`;

for (const end of ['before', 'after'] as const) {
  test(`the only node dies, and flush is called ${end} the last answer`, async () => {
    await withFakes(1, async (cluster) => {
      cluster.createTopic('t', 1);
      const child = new Child([
        process.execPath,
        '--input-type=module',
        '-e',
        program(cluster.node(0).url, end),
      ]);
      await eventually('the good record to be stored', () => child.output === 'good\n');
      cluster.node(0).stop();
      child.endInput();
      const { code } = await child.ended;
      assert.is(child.output, 'good\n1/2/timeout 0/1/timeout\ntimeout timeout timeout\nclosed\n');
      assert.is(code, 0);
    });
  });
}

test('flush tells how many records were stored and how many failed since the flush before', async () => {
  await withClient(1, async (client, cluster) => {
    cluster.createTopic('t', 1);
    await using producer = client.producer('t');
    const silently = (sent: Promise<unknown>): void => void sent.catch(() => undefined);
    for (let i = 0; i < 5; i += 1) silently(producer.send({ value: String(i) }));
    silently(producer.sendBatch([{ value: 'a' }, { value: 'b' }]));
    assert.equal(await producer.flush(), { stored: 7, failed: 0, error: undefined });
    assert.equal(await producer.flush(), { stored: 0, failed: 0, error: undefined });

    silently(producer.send({ value: undefined as never }));
    silently(producer.sendBatch([{ value: 'a' }, { value: NaN }, { value: 'b' }]));
    silently(producer.send({ value: 'x', partition: 3 }));
    silently(producer.send({ value: 'x'.repeat(2 << 20) }));
    silently(producer.send({ value: 'stored' }));
    const mixed = await producer.flush();
    assert.equal([mixed.stored, mixed.failed, mixed.error?.code], [1, 6, 'bad_request']);

    cluster.node(0).hook = failing('produce', failure('partition_quarantined'), 1);
    silently(producer.sendBatch([{ value: 'a' }, { value: 'b' }]));
    const refused = await producer.flush();
    assert.equal([refused.stored, refused.failed, refused.error?.code], [0, 2, 'partition_quarantined']);
    assert.is((await producer.send({ value: 'again' })).offset, 8);
  });
});

test.run();
