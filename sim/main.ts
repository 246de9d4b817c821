/**
 * The simulator's command line:
 *
 *     npm run sim -- --seed S [--minutes M] [--trace]
 *     npm run sim -- --seeds A..B [--minutes M] [--workers N]
 *
 * Exit code 1 on any violation, on a replay that differs, and when too little was tried. A run that failed prints its seed, what
 * was found, and the end of its trace; the seed replays it exactly.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { addUp, footer } from './footer.ts';
import { inOwnTurn } from './ports/turns.ts';
import { runRange } from './range.ts';
import { runSeed } from './run.ts';
import type { RunOptions } from './run.ts';

const traceLines = Number(process.env['SIM_TRACE_LINES'] ?? 200);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} must be a number above 0, not '${text}'`);
  return value;
}

/** The same run again, with its trace: without readers no line is ever made. */
async function explain(seed: string, minutes: number): Promise<void> {
  const last: string[] = [];
  const keep = (line: string): void => {
    last.push(line);
    if (last.length > traceLines) last.shift();
  };
  const { violations } = await inOwnTurn(() => runSeed({ seed, minutes, line: keep }));
  say(`----- the last ${last.length} events of seed ${seed}`);
  for (const line of last) say(line);
  say('-----');
  for (const { checker, text, atMicros } of violations) {
    say(`seed ${seed} at ${atMicros / 1_000_000} s: ${checker}: ${text}`);
  }
  say(`replay: npm run sim -- --seed ${seed} --minutes ${minutes}`);
}

async function runOne(seed: string, minutes: number, trace: boolean): Promise<boolean> {
  const before = process.cpuUsage();
  const options: RunOptions = trace ? { seed, minutes, line: say } : { seed, minutes };
  const result = await inOwnTurn(() => runSeed(options));
  const { user, system } = process.cpuUsage(before);
  const failed = result.violations.length > 0;
  if (failed) await explain(seed, minutes);
  for (const line of footer(addUp([result]), (user + system) / 1_000)) say(line);
  say(`trace hash ${result.hash}`);
  return !failed;
}

async function runMany(range: string, minutes: number, workers: number): Promise<boolean> {
  const match = /^(\d+)\.\.(\d+)$/.exec(range);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!(first <= last)) throw new RangeError(`--seeds must be a range such as 1..200, not '${range}'`);
  const { ok, totals } = await runRange({ first, last, minutes, workers, say });
  const [failed] = totals.failed;
  if (failed !== undefined) await explain(failed.seed, minutes);
  return ok;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      workers: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
      trace: { type: 'boolean', default: false },
    },
  });
  const minutes = positive('minutes', values.minutes);
  if (values.seeds !== undefined) return runMany(values.seeds, minutes, positive('workers', values.workers));
  return runOne(values.seed ?? '1', minutes, values.trace);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
