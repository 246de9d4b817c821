/** One run of the benchmark: the machine first, then every scenario on every system that can be measured here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureMachine } from '../lib/machine-limits.ts';
import { warmSystemUp } from '../scenarios/load.ts';
import type { CommonScenario, Scenario } from '../scenarios/scenario.ts';
import type { Mode, System } from '../systems/system.ts';
import type { Options } from './options.ts';
import type { Limits, Machine, NotMeasured, Report, Result } from './result.ts';

/** Told what happens, a line at a time. */
export type Tell = (line: string) => void;

interface Findings {
  readonly results: Result[];
  readonly notMeasured: NotMeasured[];
}

export async function runSuite(
  scenarios: readonly Scenario[],
  systems: readonly System[],
  options: Options,
  tell: Tell,
): Promise<Report> {
  const { machine, limits } = await measured();
  const found: Findings = { results: [], notMeasured: [] };
  const common = scenarios.filter((scenario) => scenario.of === 'any');
  if (common.length > 0) {
    for (const system of systems) await measureSystem(system, common, options, found, tell);
  }
  for (const scenario of scenarios) {
    if (scenario.of !== 'callboard') continue;
    tell(`callboard: ${scenario.name}`);
    await attempt(found, 'callboard', scenario.name, tell, () => scenario.run(options));
  }
  return {
    date: new Date().toISOString(),
    commit: commit(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trimEnd(),
    machine,
    limits,
    ...found,
  };
}

async function measureSystem(
  system: System,
  scenarios: readonly CommonScenario[],
  options: Options,
  found: Findings,
  tell: Tell,
): Promise<void> {
  const missing = system.missing();
  if (missing !== undefined) {
    tell(`${system.name}: not measured: ${missing}`);
    for (const { name } of scenarios) {
      found.notMeasured.push({ system: system.name, scenario: name, reason: missing });
    }
    return;
  }
  for (const mode of options.allModes ? system.modes : system.modes.slice(0, 1)) {
    await inMode(system, mode, scenarios, options, found, tell);
  }
}

async function inMode(
  system: System,
  mode: Mode,
  scenarios: readonly CommonScenario[],
  options: Options,
  found: Findings,
  tell: Tell,
): Promise<void> {
  const label = `${system.name} (${mode.name})`;
  const directory = mkdtempSync(join(tmpdir(), `callboard-bench-${system.name}-`));
  const clear = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  // Also when a signal ends this process: its servers are killed by then, which `Child` sees to.
  process.on('exit', clear);
  try {
    tell(`${label}: starting`);
    const running = await system.start({ directory, mode: mode.name });
    try {
      const subject = { system, mode, running, options };
      tell(`${label}: warming up`);
      await attempt(found, label, 'warm-up', tell, async () => {
        await warmSystemUp(subject);
        return [];
      });
      for (const scenario of scenarios) {
        tell(`${label}: ${scenario.name}`);
        const run = (): Promise<readonly Result[]> => scenario.run(subject);
        await attempt(found, label, scenario.name, tell, run);
      }
    } finally {
      await running.stop();
    }
  } catch (error) {
    const reason = `it did not start: ${reasonOf(error)}`;
    tell(`${label}: ${reason}`);
    found.notMeasured.push({ system: label, scenario: 'all', reason });
  } finally {
    clear();
    process.off('exit', clear);
  }
}

/** A scenario with a call or a record unaccounted for has no result; the reason stands in its place. */
async function attempt(
  found: Findings,
  system: string,
  scenario: string,
  tell: Tell,
  run: () => Promise<readonly Result[]>,
): Promise<void> {
  try {
    found.results.push(...(await run()));
  } catch (error) {
    const reason = reasonOf(error);
    tell(`${system}: ${scenario} has no result: ${reason}`);
    found.notMeasured.push({ system, scenario, reason });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Before anything else runs, and on the same disk. */
async function measured(): Promise<{ readonly machine: Machine; readonly limits: Limits }> {
  const directory = mkdtempSync(join(tmpdir(), 'callboard-bench-machine-'));
  const loadAverage = loadavg()[0] ?? 0;
  try {
    const { cpu, cores, memoryGiB, node, ...limits } = await measureMachine(directory);
    const platform = `${process.platform} ${process.arch}`;
    return { machine: { cpu, cores, memoryGiB, node, platform, loadAverage }, limits };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function commit(): string {
  try {
    const text = execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return text.trim();
  } catch {
    return 'unknown: not in a git work tree';
  }
}
