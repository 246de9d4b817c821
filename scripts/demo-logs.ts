// The real-input run: thousands of log lines through three producers into six partitions over HTTP, and two consumers
// that read all of it, while each node in turn is killed with SIGKILL and comes back. Then everything is accounted for.
//
//   npm run demo:logs
import { ADMIN_TOKEN } from '../test/lib/cluster.ts';
import { Api } from '../test/lib/api.ts';
import { DevProcess } from '../test/lib/dev-process.ts';
import { claimPorts } from '../test/lib/ports.ts';
import { makeTempDir } from '../test/lib/temp-dir.ts';
import { consumeAll, textsOf } from './demo-logs/consumers.ts';
import type { ConsumerOptions, History } from './demo-logs/consumers.ts';
import { faultsOfOrder, faultsOfStorage, judgeHistory } from './demo-logs/judge.ts';
import { killIn, Progress, say } from './demo-logs/kills.ts';
import { readInput } from './demo-logs/lines.ts';
import type { Input } from './demo-logs/lines.ts';
import { produceAll } from './demo-logs/producers.ts';
import type { Stored } from './demo-logs/producers.ts';
import { findRepoRoot } from './lib/repo-root.ts';

const TOPIC = 'logs';
const PARTITIONS = 6;
const PRODUCERS = 3;
const CONSUMERS = 2;
const NODES = 3;

async function killEachInTurn(dev: DevProcess, apis: readonly Api[], progress: Progress): Promise<void> {
  for (let node = 1; node <= NODES; node += 1) await killIn(node, [node], dev, apis, progress);
}

interface Outcome {
  readonly stored: readonly Stored[];
  readonly histories: readonly (readonly History[])[];
  readonly contents: readonly (readonly string[])[];
  readonly retries: number;
}

async function runLoad(dev: DevProcess, apis: readonly Api[], { lines }: Input): Promise<Outcome> {
  await apis[0]?.createTopic(TOPIC, PARTITIONS);
  const progress = new Progress(lines.length, NODES);
  const stored: Stored[] = [];
  let complete = false;
  const reading: ConsumerOptions = {
    apis,
    topic: TOPIC,
    partitions: PARTITIONS,
    isComplete: () => complete,
    onRecord: () => {
      progress.consumed += 1;
    },
  };
  const producing = produceAll({
    apis,
    topic: TOPIC,
    producers: PRODUCERS,
    partitions: PARTITIONS,
    lines,
    onStored: (each) => {
      stored.push(each);
      progress.stored += 1;
    },
    mayReach: async (share) => {
      const may = progress.mayReach(share);
      if (may !== true) await may;
    },
  }).then((retries) => {
    complete = true;
    return retries;
  });
  const consumers = Array.from({ length: CONSUMERS }, (_, index) => consumeAll(reading, index));
  const [retries, histories] = await Promise.all([
    producing,
    Promise.all(consumers),
    killEachInTurn(dev, apis, progress),
  ]);
  say(`all ${stored.length} lines are stored and read; a third consumer reads everything again`);
  const again = await consumeAll(reading, 2);
  const contents = again.map(textsOf);
  return { stored, histories, contents, retries };
}

/** Prints the summary; true if nothing was wrong. */
function judge({ lines }: Input, { stored, histories, contents, retries }: Outcome): boolean {
  const faults = [...faultsOfStorage(lines, stored, contents), ...faultsOfOrder(stored)];
  const rows = histories.map((partitions, index) => {
    const judged = partitions.map((history, partition) =>
      judgeHistory(history, contents[partition] ?? [], NODES),
    );
    for (const [partition, { faults: found }] of judged.entries()) {
      faults.push(...found.map((fault) => `consumer ${index + 1}, partition ${partition}: ${fault}`));
    }
    const read = partitions.flatMap(textsOf).length;
    const lost = partitions.flat().filter((event) => event === 'lost').length;
    const repeats = judged.reduce((sum, each) => sum + each.repeats, 0);
    return (
      `  consumer ${index + 1}: ${read} lines read, of ${lines.length}; ${lost} answers lost, their lines given again; ` +
      `${repeats} lines twice, handed over by nodes that were killed before they had noted it`
    );
  });
  say('');
  say(`  lines sent: ${lines.length}, stored: ${stored.length}, produce retries: ${retries}`);
  say(`  records per partition: ${contents.map((records) => records.length).join(' ')}`);
  for (const row of rows) say(row);
  for (const fault of faults.slice(0, 20)) say(`  FAULT ${fault}`);
  say(faults.length === 0 ? '  everything is accounted for' : `  ${faults.length} FAULTS`);
  return faults.length === 0;
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const input = readInput(findRepoRoot(import.meta.url));
  say(`input: ${input.origin}`);
  const port = await claimPorts(NODES);
  const dev = new DevProcess({ data: makeTempDir(), port, env: { CALLBOARD_ADMIN_TOKEN: ADMIN_TOKEN } });
  const apis = Array.from({ length: NODES }, (_, index) => new Api(dev.url(index + 1)));
  try {
    await dev.ready();
    say(`${NODES} nodes are ready on ${apis.map(({ base }) => base).join(', ')}`);
    const good = judge(input, await runLoad(dev, apis, input));
    say(`  took ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    return good ? 0 : 1;
  } catch (error) {
    say(`FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    say(`----- what the cluster said\n${dev.output}`);
    return 1;
  } finally {
    await dev.stop();
    await Promise.all(apis.map((api) => api.close()));
  }
}

process.exit(await main());
