// weight: heavy
/** More connections than the process may have files open. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withCluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { Attacker } from './lib/attacker.ts';
import { Healthy } from './lib/healthy.ts';
import { Target } from './lib/target.ts';

const test = suite('security: open files');
const openFiles = 600;

test('connections leave the node the files that it needs, and its clients theirs', async () => {
  const prefix = (): readonly string[] => ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh'];
  await withCluster({ nodes: 1, prefix }, async (cluster) => {
    const target = new Target(cluster);
    const healthy = await Healthy.begin(target);
    const attacker = new Attacker(target);
    try {
      const lines = await attacker.lines(2 * openFiles, 'GET /topics HTTP/1.1\r\nhost: local');
      await healthy.worksOn(5);
      // Creating a topic opens files.
      await cluster.api(0).createTopic('afterwards', 4);
      await eventually('connections have given way', () => lines.some(({ closed }) => closed));
    } finally {
      attacker.end();
      await healthy.end();
    }
    assert.equal(healthy.errors, []);
    assert.ok(cluster.node(0).child.output.includes('raise the limit of open files'));
    assert.ok(cluster.node(0).isRunning);
  });
});

test.run();
