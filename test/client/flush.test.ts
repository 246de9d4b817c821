/** flush and close end when the last record has been answered, whatever became of the cluster; and the process ends with them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { eventually } from '../lib/eventually.ts';
import { withFakes } from './fake-cluster.ts';

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
  await Promise.all([producer.flush(), other.flush()]);
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
      assert.is(child.output, 'good\ntimeout timeout timeout\nclosed\n');
      assert.is(code, 0);
    });
  });
}

test.run();
