/** Two result files side by side: what became faster, what slower, and whether the machines can be compared at all. */
import { formatTable } from '../lib/table.ts';
import type { Report, Result } from './result.ts';

/** Below this a difference says nothing. */
const noise = 0.05;
/** Machines whose limits differ by more than this are not the same machine, whatever their names say. */
const limitTolerance = 0.25;

export interface Change {
  readonly system: string;
  readonly scenario: string;
  readonly before: number;
  readonly after: number;
  readonly unit: string;
  /** `after` in terms of `before`; above 1 is better, for latencies too. */
  readonly gain: number;
  readonly verdict: 'better' | 'worse' | 'same';
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** In one file only. */
  readonly unmatched: readonly string[];
  readonly warnings: readonly string[];
}

export function compare(before: Report, after: Report): Comparison {
  const old = new Map(before.results.map((result) => [keyOf(result), result]));
  const fresh = new Map(after.results.map((result) => [keyOf(result), result]));
  const changes = [...fresh].flatMap(([key, result]) => {
    const other = old.get(key);
    return other === undefined ? [] : changesOf(other, result);
  });
  const unmatched = [
    ...[...old.keys()].filter((key) => !fresh.has(key)).map((key) => `${key}: only in the first file`),
    ...[...fresh.keys()].filter((key) => !old.has(key)).map((key) => `${key}: only in the second file`),
  ];
  return { changes, unmatched, warnings: warningsOf(before, after) };
}

function keyOf({ system, scenario, durability }: Result): string {
  return `${system} (${durability}), ${scenario}`;
}

function changesOf(before: Result, after: Result): readonly Change[] {
  const of = (name: string, unit: string, from: number, to: number, gain: number): Change => ({
    system: after.system,
    scenario: name,
    before: from,
    after: to,
    unit,
    gain,
    verdict: verdictOf(gain, spreadOf(before) + spreadOf(after)),
  });
  const rate = [before.recordsPerSecond, after.recordsPerSecond] as const;
  const p99 = [before.latencyMs.p99, after.latencyMs.p99] as const;
  return [
    ...(rate[0] > 0 && rate[1] > 0 ? [of(after.scenario, 'records/s', ...rate, rate[1] / rate[0])] : []),
    ...(p99[0] > 0 && p99[1] > 0 ? [of(after.scenario, 'p99 ms', ...p99, p99[0] / p99[1])] : []),
  ];
}

/** Half the distance between the extremes, in terms of the median. */
function spreadOf({ repeats, recordsPerSecond }: Result): number {
  if (repeats.length < 2 || recordsPerSecond === 0) return 0;
  return (Math.max(...repeats) - Math.min(...repeats)) / 2 / recordsPerSecond;
}

function verdictOf(gain: number, spread: number): Change['verdict'] {
  const threshold = Math.max(noise, spread);
  if (gain > 1 + threshold) return 'better';
  return gain < 1 / (1 + threshold) ? 'worse' : 'same';
}

function warningsOf(before: Report, after: Report): string[] {
  const warnings: string[] = [];
  const a = before.machine;
  const b = after.machine;
  if (a.cpu !== b.cpu || a.cores !== b.cores) {
    warnings.push(`different machines: ${a.cpu} with ${a.cores} cores, ${b.cpu} with ${b.cores} cores`);
  }
  if (a.node !== b.node) warnings.push(`different versions of Node: ${a.node}, ${b.node}`);
  for (const [name, limit] of Object.entries(before.limits) as [keyof Report['limits'], number][]) {
    const other = after.limits[name];
    const ratio = Math.max(limit, other) / Math.min(limit, other);
    if (ratio > 1 + limitTolerance) {
      warnings.push(
        `${name} was ${limit.toFixed(2)} and is ${other.toFixed(2)}: the machine itself was not the same`,
      );
    }
  }
  return warnings;
}

export function describeComparison({ changes, unmatched, warnings }: Comparison): string {
  const rows = changes.map(({ system, scenario, unit, before, after, gain, verdict }) => ({
    system,
    scenario,
    unit,
    before,
    after,
    gain: `${gain.toFixed(2)} x`,
    verdict,
  }));
  return [
    ...warnings.map((warning) => `WARNING: ${warning}`),
    rows.length === 0 ? 'nothing that both files have' : formatTable(rows),
    ...unmatched,
    '',
  ].join('\n');
}
