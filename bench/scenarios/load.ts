/** What the scenarios that only send and read have in common: a job, repeated, and its median as a result. */
import { runJob, type MeasuredPart } from '../suite/run-job.ts';
import type { Job, Part } from '../load/job.ts';
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import type { Subject } from './scenario.ts';

/** Before each measured part, on its own topic. */
export function warmUpMs(options: Options): number {
  return options.quick ? 1_000 : 3_000;
}

/**
 * Once for each system that was started, before anything is measured: batches, all of them read back. Systems that compile
 * themselves while they run (JVM, V8) are measured in the state in which they serve.
 */
export async function warmSystemUp(subject: Subject): Promise<void> {
  const { system, running, options } = subject;
  await runJob(
    {
      kind: 'produce',
      driver: system.driver,
      address: running.address,
      topic: freshTopic(system.name),
      partitions: options.partitions,
      recordBytes: 100,
      lanes: 8,
      batch: 100,
      read: 'afterwards',
      warmUpMs: options.quick ? 5_000 : 10_000,
      durationMs: 1_000,
    },
    running,
  );
}

let topics = 0;

/** A topic of its own for each run: what an earlier one left behind must not be read again. */
function freshTopic(name: string): string {
  topics += 1;
  return `bench-${name}-${process.pid}-${topics}`;
}

/** Runs `job` as often as the options say; one result for each kind of part, under the name that `named` gives it. */
export async function measure(
  subject: Subject,
  job: (topic: string) => Job,
  named: Readonly<Partial<Record<Part['part'], string>>>,
): Promise<readonly Result[]> {
  const byPart = new Map<Part['part'], MeasuredPart[]>();
  for (let repeat = 0; repeat < subject.options.repeats; repeat += 1) {
    const task = job(freshTopic(subject.system.name));
    for (const part of await runJob(task, subject.running)) {
      byPart.set(part.part, [...(byPart.get(part.part) ?? []), part]);
    }
  }
  const recordBytes = job('').recordBytes;
  return [...byPart].flatMap(([part, all]) => {
    const name = named[part];
    return name === undefined ? [] : [resultOf(subject, name, recordBytes, all)];
  });
}

function rateOf(part: MeasuredPart): number {
  return part.seconds > 0 ? Math.round(part.records / part.seconds) : 0;
}

/** The figures of the median repeat, and the rates of all. */
function resultOf(
  { system, mode, running }: Subject,
  scenario: string,
  recordBytes: number,
  parts: readonly MeasuredPart[],
): Result {
  const sorted = parts.toSorted((a, b) => rateOf(a) - rateOf(b));
  const part = sorted[Math.floor(sorted.length / 2)];
  if (part === undefined) throw new Error(`${scenario} has no repeat`);
  return {
    system: system.name,
    version: running.version,
    scenario,
    durability: mode.durability,
    records: part.records,
    recordBytes,
    recordsPerSecond: rateOf(part),
    megabytesPerSecond: Math.round((rateOf(part) * recordBytes) / 1e4) / 100,
    latencyMs: part.latencyMs,
    cpuSeconds: part.cpuSeconds,
    clientCpuSeconds: part.clientCpuSeconds,
    peakRssBytes: part.peakRssBytes,
    repeats: parts.map(rateOf),
    more: { ...part.more },
  };
}
