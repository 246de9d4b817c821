/** Closed loops of producers, and the reading back that accounts for every acknowledged record. */
import { Latencies } from './histogram.ts';
import { Arrivals, PayloadMaker } from './payload.ts';
import { until } from './until.ts';
import type { Driver, DriverConsumer, DriverProducer } from './driver.ts';
import type { Part, ProduceJob, Reporter } from './job.ts';

const readBackMs = 120_000;

/** What the lanes of one run add up to. */
class Tally {
  readonly latencies: Latencies = new Latencies();
  acknowledged = 0;
  counted = 0;
  failed = 0;
  firstFailure: unknown;
  counting = false;
  running = true;
}

export async function produce(job: ProduceJob, driver: Driver, reporter: Reporter): Promise<void> {
  const arrivals = new Arrivals(driver.ordered);
  const reader = job.read === 'meanwhile' ? await follow(job, driver, arrivals) : undefined;
  const { tally, part, arrived } = await load(job, driver, reporter, arrivals);
  await reporter.ended(part);
  if (reader === undefined) {
    await readBack(job, driver, tally.acknowledged, reporter);
    return;
  }
  await until(() => arrivals.count >= tally.acknowledged, readBackMs);
  await reader.close();
  account(arrivals, tally.acknowledged);
  await reporter.ended({ ...part, part: 'push', records: arrived });
}

interface Loaded {
  readonly tally: Tally;
  readonly part: Part;
  /** Records that a consumer had received within the measured time. */
  readonly arrived: number;
}

async function load(
  job: ProduceJob,
  driver: Driver,
  reporter: Reporter,
  arrivals: Arrivals,
): Promise<Loaded> {
  const producer = await driver.producer(job.topic, job.partitions);
  const tally = new Tally();
  const count = job.lanes * job.partitions;
  const lanes = Array.from({ length: count }, (_, lane) => runLane(job, producer, lane, tally));
  await pause(job.warmUpMs);
  await reporter.begins();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const arrivedBefore = arrivals.count;
  tally.counting = true;
  await pause(job.durationMs);
  tally.counting = false;
  const arrived = arrivals.count - arrivedBefore;
  const seconds = (performance.now() - start) / 1_000;
  const clientCpuSeconds = cpuSecondsSince(cpu);
  tally.running = false;
  await Promise.all(lanes);
  if (tally.failed > 0) throw new Error(`${tally.failed} calls failed, first: ${String(tally.firstFailure)}`);
  await producer.close();
  const { latencies, counted } = tally;
  const part: Part = {
    part: 'produce',
    records: counted,
    seconds,
    latencyMs: latencies.summary(),
    clientCpuSeconds,
    more: latencies.curve(),
  };
  return { tally, part, arrived };
}

async function runLane(job: ProduceJob, producer: DriverProducer, lane: number, tally: Tally): Promise<void> {
  const partition = lane % job.partitions;
  const payload = new PayloadMaker(job.recordBytes);
  let next = 0;
  while (tally.running) {
    const start = performance.now();
    try {
      if (job.batch === 1) await producer.send(partition, payload.make(lane, next, start));
      else await producer.sendMany(partition, payload.makeMany(lane, next, job.batch, start));
    } catch (error) {
      tally.failed += 1;
      tally.firstFailure ??= error;
      return;
    }
    next += job.batch;
    tally.acknowledged += job.batch;
    if (!tally.counting) continue;
    tally.counted += job.batch;
    tally.latencies.record(performance.now() - start);
  }
}

function follow(job: ProduceJob, driver: Driver, arrivals: Arrivals): Promise<DriverConsumer> {
  return driver.consume(job.topic, job.partitions, 'earliest', (value) => arrivals.take(value));
}

async function readBack(
  job: ProduceJob,
  driver: Driver,
  expected: number,
  reporter: Reporter,
): Promise<void> {
  const arrivals = new Arrivals(driver.ordered);
  await reporter.begins();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let last = start;
  const consumer = await driver.consume(job.topic, job.partitions, 'earliest', (value) => {
    arrivals.take(value);
    if (arrivals.count === expected) last = performance.now();
  });
  await until(() => arrivals.count >= expected, readBackMs);
  const clientCpuSeconds = cpuSecondsSince(cpu);
  await consumer.close();
  account(arrivals, expected);
  await reporter.ended({
    part: 'catch-up',
    records: expected,
    seconds: (last - start) / 1_000,
    latencyMs: new Latencies().summary(),
    clientCpuSeconds,
    more: {},
  });
}

function account(arrivals: Arrivals, expected: number): void {
  const fault = arrivals.fault(expected);
  if (fault !== undefined) throw new Error(fault);
}

function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
