// timeout: 120 s
/** Directed runs of topics in memory and of disks that are gone: the checkers say what may be lost, and that the rest is not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunResult } from '../../sim/run.ts';
import type { Settings } from '../../sim/settings.ts';
import type { SimNode } from '../../sim/node.ts';
import { play, type Stage } from './scenario.ts';

/** These runs are about a few records in time, not about many. */
function leisurely(settings: Settings): Settings {
  return { ...settings, workload: { ...settings.workload, thinkMs: 1_000, burst: 0, pushReaders: 0 } };
}

function inMemory(settings: Settings): Settings {
  const { limits } = settings;
  const memoryLossMs = 2 * limits.tickMs * limits.electionTicksMax;
  return { ...leisurely(settings), memory: true, limits: { ...limits, memoryLossMs } };
}

function fiveNodes(settings: Settings): Settings {
  return { ...leisurely(settings), nodes: ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'] };
}

function wipe({ world, plan }: Stage, node: SimNode, afterMs = 500): void {
  node.crash(true);
  node.storage.wipe();
  world.atlas.wiped(node.name);
  plan.restartAfter(afterMs, node);
}

function hit(results: readonly RunResult[], point: string): number {
  return results.reduce((sum, { points }) => sum + (points[point] ?? 0), 0);
}

const anew = 'a partition in memory was begun anew';

test('a topic in memory loses nothing while its nodes are killed one after the other, each healed before the next', () => {
  const results = play(
    'memory in turn',
    ({ world, at, restart }) => {
      for (const [n, node] of world.nodes.entries()) at(10_000 + 12_000 * n, () => restart(node, 300));
    },
    inMemory,
  );
  assert.ok(hit(results, 'a copy in memory came back empty') > 0);
  assert.is(hit(results, anew), 0);
});

test('a topic in memory takes writes again after a power loss of all nodes, twice, and says how often it was lost', () => {
  const results = play(
    'memory of all',
    ({ world, at, restart }) => {
      for (const ms of [12_000, 35_000]) {
        at(ms, () => world.nodes.forEach((node, n) => restart(node, 200 + 300 * n, true)));
      }
    },
    inMemory,
  );
  for (const { points } of results) assert.ok((points[anew] ?? 0) >= 2);
});

test('a write error takes the copies in memory of its node alone: they heal, and nothing is lost', () => {
  const results = play(
    'memory and a write error',
    ({ world, at, leader }) => {
      at(15_000, () => {
        const node = leader(1);
        world.atlas.expectFailure(node.name);
        node.storage.engine.failNextBatch();
        node.storage.files.failNext();
      });
    },
    inMemory,
  );
  assert.ok(hit(results, 'a copy in memory came back empty') > 0);
  assert.is(hit(results, anew), 0);
});

test('a node that lost its disk stays out for good, and the others go on, whoever of them is restarted', () => {
  const script = (stage: Stage): void => {
    const { world, at, restart, leader } = stage;
    at(10_000, () => wipe(stage, leader(1)));
    at(20_000, () =>
      restart(world.nodes.find(({ name }) => !world.atlas.isWiped(name)) as SimNode, 300, true),
    );
    at(30_000, () => wipe(stage, world.nodes.find(({ name }) => world.atlas.isWiped(name)) as SimNode));
  };
  for (const { unavailableMs } of play('a wiped disk', script, leisurely)) assert.ok(unavailableMs < 10_000);
});

test('a topic in memory beside a wiped disk is begun anew when one more copy is lost and does not know what it owes', () => {
  const results = play(
    'a wiped disk and memory',
    (stage) => {
      const { world, at, restart } = stage;
      at(12_000, () => wipe(stage, world.node('node-3')));
      at(20_000, () => restart(world.node('node-2'), 300, true));
    },
    inMemory,
  );
  for (const { points } of results) assert.ok((points[anew] ?? 0) > 0);
});

test('of five nodes two may lose their disks; topics made afterwards are placed on the other three', () => {
  play(
    'two wiped disks',
    (stage) => {
      const { world, at } = stage;
      at(2_000, () => wipe(stage, world.node('node-4')));
      at(4_000, () => wipe(stage, world.node('node-5')));
      at(15_000, () => make(stage, 'late'));
      at(40_000, () => {
        const topic = world.checks.directory.machine.topic('late');
        assert.is(topic?.state, 'ready');
        const used = topic?.partitions.flatMap(({ replicas }) => replicas.map(({ node }) => node));
        assert.equal([...new Set(used)].toSorted(), ['node-1', 'node-2', 'node-3']);
      });
    },
    fiveNodes,
  );
});

function make({ world }: Stage, name: string): void {
  const call = { op: 'create-topic', name, partitions: 2 } as const;
  world.node('node-1').door?.call(call, () => undefined);
}

test.run();
