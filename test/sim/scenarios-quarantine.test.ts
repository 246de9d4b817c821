// timeout: 180 s
/** Directed runs against groups whose replicas fail again and again: they go out of service, and nobody else notices. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { partitionActorId } from '../../src/actors/partition-replica/messages.ts';
import type { SimNode } from '../../sim/node.ts';
import type { Settings } from '../../sim/settings.ts';
import { play, slipIn, type Stage } from './scenario.ts';

const group = 1;
const other = 2;

function somePartitions(settings: Settings): Settings {
  return { ...settings, workload: { ...settings.workload, maxPartitions: 4 } };
}

function stateOf(node: SimNode, of: number): string {
  return node.system?.inspectOne(partitionActorId(of))?.state ?? 'none';
}

function termOf(node: SimNode): number {
  return Number(node.system?.inspectOne(partitionActorId(group))?.details['term'] ?? 0);
}

/** Looks every `everyMs` until the time is over. */
function during({ at }: Stage, fromMs: number, toMs: number, everyMs: number, look: () => void): void {
  for (let ms = fromMs; ms <= toMs; ms += everyMs) at(ms, look);
}

/** No process ends, and the other group takes writes all the while. */
function nobodyElseNotices(stage: Stage, fromMs: number, toMs: number): void {
  const { world, at, plan } = stage;
  plan.restartsQuarantined = false;
  const lives = new Map<string, number>();
  let end = 0;
  at(fromMs, () => {
    for (const { name, life } of world.nodes) lives.set(name, life);
    end = world.checks.committed.group(other).end;
  });
  during(stage, fromMs + 3_000, toMs, 3_000, () => {
    for (const node of world.nodes) {
      assert.ok(node.life === lives.get(node.name), `the process of ${node.name} ended`);
      const state = stateOf(node, other);
      assert.ok(state === 'running', `the other group is ${state} on ${node.name}`);
    }
    const now = world.checks.committed.group(other).end;
    assert.ok(now > end, `the other group stands still at ${now}`);
    end = now;
  });
}

test('a group whose apply throws on every node is out of service: no process ends, others go on, and a mended release has all of it', () => {
  const results = play(
    'poisoned group',
    (stage) => {
      const { world, at } = stage;
      nobodyElseNotices(stage, 8_000, 53_000);
      at(8_000, () => world.poison.put(group, world.checks.committed.group(group).last + 1, world.nowMicros));
      at(50_000, () => {
        const out = world.nodes.filter((node) => stateOf(node, group) === 'quarantined');
        assert.ok(out.length >= 2, `${out.length} replicas are in quarantine`);
      });
      // Whoever is left asks for votes in vain, and raises no term by it.
      at(51_000, () => {
        const terms = world.nodes.map(termOf);
        at(2_000, () => {
          const now = world.nodes.map(termOf);
          assert.ok(now.join() === terms.join(), `terms ${terms.join()} became ${now.join()}`);
        });
      });
      at(54_000, () => world.poison.mend(group));
    },
    somePartitions,
  );
  for (const { points } of results) {
    assert.ok((points['a call met a partition in quarantine'] ?? 0) > 0, 'nobody was told');
    assert.is(points['a process ended by escalation'] ?? 0, 0);
  }
});

test('S18: one replica that throws at every message goes into quarantine, and its group goes on without it', () => {
  const results = play(
    'one in quarantine',
    (stage) => {
      const { world, at, leader } = stage;
      let victim: SimNode | undefined;
      at(8_000, () => {
        victim = leader(group);
        victim.system?.fuses.get(partitionActorId(group))?.arm(true, Infinity);
      });
      nobodyElseNotices(stage, 8_000, 50_000);
      let end = 0;
      during(stage, 14_000, 50_000, 3_000, () => {
        const now = world.checks.committed.group(group).end;
        assert.ok(now > end, `the group stands still at ${now}`);
        end = now;
      });
      at(50_000, () => {
        const state = victim === undefined ? 'none' : stateOf(victim, group);
        assert.ok(state === 'quarantined', `the replica is ${state}`);
      });
    },
    somePartitions,
  );
  for (const { points } of results) assert.ok((points['a replica was put into quarantine'] ?? 0) > 0);
});

/** A call at one node whose answer is the assertion: `then` runs once it has succeeded. */
function succeeds(
  { door }: SimNode,
  call: Parameters<NonNullable<SimNode['door']>['call']>[0],
  then: () => void,
): void {
  assert.ok(door, 'the node does not serve');
  door.call(call, (value, error) => {
    assert.ok(value !== undefined, `${call.op} failed: ${JSON.stringify(error)}`);
    then();
  });
}

test('a topic whose replicas are in quarantine can be removed, and its name be used again', () => {
  let steps = 0;
  play('quarantined topic removed', ({ world, at, plan }) => {
    plan.restartsQuarantined = false;
    const [node] = world.nodes as readonly [SimNode];
    const create = { op: 'create-topic', name: 'doomed', partitions: 1, storage: 'disk' } as const;
    at(8_000, () =>
      succeeds(node, create, () => {
        const doomed = Math.max(...world.checks.promises.groups());
        world.poison.put(doomed, 2, world.nowMicros);
        // Whoever leads takes it.
        world.nodes.forEach((one, n) => slipIn(world, one, doomed, 1_000_000 + n));
        steps += 1;
        at(42_000, () => {
          const out = world.nodes.filter((one) => stateOf(one, doomed) === 'quarantined');
          assert.ok(out.length >= 2, `${out.length} replicas are in quarantine`);
          succeeds(node, { op: 'remove-topic', name: 'doomed' }, () => {
            steps += 1;
            at(2_000, () => {
              const left = world.nodes.map((one) => stateOf(one, doomed));
              assert.ok(
                left.every((state) => state === 'none'),
                left.join(),
              );
              succeeds(node, create, () => (steps += 1));
            });
          });
        });
      }),
    );
  });
  assert.ok(steps >= 3, `only ${steps} steps were done`);
});

test.run();
