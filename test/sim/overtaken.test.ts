// Five voters: a change of the directory is cut off at the primary that proposed it, and committed from the one copy elsewhere.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimNode } from '../../sim/node.ts';
import { runSeed, type RunResult } from '../../sim/run.ts';
import { managerActorId, type ManagerMessage } from '../../src/actors/manager/messages.ts';
import { Primary } from '../../src/actors/manager/primary.ts';
import { refTo } from '../../src/kernel/index.ts';
import { Raft } from '../../src/raft/index.ts';
import { calm, stageOf, type Stage } from './scenario.ts';

/** The directory's group. */
const group = 0;

function change(asked: SimNode): ManagerMessage {
  const command = { kind: 'create-topic', name: 'overtaken', partitions: 1 } as const;
  const tag = '0123456789abcdef0123456789abcdef';
  return { kind: 'primary-change', id: 1, fromNode: asked.name, tag, command, deadlineMs: 60_000 };
}

/** Calls `then` as soon as another node than `old` leads. */
function whenLedAnew({ world, at }: Stage, old: SimNode, then: (node: SimNode) => void): void {
  const { raft } = world.checks;
  const found = world.nodes.find(
    (node) => node !== old && raft.view(node.name, group)?.raft.status().role === 'leader',
  );
  if (found === undefined) at(5, () => whenLedAnew({ world, at } as Stage, old, then));
  else then(found);
}

function script(stage: Stage): void {
  const { world, at, leader, restart } = stage;
  const ways = (node: SimNode) => world.network.linksOf(node.name).map((link) => link.from(node.name));
  at(15_000, () => {
    const first = leader(group);
    const others = world.nodes.filter((node) => node !== first);
    const holder = others[0];
    assert.ok(holder);
    // Only one other node gets the proposal; it campaigns in vain, and who leads next reaches the first leader alone.
    for (const way of ways(first)) way.cut = way.to !== holder.name;
    for (const node of others.slice(1)) for (const way of ways(node)) way.bulkCut = way.to !== first.name;
    first.system?.send(refTo<ManagerMessage>(first.name, managerActorId), change(first), 'control');
    at(20, () => {
      for (const way of ways(holder)) way.cut = true;
    });
    // Before it gives way for lack of a quorum, and so late that its links are not given up before the election.
    at(700, () => {
      first.pause();
      whenLedAnew(stage, first, (second) => {
        at(20, () => {
          first.resume();
          at(5, () => {
            restart(first, 15_000);
            restart(second, 15_000);
            for (const node of world.nodes) {
              for (const way of ways(node)) {
                way.cut = false;
                way.bulkCut = false;
              }
            }
          });
        });
      });
    });
  });
}

function run(seed: number): RunResult {
  return runSeed({
    seed: `overtaken ${seed}`,
    minutes: 1,
    change: (drawn) => {
      const settings = calm(drawn);
      const { network } = settings;
      const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'];
      // Each message by itself: what is sent to a process that stands still waits for it.
      return { ...settings, nodes, network: { ...network, raw: true } };
    },
    script: (world, plan) => script(stageOf(world, plan)),
  });
}

/** A shell that takes a truncation for the end of a proposal: what was cut off here is reported `not_applied`. */
function trustingTruncations<T>(body: () => T): T {
  const { step } = Raft.prototype;
  const { abandon } = Primary.prototype;
  let cutFrom: number | undefined;
  Raft.prototype.step = function (input, effects) {
    step.call(this, input, effects);
    cutFrom = effects.role === undefined ? undefined : effects.persist.at(-1)?.truncateFrom;
  };
  Primary.prototype.abandon = function () {
    const from = cutFrom ?? Infinity;
    for (let index = from; index < from + 100; index += 1) this.applied(index, -1, undefined);
    abandon.call(this);
  };
  try {
    return body();
  } finally {
    Raft.prototype.step = step;
    Primary.prototype.abandon = abandon;
  }
}

test('S2: a change that was cut off where it was proposed, and is committed elsewhere, was reported unknown', () => {
  const { violations, points } = run(1);
  assert.equal(violations, []);
  assert.ok((points['a proposal left in doubt was committed'] ?? 0) > 0, 'the scenario came about');
});

test('the checker sees a leader that takes a truncation for the end of a proposal', () => {
  const { violations } = trustingTruncations(() => run(1));
  assert.match(violations[0]?.text ?? 'nothing', /of group 0 was reported not_applied, and is committed/);
});

test.run();
