/**
 * Open-loop producing with consumers at the head: the time from the moment at which a record was due to its arrival at a
 * consumer, and to its acknowledgement. A sender that falls behind sends late, and the lateness counts.
 */
import { Latencies } from './histogram.ts';
import { Arrivals, PayloadMaker } from './payload.ts';
import { until } from './until.ts';
import type { Driver, DriverProducer } from './driver.ts';
import type { LatencyJob, Reporter } from './job.ts';

const arrivalMs = 30_000;

interface Run {
  sent: number;
  acknowledged: number;
  failed: number;
  firstFailure: unknown;
  /** Records due before this moment are warm-up. */
  readonly countFrom: number;
  readonly acks: Latencies;
}

export async function latency(job: LatencyJob, driver: Driver, reporter: Reporter): Promise<void> {
  const producer = await driver.producer(job.topic, job.partitions);
  const start = performance.now() + 200;
  const countFrom = start + job.warmUpMs;
  const pushes = new Latencies();
  const arrivals = Array.from({ length: job.consumers }, () => new Arrivals(driver.ordered));
  const consumers = await Promise.all(
    arrivals.map((arrived) =>
      driver.consume(job.topic, job.partitions, 'earliest', (value) => {
        const due = arrived.take(value);
        if (due >= countFrom) pushes.record(performance.now() - due);
      }),
    ),
  );
  const run: Run = {
    sent: 0,
    acknowledged: 0,
    failed: 0,
    firstFailure: undefined,
    countFrom,
    acks: new Latencies(),
  };
  await until(() => performance.now() >= countFrom - job.warmUpMs, job.durationMs);
  await reporter.begins();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await sendOnTime(job, producer, begun, run);
  await until(() => run.acknowledged + run.failed === run.sent, arrivalMs);
  await until(() => arrivals.every(({ count }) => count >= run.acknowledged), arrivalMs);
  // A system that cannot keep up is shown with the rate that it reached.
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  if (run.failed > 0) throw new Error(`${run.failed} calls failed, first: ${String(run.firstFailure)}`);
  if (run.acknowledged !== run.sent) {
    throw new Error(`${run.sent - run.acknowledged} calls were never answered`);
  }
  for (const arrived of arrivals) {
    const fault = arrived.fault(run.sent);
    if (fault !== undefined) throw new Error(fault);
  }
  const acks = run.acks.summary();
  await reporter.ended({
    part: 'latency',
    records: run.sent,
    seconds,
    latencyMs: pushes.summary(),
    clientCpuSeconds: (used.user + used.system) / 1e6,
    more: {
      ackP50Ms: acks.p50,
      ackP99Ms: acks.p99,
      ackP999Ms: acks.p999,
      deliveredPerSecond: Math.round((run.sent * job.consumers) / seconds),
      ...pushes.curve(),
    },
  });
  await Promise.all(consumers.map((consumer) => consumer.close()));
  await producer.close();
}

/** Sends what is due, then sleeps for a millisecond or so: timers are too coarse for one each. */
async function sendOnTime(job: LatencyJob, producer: DriverProducer, start: number, run: Run): Promise<void> {
  const payload = new PayloadMaker(job.recordBytes);
  const total = Math.floor((job.ratePerSecond * (job.warmUpMs + job.durationMs)) / 1_000);
  const everyMs = 1_000 / job.ratePerSecond;
  const numbers = Array.from({ length: job.partitions }, () => 0);
  while (run.sent < total && run.failed === 0) {
    const due = Math.min(total, Math.floor((performance.now() - start) / everyMs));
    for (; run.sent < due; run.sent += 1) {
      const partition = run.sent % job.partitions;
      const number = numbers[partition] ?? 0;
      numbers[partition] = number + 1;
      sendOne(
        producer,
        partition,
        payload.make(partition, number, start + run.sent * everyMs),
        start + run.sent * everyMs,
        run,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function sendOne(
  producer: DriverProducer,
  partition: number,
  value: Uint8Array,
  due: number,
  run: Run,
): void {
  producer.send(partition, value).then(
    () => {
      run.acknowledged += 1;
      if (due >= run.countFrom) run.acks.record(performance.now() - due);
    },
    (error: unknown) => {
      run.failed += 1;
      run.firstFailure ??= error;
    },
  );
}
