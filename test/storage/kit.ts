// What the storage tests share: a virtual clock, makers of logs, and calls that run the clock until they are answered.
import { crc32 as zlibCrc32 } from 'node:zlib';
import {
  buildChunk,
  chunkKind,
  groupId,
  logIndex,
  noProducer,
  offset,
  replicaId,
  sealChunk,
  term,
} from '@callboard/client/protocol';
import type { GroupId, ReplicaId, TopicStorage } from '@callboard/client/protocol';
import type { Birth, EntriesRequest, GroupWrite, LogStore, StoreAnswer } from '../../src/raft/log-store.ts';
import type { Entry, HardState, RecoveredLog, Tail } from '../../src/raft/types.ts';
import type { StoreOpened, StoreOptions } from '../../src/storage/open-log-store.ts';
import type { DiskLogStore } from '../../src/storage/log-store.ts';
import { SimStorage } from '../../sim/storage/sim-storage.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';

export const crc32 = (bytes: Uint8Array, seed?: number): number => zlibCrc32(bytes, seed);
export const g1: GroupId = groupId(1);
export const g2: GroupId = groupId(2);

export function idOf(text: string): ReplicaId {
  return replicaId(Buffer.from(text.padEnd(16, '.').slice(0, 16)).toString('hex'));
}

export function birthOf(
  group: GroupId,
  name = 'first',
  storage: TopicStorage = 'disk',
): Birth & { readonly storage: TopicStorage } {
  const members = `members of ${String(group)}`;
  return { group, replica: idOf(`r${String(group)}-${name}`), members, storage };
}

/** Virtual time: nothing happens until a test lets it. */
export class VirtualTime {
  now = 0;
  #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  readonly schedule = (delayMs: number, run: () => void): void => {
    const event = { at: this.now + delayMs, order: this.#order, run };
    this.#order += 1;
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as { at: number }).at > event.at) at -= 1;
    this.#events.splice(at, 0, event);
  };

  /** Runs the next event; false if there is none. */
  step(): boolean {
    const event = this.#events.shift();
    if (event === undefined) return false;
    this.now = event.at;
    event.run();
    return true;
  }

  runAll(): void {
    while (this.step());
  }

  runFor(durationMs: number): void {
    const end = this.now + durationMs;
    while ((this.#events[0]?.at ?? Infinity) <= end) this.step();
    this.now = end;
  }

  /** Starts a call and runs until it is answered. */
  wait<T>(start: (done: (answer: T) => void) => void): T {
    const answers: T[] = [];
    start((value) => {
      answers.push(value);
    });
    if (answers.length > 0) throw new Error('answered within the call');
    while (answers.length === 0) if (!this.step()) throw new Error('never answered');
    if (answers.length > 1) throw new Error('answered twice');
    return answers[0] as T;
  }
}

export interface MakeOptions {
  readonly term?: number;
  readonly records?: number;
  readonly timestamp?: number;
  readonly bodyBytes?: number;
}

/** Makes a growing log of sealed entries, and cuts it when told to. */
export class LogMaker {
  readonly group: GroupId;
  readonly entries: Entry[] = [];

  constructor(group: GroupId, entries: readonly Entry[] = []) {
    this.group = group;
    this.entries.push(...entries);
  }

  get tail(): Tail {
    return tailOf(this.entries.at(-1));
  }

  get nextOffset(): number {
    const last = this.entries.at(-1);
    if (last === undefined) return 0;
    const view = new DataView(last.bytes.buffer, last.bytes.byteOffset, last.bytes.byteLength);
    return Number(view.getBigUint64(80, true)) + view.getUint32(12, true);
  }

  append(options: MakeOptions = {}): Entry {
    const records = options.records ?? 1;
    const index = logIndex(this.entries.length + 1);
    const body = new Uint8Array(options.bodyBytes ?? 20).fill(index % 251);
    const bytes = buildChunk(
      {
        kind: records === 0 ? chunkKind.noop : chunkKind.records,
        body: records === 0 ? new Uint8Array(0) : body,
        recordCount: records,
        producerId: noProducer,
        producerEpoch: 0,
        firstSequence: 0,
        firstTimestamp: options.timestamp ?? 1_000 + index,
        lastTimestampDelta: 0,
      },
      crc32,
    );
    const previous = this.tail;
    const entryTerm = term(Math.max(options.term ?? 1, previous.term));
    const checksum = sealChunk(
      bytes,
      {
        group: this.group,
        term: entryTerm,
        index,
        baseOffset: offset(this.nextOffset),
        previousChecksum: previous.checksum,
      },
      crc32,
    );
    const entry: Entry = { index, term: entryTerm, checksum, previous: previous.checksum, bytes };
    this.entries.push(entry);
    return entry;
  }

  appendMany(count: number, options: MakeOptions = {}): Entry[] {
    return Array.from({ length: count }, () => this.append(options));
  }

  /** Removes every entry from `from` on. */
  cut(from: number): this {
    this.entries.length = from - 1;
    return this;
  }

  fork(): LogMaker {
    return new LogMaker(this.group, this.entries);
  }
}

export function tailOf(entry: Entry | undefined): Tail {
  return entry === undefined
    ? { index: logIndex(0), term: term(0), checksum: 0 }
    : { index: entry.index, term: entry.term, checksum: entry.checksum };
}

export function hardState(number: number, vote?: ReplicaId): HardState {
  return { term: term(number), vote };
}

/** A write of entries at the end; the tail follows them unless given. */
export function appendOf(
  group: GroupId,
  entries: readonly Entry[],
  more: Partial<GroupWrite> = {},
): GroupWrite {
  return {
    group,
    truncateFrom: undefined,
    entries,
    hard: undefined,
    tail: entries.length === 0 ? undefined : tailOf(entries.at(-1)),
    healed: false,
    ...more,
  };
}

/** A store with its calls made synchronous over virtual time. */
export class TestStore {
  readonly store: DiskLogStore;
  readonly warnings: readonly string[];
  readonly #time: VirtualTime;

  constructor(time: VirtualTime, opened: StoreOpened) {
    if (!opened.ok) throw new Error(`not opened: ${opened.detail}`);
    this.#time = time;
    this.store = opened.store;
    this.warnings = opened.warnings;
  }

  tryWrite(...batch: readonly GroupWrite[]): StoreAnswer {
    return this.#time.wait((done) => this.store.write(batch, done));
  }

  write(...batch: readonly GroupWrite[]): void {
    assertOk(this.tryWrite(...batch));
  }

  birth(...births: readonly Birth[]): void {
    assertOk(this.#time.wait((done) => this.store.birth(births, done)));
  }

  death(...groups: readonly GroupId[]): void {
    assertOk(this.#time.wait((done) => this.store.death(groups, done)));
  }

  open(group: GroupId): RecoveredLog {
    return this.#time.wait((done) => this.store.open(group, done));
  }

  read(request: Partial<EntriesRequest> & { group: GroupId }): ReturnType<typeof readAll> {
    return readAll(this.#time, this.store, request);
  }

  findOffset(group: GroupId, at: number): number | undefined {
    return this.#time.wait<{ index: number | undefined }>((done) =>
      this.store.findOffset(group, offset(at), done),
    ).index;
  }

  findTime(group: GroupId, timestamp: number): number | undefined {
    return this.#time.wait<{ index: number | undefined }>((done) =>
      this.store.findTime(group, timestamp, done),
    ).index;
  }

  saveDocument(name: string, text: string): void {
    assertOk(this.#time.wait((done) => this.store.saveDocument(name, text, done)));
  }

  close(): void {
    this.#time.wait<void>((done) => this.store.close(() => done(undefined)));
  }
}

function readAll(
  time: VirtualTime,
  store: LogStore,
  request: Partial<EntriesRequest> & { group: GroupId },
): { entries: readonly Entry[]; bad: number | undefined } {
  const full: EntriesRequest = {
    from: logIndex(1),
    to: logIndex(1_000_000),
    maxBytes: 1 << 20,
    maxEntries: 1_000,
    cut: 'tail',
    ...request,
  };
  return time.wait((done) => store.readEntries(full, done));
}

function assertOk(answer: StoreAnswer): void {
  if (!answer.ok) throw new Error(`the store answered ${answer.code}: ${answer.detail}`);
}

/** A node's simulated storage, and the store of its present process. */
export class TestNode {
  time: VirtualTime = new VirtualTime();
  readonly random: SimRandom;
  readonly storage: SimStorage;
  #ids = 0;

  constructor(seed: string | number) {
    this.random = new SimRandom(seed);
    this.storage = new SimStorage({
      random: () => this.random.next(),
      crc32,
      drawId: () => idOf(`journal-${String((this.#ids += 1))}`),
    });
  }

  tryStart(more: Partial<StoreOptions> = {}): StoreOpened {
    this.time = new VirtualTime();
    // Small logs with several index points each.
    const options = { indexGapBytes: 300, ...more };
    return this.time.wait((done) => this.storage.open(this.time.schedule, done, options));
  }

  start(more: Partial<StoreOptions> = {}): TestStore {
    const opened = this.tryStart(more);
    return new TestStore(this.time, opened);
  }

  /** What the process still had scheduled dies with it. */
  crash(power: boolean, inFlight: 'lost' | 'applied' | 'random' = 'random'): void {
    this.storage.crash(power, inFlight);
    this.time = new VirtualTime();
  }
}
