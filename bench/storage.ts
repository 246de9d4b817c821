/**
 * One node's storage alone: how fast batches become durable, beside a bare fdatasync on the same disk. Each write is
 * answered before the next is given, as the log writer does; `chunks` is how many entries gather in one write.
 *
 * `node dist/bench/storage.js [--seconds N] [--directory DIR] [--json FILE]`
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildChunk,
  chunkKind,
  defaultLimits,
  groupId,
  hex,
  logIndex,
  noProducer,
  offset,
  replicaId,
  sealChunk,
  term,
} from '@callboard/client/protocol';
import { crc32 } from '../src/node/ports/crc32.ts';
import type { GroupWrite, StoreAnswer } from '../src/raft/log-store.ts';
import type { Entry, RecoveredLog, Tail } from '../src/raft/types.ts';
import { defaultLevelOptions } from '../src/storage/level-engine.ts';
import { openStorage } from '../src/storage/open-storage.ts';
import type { Storage, StorageOptions } from '../src/storage/open-storage.ts';
import { measureMachine } from './lib/machine-limits.ts';
import { percentile } from './lib/percentiles.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    directory: { type: 'string' },
    json: { type: 'string' },
  },
});
const recordBytes = 100;
const groups = 64;

interface Scenario {
  readonly name: string;
  /** Entries per write, each of another group. */
  readonly chunks: number;
  readonly records: number;
  readonly options: Partial<StorageOptions>;
}

const plain = { level: { ...defaultLevelOptions } };
const scenarios: readonly Scenario[] = [
  { name: 'one entry of one record', chunks: 1, records: 1, options: plain },
  { name: 'one entry of 100 records', chunks: 1, records: 100, options: plain },
  { name: '16 entries of 100 records', chunks: 16, records: 100, options: plain },
  { name: '64 entries of 100 records', chunks: 64, records: 100, options: plain },
  {
    name: '64 entries of 100 records, compressed',
    chunks: 64,
    records: 100,
    options: { level: { ...defaultLevelOptions, compression: true } },
  },
  {
    name: 'one entry of one record, tails synced',
    chunks: 1,
    records: 1,
    options: { ...plain, limits: { ...defaultLimits, journalSyncMs: 0 } },
  },
  {
    name: '64 entries of 100 records, tails synced',
    chunks: 64,
    records: 100,
    options: { ...plain, limits: { ...defaultLimits, journalSyncMs: 0 } },
  },
];

function random(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256));
}

/** A log that grows by sealing the same body again and again; half of it text-like, so that it can be compressed somewhat. */
class Grower {
  readonly group: ReturnType<typeof groupId>;
  readonly #records: number;
  readonly #body: Uint8Array;
  #tail: Tail;
  #offset = 0;

  constructor(group: number, records: number) {
    this.group = groupId(group);
    this.#records = records;
    this.#body = random(records * recordBytes).map((byte, at) => (at % 2 === 0 ? byte : 97));
    this.#tail = { index: logIndex(0), term: term(0), checksum: 0 };
  }

  next(): GroupWrite {
    const index = logIndex(this.#tail.index + 1);
    const draft = {
      kind: chunkKind.records,
      body: this.#body,
      recordCount: this.#records,
      producerId: noProducer,
      producerEpoch: 0,
      firstSequence: 0,
      firstTimestamp: 1_700_000_000_000 + index,
      lastTimestampDelta: 0,
    };
    const bytes = buildChunk(draft, crc32);
    const previous = this.#tail.checksum;
    const seal = {
      group: this.group,
      term: term(1),
      index,
      baseOffset: offset(this.#offset),
      previousChecksum: previous,
    };
    const checksum = sealChunk(bytes, seal, crc32);
    const entry: Entry = { index, term: term(1), checksum, previous, bytes };
    this.#offset += this.#records;
    this.#tail = { index, term: term(1), checksum };
    const hard = index === 1 ? { term: term(1), vote: undefined } : undefined;
    return {
      group: this.group,
      truncateFrom: undefined,
      entries: [entry],
      hard,
      tail: this.#tail,
      healed: false,
    };
  }
}

async function ok(start: (done: (answer: StoreAnswer) => void) => void): Promise<void> {
  const answer = await new Promise<StoreAnswer>(start);
  if (!answer.ok) throw new Error(answer.detail);
}

function open(directory: string, options: Partial<StorageOptions>): Promise<Storage> {
  return openStorage({
    directory,
    limits: defaultLimits,
    crc32,
    schedule: (delayMs, callback) => void setTimeout(callback, delayMs),
    drawId: () => replicaId(hex(random(16))),
    note: (event, fields) => console.error(event, fields),
    failed: (detail) => console.error('storage failed:', detail),
    ...options,
  });
}

interface Result {
  readonly scenario: string;
  readonly writesPerSecond: number;
  readonly entriesPerSecond: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly openMs: number;
}

async function openLogs(storage: Storage): Promise<number> {
  const start = performance.now();
  for (const { group } of storage.store.replicas()) {
    const log = await new Promise<RecoveredLog>((done) => storage.store.open(group, done));
    if (log.verdict.kind !== 'clean') throw new Error(JSON.stringify(log.verdict));
  }
  return performance.now() - start;
}

async function run({ name, chunks, records, options }: Scenario, parent: string): Promise<Result> {
  const directory = mkdtempSync(join(parent, 'storage-'));
  const storage = await open(directory, options);
  const births = Array.from({ length: groups }, (_, at) => ({
    group: groupId(at + 1),
    replica: replicaId(hex(random(16))),
    members: '',
  }));
  await ok((done) => storage.store.birth(births, done));
  await openLogs(storage);
  const growers = births.map(({ group }) => new Grower(group, records));
  const latencies: number[] = [];
  let bytes = 0;
  const start = performance.now();
  const end = start + Number(values.seconds) * 1_000;
  for (let turn = 0; performance.now() < end; turn += 1) {
    const batch = Array.from({ length: chunks }, (_, at) =>
      (growers[(turn * chunks + at) % groups] as Grower).next(),
    );
    const from = performance.now();
    await ok((done) => storage.store.write(batch, done));
    latencies.push(performance.now() - from);
    for (const { entries } of batch) bytes += entries[0]?.bytes.byteLength ?? 0;
  }
  const seconds = (performance.now() - start) / 1_000;
  await storage.close();
  const again = await open(directory, options);
  const openMs = await openLogs(again);
  await again.close();
  rmSync(directory, { recursive: true });
  const writes = latencies.length;
  return {
    scenario: name,
    writesPerSecond: Math.round(writes / seconds),
    entriesPerSecond: Math.round((writes * chunks) / seconds),
    recordsPerSecond: Math.round((writes * chunks * records) / seconds),
    megabytesPerSecond: Math.round(bytes / seconds / 1e5) / 10,
    p50Ms: round(percentile(latencies, 0.5)),
    p99Ms: round(percentile(latencies, 0.99)),
    maxMs: round(percentile(latencies, 1)),
    openMs: Math.round(openMs),
  };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

const parent = values.directory ?? mkdtempSync(join(tmpdir(), 'callboard-bench-'));
try {
  const machine = await measureMachine(parent);
  const results: Result[] = [];
  for (const scenario of scenarios) results.push(await run(scenario, parent));
  console.log(machine);
  console.table(results);
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ machine, results }, undefined, 2));
  }
} finally {
  if (values.directory === undefined) rmSync(parent, { recursive: true });
}
