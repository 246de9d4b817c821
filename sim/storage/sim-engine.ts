/**
 * The simulator's engine: keeps what was synced over crashes, takes its time, and does on demand what LevelDB was seen
 * to do: lose a key or a whole batch from the middle, lose the newest batches, bring an older value back, flip a bit,
 * fail to open, fail all writes once a compaction in the background has failed. Everything random comes from the one generator it is given.
 *
 * A batch takes effect when it completes. One that is in flight at a crash is in doubt, as is one that failed.
 */
import { SortedBytes, nameOf } from '../../src/storage/sorted-bytes.ts';
import type {
  BatchDone,
  Engine,
  EngineEntry,
  EngineHost,
  EngineOp,
  EngineOpened,
  GetDone,
  ScanDone,
  ScanRange,
} from '../../src/storage/engine.ts';
import { EngineHistory } from './engine-history.ts';
import { FaultCounts } from './fault-counts.ts';
import type { LatencyRange, SimDevice } from './sim-device.ts';

export const engineFaultKinds = [
  'batch-lost',
  'batch-in-doubt-applied',
  'hole',
  'batch-hole',
  'tail-lost',
  'older-value',
  'bit-flip',
  'batch-error',
  'read-error',
  'stall',
  'full',
  'open-failed',
  'compaction-error',
] as const;
export type EngineFault = (typeof engineFaultKinds)[number];

export interface SimLatencies {
  readonly batch: LatencyRange;
  readonly read: LatencyRange;
  readonly open: LatencyRange;
}

export const defaultLatencies: SimLatencies = {
  batch: { minMs: 0.3, maxMs: 1.5 },
  read: { minMs: 0.05, maxMs: 0.3 },
  open: { minMs: 5, maxMs: 20 },
};

/** Which keys a fault may hit; all by default. */
export type KeyFilter = (key: Uint8Array) => boolean;

export class SimEngineHost implements EngineHost {
  /** Told of each batch that took effect. */
  onBatch: (ops: readonly EngineOp[]) => void = () => undefined;
  readonly device: SimDevice;
  readonly faults: FaultCounts<EngineFault> = new FaultCounts<EngineFault>();
  readonly #latencies: SimLatencies;
  #map = new SortedBytes();
  #history = new EngineHistory();
  #pending: readonly EngineOp[] | undefined;
  #failBatch = false;
  #failReads = 0;
  #full = false;
  #broken = false;
  /** What a compaction in the background has met: an error of the disk, or damage, which the next compaction meets again. */
  #compaction: 'sound' | 'error' | 'damage' = 'sound';
  #setAside = 0;

  constructor(device: SimDevice, latencies: SimLatencies = defaultLatencies) {
    this.device = device;
    this.#latencies = latencies;
  }

  get size(): number {
    return this.#map.size;
  }

  /** What is stored, in order; for checkers, which must see more than the program does. */
  stored(): IterableIterator<EngineEntry> {
    return this.#map[Symbol.iterator]();
  }

  get readsToFail(): number {
    return this.#failReads;
  }

  /** What is stored under a key now, past all latencies and faults; for checkers. */
  peek(key: Uint8Array): Uint8Array | undefined {
    return this.#map.get(nameOf(key))?.value;
  }

  /** The same for a range. */
  peekRange(range: ScanRange): readonly EngineEntry[] {
    return this.#map.scan(range);
  }

  open(done: (opened: EngineOpened) => void): void {
    this.device.after(this.#latencies.open, () => {
      if (this.#broken) done({ ok: false, damaged: true, detail: 'simulated: the database does not open' });
      else if (this.#full) done({ ok: false, damaged: false, detail: 'simulated: no space left on device' });
      else done({ ok: true, engine: new SimEngine(this, this.device, this.#latencies) });
    });
  }

  setAside(done: (error: Error | undefined, name: string) => void): void {
    this.device.after(this.#latencies.open, () => {
      this.#map = new SortedBytes();
      this.#history = new EngineHistory();
      this.#broken = false;
      this.#compaction = 'sound';
      this.#setAside += 1;
      done(undefined, `log.bad-${String(this.#setAside)}`);
    });
  }

  /** Nothing is left, as on a new disk. No process runs. */
  wipe(): void {
    this.#map = new SortedBytes();
    this.#history = new EngineHistory();
    this.#broken = false;
    this.#pending = undefined;
    this.#failBatch = false;
    this.#failReads = 0;
  }

  /** The process dies. The batch in flight, if there is one, was lost or applied. */
  crash(inFlight: 'lost' | 'applied' | 'random' = 'random'): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.device.die();
    this.#failBatch = false;
    this.#failReads = 0;
    if (this.#compaction === 'error') this.#compaction = 'sound';
    if (pending === undefined) return;
    if (inFlight === 'random' ? this.device.chance(0.5) : inFlight === 'applied') {
      this.#apply(pending);
      this.faults.add('batch-in-doubt-applied');
    } else this.faults.add('batch-lost');
  }

  /** One key is gone. */
  makeHole(filter?: KeyFilter): boolean {
    const victim = this.#pick(filter);
    if (victim === undefined) return false;
    this.#map.delete(nameOf(victim.key));
    this.faults.add('hole');
    return true;
  }

  /** One whole batch of the last ones never happened, but those after it did. */
  makeBatchHole(): boolean {
    const count = this.#history.batches;
    if (count < 2) return false;
    const undone = this.#history.undoOne(this.#map, this.device.below(count - 1));
    if (undone) this.faults.add('batch-hole');
    return undone;
  }

  /** The newest `batches` batches never happened. Returns how many it was. */
  loseTail(batches: number): number {
    const undone = this.#history.undoNewest(this.#map, batches);
    if (undone > 0) this.faults.add('tail-lost');
    return undone;
  }

  /** A key has an older, intact value again, or is back after it was deleted. */
  returnOlder(filter?: KeyFilter): boolean {
    const candidates = this.#history.replaced.filter(({ key }) => filter?.(key) ?? true);
    const older = candidates[this.device.below(candidates.length)];
    if (older === undefined) return false;
    this.#map.set(nameOf(older.key), older);
    this.faults.add('older-value');
    return true;
  }

  /** One bit of a value is flipped. */
  flipBit(filter?: KeyFilter): boolean {
    const victim = this.#pick(filter);
    if (victim === undefined || victim.value.byteLength === 0) return false;
    const value = Uint8Array.from(victim.value);
    const at = this.device.below(value.byteLength);
    value[at] = (value[at] as number) ^ (1 << this.device.below(8));
    this.#map.set(nameOf(victim.key), { key: victim.key, value });
    this.faults.add('bit-flip');
    return true;
  }

  failNextBatch(): void {
    this.#failBatch = true;
  }

  /**
   * A compaction fails while nobody waits for it. From the next batch on none is taken, and nothing of them is written; reads go on. An
   * error of the disk is over with the process. Damage is not: whoever opens the database after a batch has met it is told.
   */
  failCompaction(why: 'error' | 'damage'): void {
    this.#compaction = why;
  }

  failNextReads(count = 1): void {
    this.#failReads = count;
  }

  stall(durationMs: number): void {
    this.faults.add('stall');
    this.device.stall(durationMs);
  }

  /** While full, batches fail and a closed database does not open. */
  setFull(full: boolean): void {
    if (full) this.faults.add('full');
    this.#full = full;
  }

  /** The database does not open any more, until it is set aside. */
  breakOpen(): void {
    this.#broken = true;
    this.faults.add('open-failed');
  }

  /** Changes or, with `undefined`, removes a stored value by hand. */
  tamper(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#map.delete(nameOf(key));
    else this.#map.set(nameOf(key), { key, value });
  }

  #pick(filter: KeyFilter | undefined): EngineEntry | undefined {
    if (filter === undefined) return this.#map.at(this.device.below(this.#map.size));
    const matching = [...this.#map].filter(({ key }) => filter(key));
    return matching[this.device.below(matching.length)];
  }

  /** For the engine alone. */
  begin(ops: readonly EngineOp[]): void {
    if (this.#pending !== undefined) throw new Error('a batch is in flight already');
    this.#pending = ops;
  }

  /** For the engine alone. */
  complete(ops: readonly EngineOp[]): Error | undefined {
    this.#pending = undefined;
    if (this.#compaction !== 'sound') {
      if (this.#compaction === 'damage') this.#broken = true;
      this.faults.add('compaction-error');
      return new Error(
        `simulated: a compaction has met ${this.#compaction === 'damage' ? 'damage' : 'an I/O error'}`,
      );
    }
    if (!this.#failBatch && !this.#full) {
      this.#apply(ops);
      this.onBatch(ops);
      return undefined;
    }
    this.#failBatch = false;
    if (this.device.chance(0.5)) this.#apply(ops);
    this.faults.add('batch-error');
    return new Error(this.#full ? 'simulated: no space left on device' : 'simulated: I/O error on write');
  }

  /** For the engine alone. */
  read<T>(from: (map: SortedBytes) => T): { readonly error: Error } | { readonly value: T } {
    if (this.#failReads === 0) return { value: from(this.#map) };
    this.#failReads -= 1;
    this.faults.add('read-error');
    return { error: new Error('simulated: I/O error on read') };
  }

  #apply(ops: readonly EngineOp[]): void {
    this.#history.begin();
    for (const op of ops) {
      const name = nameOf(op.key);
      const before = op.kind === 'put' ? this.#map.set(name, op) : this.#map.delete(name);
      if (op.kind === 'put' || before !== undefined) {
        this.#history.note(name, before, op.kind === 'put' ? op : undefined);
      }
    }
  }
}

class SimEngine implements Engine {
  readonly #host: SimEngineHost;
  readonly #device: SimDevice;
  readonly #latencies: SimLatencies;
  #closed = false;

  constructor(host: SimEngineHost, device: SimDevice, latencies: SimLatencies) {
    this.#host = host;
    this.#device = device;
    this.#latencies = latencies;
  }

  batch(ops: readonly EngineOp[], done: BatchDone): void {
    this.#assertOpen();
    this.#host.begin(ops);
    this.#device.writing();
    this.#device.after(this.#latencies.batch, () => done(this.#host.complete(ops)));
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#assertOpen();
    this.#device.after(this.#latencies.read, () => {
      const read = this.#host.read((map) => map.get(nameOf(key))?.value);
      if ('error' in read) done(read.error, undefined);
      else done(undefined, read.value);
    });
  }

  scan(range: ScanRange, done: ScanDone): void {
    this.#assertOpen();
    this.#device.after(this.#latencies.read, () => {
      const read = this.#host.read((map) => map.scan(range));
      if ('error' in read) done(read.error, []);
      else done(undefined, read.value);
    });
  }

  close(done: () => void): void {
    this.#assertOpen();
    this.#closed = true;
    this.#device.after(this.#latencies.read, done);
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the engine is closed');
  }
}
