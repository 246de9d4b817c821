// The real-input run over the client: thousands of log lines by three producers with keys, two durable consumers by push, while
// each node in turn is killed with SIGKILL, and then all three at once. Then everything is accounted for.
//
//   npm run demo:client
import { connect, type Client } from '@callboard/client';
import { Api } from '../test/lib/api.ts';
import { ADMIN_TOKEN } from '../test/lib/cluster.ts';
import { DevProcess } from '../test/lib/dev-process.ts';
import { claimPorts } from '../test/lib/ports.ts';
import { makeTempDir } from '../test/lib/temp-dir.ts';
import { consumeByRun, consumeInSessions } from './demo-client/consumers.ts';
import type { Session } from './demo-client/consumers.ts';
import { faultsOfKeys, faultsOfSessions, repeatsOf } from './demo-client/judge.ts';
import { produceWithKeys } from './demo-client/producers.ts';
import type { Sent } from './demo-client/producers.ts';
import { faultsOfOrder, faultsOfStorage } from './demo-logs/judge.ts';
import { killIn, Progress, say } from './demo-logs/kills.ts';
import { readInput } from './demo-logs/lines.ts';
import type { Line } from './demo-logs/lines.ts';
import { findRepoRoot } from './lib/repo-root.ts';

const TOPIC = 'logs';
const PARTITIONS = 6;
const PRODUCERS = 3;
const NODES = 3;
/** Each node alone, then all. */
const KILLS = [[1], [2], [3], [1, 2, 3]];

interface Outcome {
  readonly sent: readonly (readonly Sent[])[];
  readonly runner: readonly Session[];
  readonly sessions: readonly Session[];
  readonly contents: readonly (readonly string[])[];
}

async function readAll(client: Client, total: number): Promise<string[][]> {
  const contents: string[][] = Array.from({ length: PARTITIONS }, () => []);
  await using reader = client.consumer(TOPIC, { from: 'earliest' });
  let count = 0;
  for await (const record of reader) {
    contents[record.partition]?.push(record.text());
    if ((count += 1) >= total) break;
  }
  // A record too many would show here, as an end that lies above what was read.
  const info = await client.topic(TOPIC);
  for (const { partition, end } of info?.partitions ?? []) {
    const read = contents[partition]?.length ?? 0;
    if (end !== read) throw new Error(`partition ${partition} ends at ${end}, ${read} records were read`);
  }
  return contents;
}

async function runLoad(dev: DevProcess, apis: readonly Api[], lines: readonly Line[]): Promise<Outcome> {
  const urls = apis.map(({ base }) => base);
  const clients = await Promise.all(
    Array.from({ length: PRODUCERS + 2 }, (_, i) => connect(urls, { name: `demo-${i}` })),
  );
  const [first, second, ...producers] = clients;
  if (first === undefined || second === undefined) throw new Error('there are clients');
  await first.createTopic(TOPIC, { partitions: PARTITIONS });
  const progress = new Progress(lines.length, KILLS.length);
  const total = lines.length;
  const onRecord = (): void => {
    progress.consumed += 1;
  };
  const kills = async (): Promise<void> => {
    for (const [i, nodes] of KILLS.entries()) await killIn(i + 1, nodes, dev, apis, progress);
  };
  const [sent, runner, sessions] = await Promise.all([
    produceWithKeys({
      clients: producers,
      topic: TOPIC,
      lines,
      onStored: () => {
        progress.stored += 1;
      },
      mayReach: (share) => progress.mayReach(share),
    }),
    consumeByRun({ client: first, topic: TOPIC, total, onRecord }),
    consumeInSessions({ client: second, topic: TOPIC, total, onRecord }),
    kills(),
  ]);
  say(`all ${progress.stored} lines are stored and read; another reader reads everything again`);
  const contents = await readAll(first, total);
  await Promise.all(clients.map((client) => client.close()));
  return { sent, runner, sessions, contents };
}

/** Prints the summary; true if nothing was wrong. */
function judge(lines: readonly Line[], { sent, runner, sessions, contents }: Outcome): boolean {
  const stored = sent.flat();
  const faults = [
    ...faultsOfStorage(lines, stored, contents),
    ...faultsOfOrder(stored),
    ...faultsOfKeys(sent),
    ...faultsOfSessions(runner, contents).map((fault) => `runner: ${fault}`),
    ...faultsOfSessions(sessions, contents).map((fault) => `sessions: ${fault}`),
  ];
  const count = (of: readonly Session[]): number => of.reduce((sum, { seen }) => sum + seen.length, 0);
  say('');
  say(`  lines sent: ${lines.length}, stored: ${stored.length}`);
  say(`  records per partition: ${contents.map((records) => records.length).join(' ')}`);
  say(`  runner: ${count(runner)} records in one session, ${repeatsOf(runner)} seen again`);
  say(
    `  sessions: ${count(sessions)} records in ${sessions.length} sessions, ${repeatsOf(sessions)} seen again, all unacknowledged`,
  );
  for (const fault of faults.slice(0, 20)) say(`  FAULT ${fault}`);
  say(faults.length === 0 ? '  everything is accounted for' : `  ${faults.length} FAULTS`);
  return faults.length === 0;
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const { lines, origin } = readInput(findRepoRoot(import.meta.url));
  say(`input: ${origin}`);
  const port = await claimPorts(NODES);
  const dev = new DevProcess({ data: makeTempDir(), port, env: { CALLBOARD_ADMIN_TOKEN: ADMIN_TOKEN } });
  const apis = Array.from({ length: NODES }, (_, index) => new Api(dev.url(index + 1)));
  try {
    await dev.ready();
    say(`${NODES} nodes are ready on ${apis.map(({ base }) => base).join(', ')}`);
    const good = judge(lines, await runLoad(dev, apis, lines));
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
