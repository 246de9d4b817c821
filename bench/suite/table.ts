/** A report as a person reads it on a terminal. */
import { formatTable } from '../lib/table.ts';
import type { Report, Result } from './result.ts';

export function describe(report: Report): string {
  const { machine, limits, results, notMeasured } = report;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, load average before ${machine.loadAverage.toFixed(2)}`,
    formatTable([{ ...limits }]),
  ];
  const scenarios = new Set(results.map(({ scenario }) => scenario));
  for (const scenario of scenarios) {
    const rows = results.filter((result) => result.scenario === scenario).map(row);
    parts.push(`${scenario}\n${formatTable(rows)}`);
  }
  if (notMeasured.length > 0) {
    const lines = notMeasured.map(({ system, scenario, reason }) => `  ${system}, ${scenario}: ${reason}`);
    parts.push(`not measured:\n${lines.join('\n')}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function row(result: Result): Record<string, string | number> {
  const { latencyMs, repeats, more } = result;
  return {
    system: `${result.system} ${result.version}`,
    durability: result.durability,
    'records/s': result.recordsPerSecond,
    spread: spread(repeats),
    'MB/s': result.megabytesPerSecond,
    'p50 ms': latencyMs.p50,
    'p99 ms': latencyMs.p99,
    'p99.9 ms': latencyMs.p999,
    'max ms': latencyMs.max,
    'cpu s': result.cpuSeconds,
    'client cpu s': result.clientCpuSeconds,
    'peak MB': Math.round(result.peakRssBytes / 1e6),
    ...ownFigures(more),
  };
}

/** The curves are for plots. */
function ownFigures(more: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(more).filter(([name]) => !/^p[\d.]+Ms$/.test(name)));
}

/** How far the repeats lie apart, of the median. */
function spread(repeats: readonly number[]): string {
  if (repeats.length < 2) return '';
  const sorted = repeats.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (middle === 0) return '';
  return `±${Math.round((((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)) / 2 / middle) * 100)} %`;
}
