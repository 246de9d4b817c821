/** The load process: takes one job, runs it against one system, accounts for every record, and ends. */
import type { Driver, OpenDriver } from './driver.ts';
import type { Job, Reporter, Said } from './job.ts';
import { latency } from './latency.ts';
import { produce } from './produce.ts';

function say(message: Said): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) {
      throw new Error('the load process is started by the benchmark, not by hand');
    }
    process.send(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}

const reporter: Reporter = {
  begins: () => say({ kind: 'begins' }),
  ended: (part) => say({ kind: 'ended', part }),
};

async function run(job: Job): Promise<void> {
  let driver: Driver | undefined;
  try {
    const { open } = (await import(job.driver)) as { readonly open: OpenDriver };
    driver = await open(job.address);
    await driver.createTopic(job.topic, job.partitions);
    await (job.kind === 'produce' ? produce(job, driver, reporter) : latency(job, driver, reporter));
    await driver.close();
    await say({ kind: 'done' });
  } catch (error) {
    await say({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
  }
  process.disconnect();
  // A client that keeps handles of its own must not keep the benchmark waiting.
  process.exit(0);
}

process.once('message', (job) => void run(job as Job));
process.once('disconnect', () => process.exit(1));
