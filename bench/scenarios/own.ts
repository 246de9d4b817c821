/** What the scenarios about Callboard alone have in common. */
import { callboard, version } from '../systems/callboard.ts';
import type { LatencyMs, Result } from '../suite/result.ts';

type Figures = Partial<Omit<Result, 'system' | 'version' | 'scenario' | 'durability'>>;

const nothing: LatencyMs = { p50: 0, p99: 0, p999: 0, max: 0 };

/** A result whose figures are zero where the scenario has none. */
export function ownResult(scenario: string, figures: Figures): Result {
  return {
    system: callboard.name,
    version: version(),
    scenario,
    durability: callboard.modes[0].durability,
    records: 0,
    recordBytes: 0,
    recordsPerSecond: 0,
    megabytesPerSecond: 0,
    latencyMs: nothing,
    cpuSeconds: 0,
    clientCpuSeconds: 0,
    peakRssBytes: 0,
    repeats: [],
    more: {},
    ...figures,
  };
}

export function rounded(value: number, digits: number = 2): number {
  return Number(value.toFixed(digits));
}
