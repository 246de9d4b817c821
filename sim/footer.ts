/** Adds up what many seeds came to, judges whether enough was tried, and writes the footer of a run. */
import { faultKinds, roles } from './observe/fault-kinds.ts';
import { sometimesPoints } from './observe/sometimes.ts';
import type { RunResult } from './run.ts';

/** Over this many seeds of ten minutes each, every fault must have fired this often, and this many records be checked. */
const floorSeeds = 200;
const floorFaults = 100;
const floorRecords = 100_000;
const floorMinutes = 10;

export interface Totals {
  readonly seeds: number;
  readonly failed: readonly RunResult[];
  readonly simulatedMs: number;
  readonly events: number;
  readonly elections: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly statesCompared: number;
  readonly opsAcked: number;
  readonly opsUnknown: number;
  readonly opsFailed: number;
  readonly unavailableMs: number;
  readonly faults: ReadonlyMap<string, number>;
  /** By fault kind: how often it has hit a node in each of `roles`. */
  readonly roles: ReadonlyMap<string, readonly number[]>;
  readonly points: ReadonlyMap<string, number>;
}

export function addUp(results: readonly RunResult[]): Totals {
  const sum = (of: (result: RunResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const byName = (names: readonly string[], of: (result: RunResult) => Readonly<Record<string, number>>) =>
    new Map(names.map((name) => [name, sum((result) => of(result)[name] ?? 0)]));
  return {
    seeds: results.length,
    failed: results.filter((result) => result.violations.length > 0),
    simulatedMs: sum((result) => result.simulatedMs),
    events: sum((result) => result.events),
    elections: sum((result) => result.elections),
    acknowledged: sum((result) => result.acknowledged),
    delivered: sum((result) => result.delivered),
    statesCompared: sum((result) => result.statesCompared),
    opsAcked: sum((result) => result.opsAcked),
    opsUnknown: sum((result) => result.opsUnknown),
    opsFailed: sum((result) => result.opsFailed),
    unavailableMs: Math.max(0, ...results.map((result) => result.unavailableMs)),
    faults: byName(faultKinds, (result) => result.faults),
    roles: new Map(
      faultKinds.map((kind) => [
        kind,
        roles.map((role) => sum((result) => result.roles[`${kind} ${role}`] ?? 0)),
      ]),
    ),
    points: byName(sometimesPoints, (result) => result.points),
  };
}

/** What was tried too rarely. One seed proves nothing either way, so a few are not judged. */
export function shortfalls(totals: Totals, minutes: number): readonly string[] {
  const share = (totals.seeds * minutes) / (floorSeeds * floorMinutes);
  if (totals.seeds < 20) return [];
  const found: string[] = [];
  const faults = Math.floor(floorFaults * share);
  for (const [kind, count] of totals.faults) {
    if (count < faults) found.push(`the fault ${kind} fired ${count} times, at least ${faults} are expected`);
  }
  const records = Math.floor(floorRecords * share);
  if (totals.acknowledged < records) {
    found.push(`${totals.acknowledged} acknowledged records were checked, at least ${records} are expected`);
  }
  if (share >= 1) {
    for (const [point, count] of totals.points) {
      if (count === 0) found.push(`it never happened that ${point}`);
    }
  }
  return found;
}

export function footer(totals: Totals, cpuMs: number): readonly string[] {
  const hours = totals.simulatedMs / 3_600_000;
  const rate = cpuMs > 0 ? hours / (cpuMs / 60_000) : 0;
  const hit = [...totals.points].filter(([, count]) => count > 0).length;
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name} ${count}`).join('  ');
  return [
    `sim: seeds ${totals.seeds}  simulated ${hours.toFixed(2)} cluster-hours (${rate.toFixed(1)} per core-minute)  events ${totals.events}`,
    `records acknowledged and checked ${totals.acknowledged}, delivered and checked ${totals.delivered}, states compared ${totals.statesCompared}`,
    `ops acked ${totals.opsAcked}  unknown ${totals.opsUnknown}  failed ${totals.opsFailed}  elections ${totals.elections}  max unavailability after heal ${(totals.unavailableMs / 1_000).toFixed(2)} s`,
    `faults: ${list(totals.faults)}`,
    `hit as ${roles.join('/')}: ${[...totals.roles]
      .filter(([, counts]) => counts.some((count) => count > 0))
      .map(([kind, counts]) => `${kind} ${counts.join('/')}`)
      .join('  ')}`,
    `sometimes ${hit}/${totals.points.size}: ${list(totals.points)}`,
    `violations ${totals.failed.length}`,
  ];
}
