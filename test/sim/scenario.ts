/** Directed runs: a calm cluster of three, a script of faults at given times, and the same checkers as ever. */
import { defaultLimits } from '@callboard/client/protocol';
import * as assert from 'uvu/assert';
import type { FaultPlan } from '../../sim/faults/plan.ts';
import type { SimNode } from '../../sim/node.ts';
import { runSeed } from '../../sim/run.ts';
import type { PartitionAnswer } from '../../src/actors/partition-replica/messages.ts';
import type { RunResult } from '../../sim/run.ts';
import type { Settings } from '../../sim/settings.ts';
import type { World } from '../../sim/world.ts';
import { oneRecordChunk } from '../../sim/workload/one-record.ts';
import { repeats } from '../lib/effort.ts';

export interface Stage {
  readonly world: World;
  readonly plan: FaultPlan;
  /** Runs `act` at this simulated time. */
  at(ms: number, act: () => void): void;
  /** The node that leads the group, of those that run; throws if there is none. */
  leader(group: number): SimNode;
  /** Kills a node and starts it again after a while. */
  restart(node: SimNode, afterMs: number, power?: boolean): void;
  cutOff(node: SimNode, forMs: number): void;
}

export function calm(settings: Settings): Settings {
  const { network, faults, workload, limits } = settings;
  return {
    ...settings,
    nodes: ['node-1', 'node-2', 'node-3'],
    // Scripts end processes as they like, also more at a time than copies in memory outlive.
    memory: false,
    network: { ...network, latencyMs: 0.3, jitterMs: 0.3, bulkBytesPerMs: 50_000, raw: false },
    limits: { ...limits, producerIdleMs: defaultLimits.producerIdleMs },
    faults: { ...faults, kinds: [], clockDays: false },
    workload: {
      ...workload,
      topics: 1,
      fleeting: 0,
      maxPartitions: 1,
      thinkMs: repeats(900, 150),
      idle: false,
      naps: false,
      realClients: 0,
    },
  };
}

/** Runs the script under a seed or some; each must end without a violation. */
export function play(
  name: string,
  script: (stage: Stage) => void,
  change: (settings: Settings) => Settings = (settings) => settings,
  seeds: number = repeats(1, 3),
): readonly RunResult[] {
  return Array.from({ length: seeds }, (_, at) => at + 1).map((seed) => {
    const result = runSeed({
      seed: `${name} ${seed}`,
      minutes: 1,
      change: (settings) => change(calm(settings)),
      script: (world, plan) => script(stageOf(world, plan)),
    });
    assert.equal(result.violations, [], `${name}, seed ${seed}`);
    assert.ok(result.acknowledged > 20, `${name}, seed ${seed}: only ${result.acknowledged} records`);
    return result;
  });
}

export function stageOf(world: World, plan: FaultPlan): Stage {
  return {
    world,
    plan,
    at: (ms, act) => world.after(ms, act),
    leader: (group) => {
      const { raft } = world.checks;
      const found = world.nodes.find((node) => {
        const view = raft.view(node.name, group);
        return node.running && view?.life === node.life && view.raft.status().role === 'leader';
      });
      if (found === undefined) throw new Error(`nobody leads group ${group}`);
      return found;
    },
    restart: (node, afterMs, power = false) => {
      node.crash(power);
      plan.restartAfter(afterMs, node);
    },
    cutOff: (node, forMs) => {
      for (const link of world.network.linksOf(node.name)) {
        for (const direction of link.directions()) {
          link.cut(direction);
          world.after(forMs, () => link.mend(direction));
        }
      }
    },
  };
}

/** Under which numbers and date a batch is slipped in; nobody's, unless said otherwise. */
export interface SlippedAs {
  readonly producerId?: Uint8Array;
  readonly producerEpoch?: number;
  readonly firstTimestamp?: number;
}

/** A batch of one record that is in the checkers' books, straight into a node's own replica. */
export function slipIn(
  world: World,
  node: SimNode,
  group: number,
  id: number,
  as: SlippedAs = {},
  answered: (answer: PartitionAnswer) => void = () => undefined,
): void {
  world.checks.records.attempt(
    { id, client: 'slipped', groups: [group], ordered: false, bytes: 8 },
    world.nowMicros,
  );
  const chunk = oneRecordChunk({
    id,
    bytes: 8,
    producerId: as.producerId ?? new Uint8Array(16),
    epoch: as.producerEpoch ?? 0,
    timestamp: as.firstTimestamp ?? node.clock?.wallTime() ?? 1,
  });
  node.door?.request(node.name, group, { kind: 'produce', acks: 'quorum', chunk }, answered);
}
