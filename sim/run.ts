/** Runs one seed from founding to finale and says what came of it. */
import { withoutRealWorld } from './banned-globals.ts';
import { FaultPlan } from './faults/plan.ts';
import { Finale } from './finale.ts';
import type { FaultKind } from './observe/fault-kinds.ts';
import { withProposalChecker } from './observe/proposal-probe.ts';
import { withRaftObserver } from './observe/raft-probe.ts';
import type { Violation } from './observe/report.ts';
import { watchingRejections } from './ports/turns.ts';
import { drawSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { People } from './workload/people.ts';
import { Workload } from './workload/workload.ts';
import { World } from './world.ts';

export interface RunResult {
  readonly seed: string;
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  /** By `KIND ROLE`: how often a fault has hit a node in a role. */
  readonly roles: Readonly<Record<string, number>>;
  readonly points: Readonly<Record<string, number>>;
  readonly elections: number;
  /** Records acknowledged, each of which was found at its place. */
  readonly acknowledged: number;
  readonly delivered: number;
  /** By consumers of the client library to their users. */
  readonly handedByClients: number;
  readonly statesCompared: number;
  readonly opsAcked: number;
  readonly opsUnknown: number;
  readonly opsFailed: number;
  readonly unavailableMs: number;
  readonly hash: string;
}

export interface RunOptions {
  readonly seed: string;
  readonly minutes: number;
  /** Told each line of the trace. */
  readonly line?: (text: string) => void;
  /** Changes what the seed has drawn, for directed runs. */
  readonly change?: (settings: Settings) => Settings;
  /** Schedules what a directed run does beside, or instead of, the plan. */
  readonly script?: (world: World, plan: FaultPlan) => void;
}

/** A cluster that never comes to rest is a finding. */
const mostEventsPerSecond = 60_000;

export function runSeed(options: RunOptions): RunResult {
  const drawn = drawSettings(options.seed, options.minutes);
  const settings = options.change?.(drawn) ?? drawn;
  const world = new World(settings, options.line);
  const work = new Workload(world);
  const plan = new FaultPlan(world, work.clients);
  const finale = new Finale(world, work, plan);
  world.isDisturbed = () => plan.busy;
  const found = (error: unknown): void =>
    world.report.violation(
      'simulator',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  const whole = (): void => {
    try {
      options.script?.(world, plan);
      play(world, work, plan, finale);
    } catch (error) {
      found(error);
    }
  };
  watchingRejections(found, () =>
    withoutRealWorld(() =>
      withRaftObserver(world.checks.raft, () => withProposalChecker(world.checks.proposals, whole)),
    ),
  );
  return resultOf(world, work, finale);
}

function play(world: World, work: Workload, plan: FaultPlan, finale: Finale): void {
  const { minutes, nodes } = world.settings;
  const endMicros = Math.ceil(minutes * 60_000_000);
  const most = mostEventsPerSecond * (minutes * 60 + 120) * nodes.length;
  for (const node of world.nodes) {
    plan.restartAfter(world.random.fork(`start ${node.name}`).between(1, 300), node);
  }
  new People(work).start();
  plan.start();
  sampleEvery(world, 30_000);
  world.run(endMicros, most);
  if (world.report.failed) return;
  finale.begin();
  while (!finale.done && !world.report.failed) world.run(world.nowMicros + 200_000, most);
}

function sampleEvery(world: World, ms: number): void {
  world.after(ms, () => {
    world.checks.sample();
    sampleEvery(world, ms);
  });
}

/** What the simulated disks count by themselves. */
const ofEngine: readonly FaultKind[] = [
  'batch-lost',
  'batch-in-doubt-applied',
  'hole',
  'batch-hole',
  'tail-lost',
  'older-value',
  'bit-flip',
  'read-error',
  'open-failed',
  'compaction-error',
];

function resultOf(world: World, work: Workload, finale: Finale): RunResult {
  const { report, checks, loop, settings, nodes } = world;
  for (const { storage } of nodes) {
    for (const [kind, count] of storage.engine.faults.all()) {
      const found = ofEngine.find((known) => known === kind);
      if (found !== undefined) report.fault(found, count);
    }
    report.fault('journal-unsynced-lost', storage.files.faults.of('unsynced-lost'));
    report.fault('journal-torn', storage.files.faults.of('torn'));
  }
  loop.hash.mix(checks.records.acknowledged);
  loop.hash.mix(checks.pushes.deliveries);
  loop.hash.mix(checks.pushes.acks);
  return {
    seed: settings.seed,
    violations: report.violations,
    simulatedMs: loop.nowMicros / 1_000,
    events: loop.executed,
    faults: Object.fromEntries(report.faults),
    roles: Object.fromEntries(report.roles),
    points: Object.fromEntries(report.points),
    elections: checks.elections.elections,
    acknowledged: checks.records.acknowledged,
    delivered: checks.consumers.deliveries + checks.pushes.deliveries,
    handedByClients: checks.clientConsumers.deliveries,
    statesCompared: checks.states.compared,
    opsAcked: work.counts.acked,
    opsUnknown: work.counts.unknown,
    opsFailed: work.counts.failed,
    unavailableMs: finale.unavailableMicros / 1_000,
    hash: loop.hash.digest(),
  };
}
