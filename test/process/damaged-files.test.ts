// weight: heavy
// timeout: 400 s
/**
 * Files of stopped nodes damaged as bad disks do it: the node says so, no wrong byte is served, nothing acknowledged is lost, and
 * what is gone comes back from the others by itself. `TEST_DAMAGE_SEED` repeats the random places of a run.
 */
import { readFileSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { frameHeaderBytes } from '../../src/storage/journal-records.ts';
import { journalNames } from '../../src/storage/journal.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { ADMIN_TOKEN, Cluster, tellLastWords } from '../lib/cluster.ts';
import type { ClusterNode } from '../lib/cluster.ts';
import { full } from '../lib/effort.ts';
import { flipBit, forgetUnsyncedTails, levelFiles, manifestOf } from '../lib/damage.ts';
import { eventually } from '../lib/eventually.ts';
import { Ledger } from '../lib/ledger.ts';
import { startWriters, untilAllAcknowledge } from '../lib/writer.ts';

const test = suite('damaged files');
const PARTITIONS = 2;
/** Some blocks of LevelDB's log. */
const LOG_BYTES = 96 << 10;
/** Writers are in no hurry: with records of such a size they fill the log soon. */
const PADDING = 500;
const SEED = process.env['TEST_DAMAGE_SEED'] ?? (full ? String(Math.floor(Math.random() * 1e9)) : '1');
const random = new SimRandom(SEED);
console.log(`damaged files: places of seed ${SEED}`);
/** Leaderships come home soon, so that what is killed next leads again. */
const env = { CALLBOARD_LIMITS: JSON.stringify({ balanceAfterMs: 1_000 }) };

let cluster: Cluster;
const ledgers: Ledger[] = [];

test.before(async () => {
  cluster = await Cluster.start({ env });
});

test.after(async () => {
  await cluster.destroy();
});

interface Load {
  readonly ledger: Ledger;
  /** Waits until every partition has acknowledged so many more records. */
  readonly acknowledges: (more: number) => Promise<void>;
}

/** Lets writers of a new topic go on through these nodes while `act` does its worst, then reads everything again. */
async function underLoad(
  topic: string,
  nodes: readonly ClusterNode[],
  act: (load: Load) => Promise<void>,
  padding = '',
): Promise<void> {
  const apis = nodes.map(({ api }) => api);
  const ledger = new Ledger(topic, PARTITIONS);
  const acknowledges = (more: number): Promise<void> => untilAllAcknowledge(ledger, writers, more);
  await nodes[0]?.api.createTopic(topic, PARTITIONS);
  const writers = startWriters(apis, ledger, padding);
  ledgers.push(ledger);
  try {
    await acknowledges(15);
    await act({ ledger, acknowledges });
    await acknowledges(5);
  } catch (error) {
    tellLastWords(cluster);
    // The tests that follow start from nodes that run, and these would only add their errors.
    cluster.startAll();
    await Promise.allSettled([cluster.ready(), ...writers.map((writer) => writer.stop())]);
    throw error;
  }
  await Promise.all(writers.map((writer) => writer.stop()));
  await ledger.verify(apis);
}

interface Report {
  readonly group: number;
  readonly verdict: string;
  readonly role: string;
  readonly commit: number;
  readonly applied: number;
}

interface Status {
  readonly directory: { readonly verdict: string };
  readonly partitions: readonly Report[];
}

async function statusOf({ api }: ClusterNode): Promise<Status> {
  return (await api.expect('GET', '/status')) as unknown as Status;
}

/** What its log says of the copies that this start did not find clean: a healthy peer may heal one between two looks at `/status`. */
function faultsFound({ child }: ClusterNode): readonly string[] {
  return child.output
    .split('\n')
    .filter((line) => line.includes('replica.opened') && line.includes('verdict'));
}

/** Starts it again when LevelDB met the damage while running: such a node ends with code 5, and whoever supervises it does that. */
function keepUp(node: ClusterNode): void {
  const { end } = node.child;
  if (end === undefined) return;
  assert.is(end.code, 5, node.child.output.slice(-2_000));
  node.start();
}

/** Waits until every copy of the node is clean and has what the others have committed by now. Returns what its start found. */
async function heals(node: ClusterNode): Promise<readonly string[]> {
  const commits = new Map<number, number>();
  for (const other of cluster.nodes.filter((one) => one !== node && one.isRunning)) {
    for (const { group, commit } of (await statusOf(other)).partitions) {
      commits.set(group, Math.max(commit, commits.get(group) ?? 0));
    }
  }
  const what = `${node.name} is whole again`;
  await eventually(
    what,
    async () => {
      keepUp(node);
      const { directory, partitions } = await statusOf(node);
      const behind = partitions.filter(({ group, verdict, applied }) => {
        return verdict !== 'clean' || applied < (commits.get(group) ?? 0);
      });
      if (directory.verdict !== 'clean' || partitions.length < commits.size || behind.length > 0) {
        throw new Error(JSON.stringify({ directory: directory.verdict, behind, of: commits.size }));
      }
      return true;
    },
    60_000,
  );
  return faultsFound(node);
}

/** Waits until `/status` has this verdict on a copy. */
async function says(node: ClusterNode, verdict: string): Promise<void> {
  await eventually(`${node.name} says ${verdict}`, async () => {
    const { directory, partitions } = await statusOf(node);
    return [directory, ...partitions].some((copy) => copy.verdict === verdict);
  });
}

/** The places of stored records in a file: damage there is never beside the point. */
function recordsIn(path: string): readonly number[] {
  return [...readFileSync(path, 'latin1').matchAll(/writer-\d+-\d+/gu)].map(({ index }) => index);
}

/** Where the first record of partition 0 from this sequence number on stands: one of them may lie across blocks. */
function placeOf(path: string, sequence: number): number {
  const text = readFileSync(path, 'latin1');
  for (let next = sequence; next < sequence + 10; next += 1) {
    const at = text.indexOf(`writer-0-${next}`);
    if (at !== -1) return at;
  }
  throw new Error(`${path} has no record of about ${sequence}`);
}

/** Several, since a single one may hit an entry that was cut off the log again. */
function flipRecords(paths: readonly string[]): void {
  const places = paths.flatMap((path) => recordsIn(path).map((at) => ({ path, at })));
  assert.ok(places.length > 0, `records in ${String(paths)}`);
  for (let count = 0; count < 5; count += 1) {
    const { path, at } = random.pick(places);
    flipBit(path, at + random.below(8), random.below(8));
  }
}

function flipAnywhere(path: string): void {
  const { size } = statSync(path);
  for (let count = 0; count < 3; count += 1) flipBit(path, random.below(size), random.below(8));
}

function cutShort(path: string, from: number = 0): void {
  truncateSync(path, from + random.below(statSync(path).size - from));
}

function logOf(directory: string): string {
  const path = levelFiles(directory, '.log').at(-1);
  if (path === undefined) throw new Error(`no log in ${directory}`);
  return path;
}

interface Kind {
  readonly name: string;
  readonly damage: (directory: string) => void;
  /**
   * `harmless`: everything can be told from what is left, and no copy is anything but clean. `either`: so it may be, and else a
   * copy does not know what it owes.
   */
  readonly found: 'damaged' | 'harmless' | 'either';
  /** Left out of a short run; `test/storage` damages a store in each of these ways. */
  readonly fullOnly?: true;
}

/**
 * Two nodes take turns. Each start moves what is in LevelDB's log into a table, so tables come late, and behind kinds that leave the
 * log alone. A bad manifest costs the whole database, and comes early: the bits that flip in tables stay there up to the end.
 * It also ends the table that was cut before, which would cost a later start of that node everything.
 */
const kinds: readonly Kind[] = [
  {
    name: 'bits flipped in the manifest',
    // The first record names the way keys are compared: without it nothing that follows counts.
    damage: (directory) => flipBit(manifestOf(directory), 8 + random.below(20), random.below(8)),
    found: 'damaged',
    fullOnly: true,
  },
  {
    name: 'the last bytes of both journal files cut off',
    // The record of the newest batch, which stands in LevelDB too.
    damage: (directory) => {
      const missing = random.between(1, 39);
      for (const path of journalNames.map((name) => join(directory, name))) {
        truncateSync(path, statSync(path).size - missing);
      }
    },
    found: 'harmless',
    fullOnly: true,
  },
  {
    name: 'bits flipped in records in the log of LevelDB',
    damage: (directory) => flipRecords([logOf(directory)]),
    found: 'damaged',
  },
  {
    name: 'the tail of a table cut off',
    damage: (directory) => {
      cutShort(random.pick(levelFiles(directory, '.ldb').filter((path) => recordsIn(path).length > 0)));
    },
    found: 'damaged',
    fullOnly: true,
  },
  {
    name: 'the tails of both journal files cut off, one of them further',
    damage: (directory) => {
      forgetUnsyncedTails(directory);
      cutShort(join(directory, random.pick(journalNames)));
    },
    found: 'either',
    fullOnly: true,
  },
  {
    name: 'the tail of the manifest cut off',
    damage: (directory) => cutShort(manifestOf(directory)),
    found: 'damaged',
    fullOnly: true,
  },
  {
    name: 'bits flipped in records in the tables',
    damage: (directory) => flipRecords(levelFiles(directory, '.ldb')),
    found: 'damaged',
    fullOnly: true,
  },
  {
    name: 'the tail of the log of LevelDB cut off',
    damage: (directory) => truncateSync(logOf(directory), random.pick(recordsIn(logOf(directory)))),
    found: 'damaged',
    fullOnly: true,
  },
  {
    name: 'bits flipped in one journal file',
    damage: (directory) => flipAnywhere(join(directory, random.pick(journalNames))),
    found: 'harmless',
    fullOnly: true,
  },
];

const outcomes = {
  damaged: 'named and healed',
  harmless: 'harmless',
  either: 'harmless, or named and healed',
};

for (const [at, { name, damage, found, fullOnly }] of kinds.entries()) {
  if (fullOnly === true && !full) continue;
  test(`${name}: ${outcomes[found]}`, async () => {
    const node = cluster.node(at % 2);
    await underLoad(`one-${at}`, cluster.nodes, async ({ acknowledges }) => {
      await node.kill('SIGKILL');
      damage(node.directory);
      // The others alone, and then with a copy among them that must not count.
      await acknowledges(5);
      node.start();
      await acknowledges(5);
      const faults = await heals(node);
      if (found === 'either') return;
      assert.is(faults.length > 0, found === 'damaged', `${node.name} found: ${faults.join('\n')}`);
    });
  });
}

if (full) {
  test('two nodes damaged at different places: what only these two had is all there', async () => {
    const [first, second, third] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    const act = async ({ ledger, acknowledges }: Load): Promise<void> => {
      const consumer = await first.api.registerConsumer(ledger.topic);
      await third.kill('SIGKILL');
      const from = ledger.perPartition[0] ?? 0;
      const log = logOf(first.directory);
      const enough = statSync(log).size + LOG_BYTES;
      await eventually('the logs are long', () => statSync(log).size > enough, 90_000);
      const written = (ledger.perPartition[0] ?? 0) - from;
      await cluster.killAll('SIGKILL');

      // LevelDB gives up the rest of a block of 32 KiB behind a bad place; the other node's loss must begin above that.
      flipBit(log, placeOf(log, from + random.below(Math.floor(written / 3))), random.below(8));
      const other = logOf(second.directory);
      truncateSync(other, placeOf(other, from + Math.floor(written * (0.85 + random.next() / 10))));

      first.start();
      await says(first, 'damaged');
      const answer = await first.api.consume({ topic: ledger.topic, consumer, partition: 0 });
      assert.is(answer.kind, 'failed', 'a damaged copy alone serves nothing');
      second.start();
      await acknowledges(5);
      assert.ok((await heals(first)).length > 0);
      assert.ok((await heals(second)).length > 0);
      third.start();
      await heals(third);
    };
    await underLoad('two', [first, second], act, 'x'.repeat(PADDING));
  });
}

test('both journals of a node damaged: it says that it is lost and stays out', async () => {
  const [first, second, lost] = [cluster.node(0), cluster.node(1), cluster.node(2)];
  await underLoad('lost', [first, second], async ({ acknowledges }) => {
    await lost.kill('SIGKILL');
    for (const name of journalNames) {
      const path = join(lost.directory, name);
      // Somewhere in the record at its head, that all others add to.
      flipBit(path, random.below(frameHeaderBytes + readFileSync(path).readUInt32LE(8)), random.below(8));
    }
    for (let start = 0; start < 2; start += 1) {
      lost.start();
      await says(lost, 'journal-lost');
      assert.not.ok(await lost.api.isReady());
      await acknowledges(5);
      await lost.kill('SIGKILL');
    }
    assert.ok(readdirSync(lost.directory).includes('log.bad-1'), 'its log is kept for an operator');
    lost.start();
  });
});

test('each node that healed serves all that was ever written', async () => {
  const healed = [cluster.node(0), cluster.node(1)];
  // In a short run only the first one was damaged.
  for (const [at, node] of healed.slice(0, full ? 2 : 1).entries()) {
    // Records are served by leaders, and the other one may lead nothing now.
    const order = { activate: node.name, deactivate: cluster.node(1 - at).name };
    for (const [what, name] of Object.entries(order)) {
      const body = { broker_host: name, token: ADMIN_TOKEN };
      await node.api.expect('POST', `/admin/broker/${what}`, body);
    }
    await eventually(`${node.name} leads all`, async () => {
      return (await statusOf(node)).partitions.every(({ role }) => role === 'leader');
    });
    await Promise.all(ledgers.map((ledger) => ledger.verify(healed.map(({ api }) => api))));
  }
});

test.run();
