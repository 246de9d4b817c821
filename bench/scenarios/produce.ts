/** How many records a system stores per second, and how long one waits: alone, many single ones in flight, and batched. */
import { measure, warmUpMs } from './load.ts';
import type { ProduceJob } from '../load/job.ts';
import type { Result } from '../suite/result.ts';
import type { CommonScenario, Subject } from './scenario.ts';

/** Bytes that one batch carries, so that all sizes are batched alike. */
const batchBytes = 40_000;
const batchesInFlight = 8;
const singlesInFlight = 256;

interface Shape {
  readonly name: string;
  readonly partitions: number;
  readonly lanes: number;
  readonly batch: number;
}

function shapes(subject: Subject, recordBytes: number): readonly Shape[] {
  const { partitions, clients } = subject.options;
  return [
    { name: 'one at a time', partitions: 1, lanes: 1, batch: 1 },
    { name: 'single', partitions, lanes: clients ?? singlesInFlight, batch: 1 },
    {
      name: 'batched',
      partitions,
      lanes: batchesInFlight,
      batch: Math.max(4, Math.floor(batchBytes / recordBytes)),
    },
  ];
}

export const produce: CommonScenario = {
  name: 'produce',
  what: 'records stored per second: one at a time, 256 single ones in flight per partition, batched; all read back',
  of: 'any',
  run: async (subject) => {
    const results: Result[] = [];
    for (const recordBytes of subject.options.sizes) {
      for (const shape of shapes(subject, recordBytes)) {
        const job = jobOf(subject, shape, recordBytes, 'afterwards');
        results.push(...(await measure(subject, job, { produce: `produce ${recordBytes} B ${shape.name}` })));
      }
    }
    return results;
  },
};

export const consume: CommonScenario = {
  name: 'consume',
  what: 'reading a backlog from its beginning, and following a batched producer at the head',
  of: 'any',
  run: async (subject) => {
    const recordBytes = subject.options.sizes[0] ?? 100;
    const batched = shapes(subject, recordBytes).find(({ name }) => name === 'batched');
    if (batched === undefined) throw new Error('there is a batched shape');
    const catchUp = jobOf(subject, batched, recordBytes, 'afterwards');
    const atHead = jobOf(subject, batched, recordBytes, 'meanwhile');
    return [
      ...(await measure(subject, catchUp, { 'catch-up': `consume ${recordBytes} B catch-up` })),
      ...(await measure(subject, atHead, { push: `consume ${recordBytes} B at the head` })),
    ];
  },
};

function jobOf(
  { system, running, options }: Subject,
  { partitions, lanes, batch }: Shape,
  recordBytes: number,
  read: ProduceJob['read'],
): (topic: string) => ProduceJob {
  return (topic) => ({
    kind: 'produce',
    driver: system.driver,
    address: running.address,
    topic,
    partitions,
    recordBytes,
    lanes,
    batch,
    read,
    warmUpMs: warmUpMs(options),
    durationMs: options.durationMs,
  });
}
