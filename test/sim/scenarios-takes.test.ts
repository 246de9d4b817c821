// timeout: 180 s
// S11 under the faults that decide it: nodes that are cut off and live, and nodes that die with what they have not noted.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimNode } from '../../sim/node.ts';
import { repeats } from '../lib/effort.ts';
import type { Settings } from '../../sim/settings.ts';
import { play, type Stage } from './scenario.ts';

const group = 1;

/** Many who take records over HTTP, and enough to take. */
function busy(settings: Settings): Settings {
  const workload = {
    ...settings.workload,
    thinkMs: repeats(250, 100),
    consumers: 4,
    directProducers: 0,
    pushed: 0,
    pushReaders: 0,
  };
  return { ...settings, workload };
}

function follower({ world, leader }: Stage): SimNode {
  const found = world.nodes.find((node) => node !== leader(group));
  assert.ok(found);
  return found;
}

test('S11: what a node that is cut off may have handed over is given to nobody else before it is back', () => {
  const results = play(
    'takes of a node that is cut off',
    (stage) => {
      for (const ms of [8_000, 18_000, 28_000, 38_000, 48_000]) {
        stage.at(ms, () => stage.cutOff(follower(stage), 6_000));
      }
    },
    busy,
  );
  for (const { points } of results) {
    assert.is(points['a record was given twice'] ?? 0, 0, 'no node died');
    assert.ok((points['a record was given again'] ?? 0) > 0, 'callers left');
  }
});

test('S11: nothing is missing after all nodes were killed at once, five times', () => {
  const results = play(
    'takes through kills of all',
    ({ world, at, restart }) => {
      for (let n = 1; n <= 5; n += 1) {
        at(n * 9_000, () => {
          for (const [k, node] of world.nodes.entries()) if (node.alive) restart(node, 100 * (k + 1));
        });
      }
    },
    busy,
  );
  for (const { points } of results) {
    assert.ok((points['a record was given again'] ?? 0) > 0);
    assert.ok((points['a record was given twice'] ?? 0) > 0, 'some were handed over and not noted');
  }
});

test('S11: a gateway or a door that fails loses no record, and the leader that fails forgets no take', () => {
  const results = play(
    'takes through failing actors',
    ({ world, at }) => {
      for (let n = 0; n < 24; n += 1) {
        at(6_000 + n * 2_000, () => {
          const node = world.nodes[n % 3];
          const actor = ['gateway', 'http-door', `partition/${group}`][n % 4] ?? 'http-door';
          node?.system?.fuses.get(actor)?.arm(n % 2 === 0, 1);
        });
      }
    },
    busy,
  );
  for (const { faults } of results) assert.ok((faults['actor-crash'] ?? 0) > 12);
});

test.run();
