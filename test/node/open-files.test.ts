import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertLimits, defaultLimits } from '@callboard/client/protocol';
import { openFilesLimit, withinOpenFiles } from '../../src/node/open-files.ts';

test('the limit of this process is known', () => {
  const limit = openFilesLimit();
  assert.ok(limit >= 64, String(limit));
});

test('connections leave the node its own files, and clients leave others their places', () => {
  const { nodeConnections, clientConnections } = defaultLimits;
  for (const enough of [Infinity, 20_000, nodeConnections + 1_200]) {
    assert.is(withinOpenFiles(defaultLimits, enough), defaultLimits);
  }
  const fewer: readonly (readonly [openFiles: number, connections: number])[] = [
    [nodeConnections + 1_199, nodeConnections - 1],
    [4_096, 2_896],
    [1_024, 512],
    [256, 128],
    [4, 2],
    [0, 2],
  ];
  for (const [openFiles, most] of fewer) {
    const limits = withinOpenFiles(defaultLimits, openFiles);
    assert.is(limits.nodeConnections, most, String(openFiles));
    assert.ok(limits.clientConnections < most && limits.clientConnections >= 1);
    assert.ok(limits.clientConnections / most <= clientConnections / nodeConnections || most === 2);
    assertLimits(limits);
  }
});

test.run();
