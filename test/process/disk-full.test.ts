// weight: heavy
// timeout: 180 s
/**
 * A disk that fills up: produces are refused before it is full, reading goes on, a node that meets the end of its disk ends and
 * can start on it again by its ballast, and all is as before once there is space.
 */
import { rmSync, writeFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer } from '../lib/api.ts';
import { Cluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { producedOf } from '../lib/api.ts';
import { canMount, hasOwnMounts, mountDisk, runWithOwnMounts } from '../lib/mounts.ts';

const test = suite('a disk that fills up');
const MIB = 1 << 20;
/** Small, so that the disk may be small; their relation is that of the defaults. */
const limits = { ballastBytes: 6 * MIB, lowSpaceBytes: 8 * MIB };
const topic = 'filling';

/** Leaves so many bytes of the disk free, or as few as there are. */
function leave(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const size = Math.max(0, bavail * bsize - bytes);
  try {
    writeFileSync(join(directory, 'filler'), Buffer.alloc(size, 1), { flag: 'a' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

if (hasOwnMounts()) {
  test('one node, from room to none and back', async () => {
    const cluster = await Cluster.prepare({ nodes: 1, env: { CALLBOARD_LIMITS: JSON.stringify(limits) } });
    const node = cluster.node(0);
    const api = cluster.api(0);
    mountDisk(node.directory, 64);
    try {
      node.start();
      await node.ready();
      await api.createTopic(topic, 1);
      const producer = await api.registerProducer(topic);
      const ledger = new Ledger(topic, 1);
      let sequence = 0;
      const produce = async (): Promise<Answer> => {
        const message = `record ${sequence} ${'x'.repeat(10_000)}`;
        ledger.sent(message);
        const answer = await api.tryProduce({ topic, producer, message, partition: 0, sequence });
        if (answer.status === 200) {
          ledger.acknowledge(message, producedOf(answer));
          sequence += 1;
        }
        return answer;
      };
      for (let count = 0; count < 50; count += 1) {
        const answer = await produce();
        assert.is(answer.status, 200, JSON.stringify(answer.body));
      }

      leave(node.directory, 4 * MIB);
      const refused = await eventually('produces are refused', async () => {
        const answer = await produce();
        return answer.status !== 200 && answer;
      });
      assert.equal([refused.body['code'], refused.body['outcome']], ['low_disk_space', 'not_applied']);
      await ledger.verify([api]);

      leave(node.directory, 0);
      await node.kill();
      node.start();
      await node.ready();
      await ledger.verify([api]);
      assert.is((await produce()).body['code'], 'low_disk_space');

      rmSync(join(node.directory, 'filler'));
      await eventually('produces are taken again', async () => (await produce()).status === 200, 10_000);
      await ledger.verify([api]);
    } finally {
      await cluster.destroy();
    }
  });
} else if (canMount()) {
  test('in mounts of its own', async () => {
    await runWithOwnMounts(fileURLToPath(import.meta.url));
  });
} else {
  console.log('!!!!! SKIPPED: a disk that fills up needs root and the right to mount');
  test.skip('needs root and the right to mount', () => undefined);
}

test.run();
