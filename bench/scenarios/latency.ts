/** How long a record takes from the moment it is due to its arrival at a consumer, at fixed rates; and to many consumers. */
import { measure, warmUpMs } from './load.ts';
import type { Result } from '../suite/result.ts';
import type { CommonScenario, Subject } from './scenario.ts';

const fanOutRate = 1_000;

export const latency: CommonScenario = {
  name: 'latency',
  what: 'end-to-end latency at fixed rates, open loop, one consumer at the head',
  of: 'any',
  run: async (subject) => {
    const results: Result[] = [];
    for (const rate of subject.options.rates) {
      results.push(...(await run(subject, rate, 1, `latency at ${rate}/s`)));
    }
    return results;
  },
};

export const fanOut: CommonScenario = {
  name: 'fan-out',
  what: 'one topic to 1, 10 and 100 consumers at 1,000 records/s',
  of: 'any',
  run: async (subject) => {
    const results: Result[] = [];
    for (const consumers of subject.options.quick ? [10] : [1, 10, 100]) {
      results.push(...(await run(subject, fanOutRate, consumers, `fan-out to ${consumers}`)));
    }
    return results;
  },
};

function run(
  subject: Subject,
  ratePerSecond: number,
  consumers: number,
  name: string,
): Promise<readonly Result[]> {
  const { system, running, options } = subject;
  return measure(
    subject,
    (topic) => ({
      kind: 'latency',
      driver: system.driver,
      address: running.address,
      topic,
      partitions: options.partitions,
      recordBytes: 100,
      ratePerSecond,
      consumers,
      warmUpMs: warmUpMs(options),
      durationMs: options.durationMs,
    }),
    { latency: name },
  );
}
