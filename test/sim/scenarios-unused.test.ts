// Consumers that nobody uses are forgotten with their cursors, and those in use are not, whatever clocks do and whoever leads.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimNode } from '../../sim/node.ts';
import type { World } from '../../sim/world.ts';
import {
  gatewayActorId,
  type Call,
  type CallAnswer,
  type GatewayMessage,
} from '../../src/actors/gateway/messages.ts';
import type { PartitionReplica } from '../../src/actors/partition-replica/replica.ts';
import { refTo } from '../../src/kernel/index.ts';
import { play } from './scenario.ts';

const group = 1;
const topic = 'topic-0';
/** A day of simulated use is twelve seconds long. */
const useHourMs = 500;
const daysMs = 40 * 24 * 3_600_000;

let asked = 0;

function ask(node: SimNode, call: Call, then: (answer: CallAnswer) => void): void {
  assert.ok(node.system, `${node.name} runs`);
  asked += 1;
  const asker = node.system.spawn<CallAnswer>(`asker-${asked}`, () => ({ receive: then }));
  const gateway = refTo<GatewayMessage>(node.name, gatewayActorId);
  node.system.send(gateway, { kind: 'call', id: asked, replyTo: asker, deadlineMs: 4_000, call });
}

/** The nodes whose replica keeps a cursor of this consumer. */
function keepers(world: World, consumer: string): string[] {
  return world.nodes
    .filter(({ system }) => {
      const replica = system?.drivers.get(`partition/${group}`) as unknown as PartitionReplica | undefined;
      return [...(replica?.describeState() ?? [])].some((line) => line.startsWith(consumer));
    })
    .map(({ name }) => name);
}

test('an unused consumer is forgotten with its cursors, one in use never, while clocks step by days and leaders change', () => {
  const told: string[] = [];
  const [running] = play(
    'unused',
    ({ world, at, leader, restart }) => {
      const [node] = world.nodes;
      assert.ok(node);
      const say = ({ value, error }: CallAnswer): number => told.push(value?.op ?? error?.code ?? '');
      at(6_000, () => {
        ask(node, { op: 'register-consumer', topic }, ({ value }) => {
          assert.ok(value?.op === 'register-consumer');
          const { id: consumer } = value;
          const consume: Call = { op: 'consume', topic, consumer, partition: 0 };
          ask(node, consume, (answer) => {
            say(answer);
            assert.equal(keepers(world, consumer).length > 0, true, 'it has a cursor');
          });
          at(44_000, () => ask(node, consume, say));
          at(45_000, () => assert.equal(keepers(world, consumer), [], 'and has none'));
        });
      });
      for (const ms of [10_000, 20_000, 30_000]) {
        at(ms, () => {
          for (const one of world.nodes) if (one.running) one.stepWall(ms === 20_000 ? -daysMs : daysMs);
        });
      }
      at(16_000, () => restart(leader(0), 2_000));
    },
    (settings) => ({ ...settings, limits: { ...settings.limits, useHourMs } }),
    1,
  );
  assert.equal(told, ['consume', 'consumer_not_registered']);
  assert.ok((running?.acknowledged ?? 0) > 20);
});

test.run();
