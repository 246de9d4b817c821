/**
 * The simulator's files, byte by byte: what was synced survives a power loss, of the rest some prefix does, perhaps with a
 * zeroed stretch in it; names that were not synced revert. A process that dies without a power loss loses nothing, as
 * its writes are with the operating system.
 */
import type { AppendFiles, FileDone } from '../../src/storage/files.ts';
import { FaultCounts } from './fault-counts.ts';
import type { LatencyRange, SimDevice } from './sim-device.ts';

export const fileFaultKinds = [
  'unsynced-lost',
  'torn',
  'rename-lost',
  'bit-flip',
  'truncated',
  'removed',
  'older-copy',
  'write-error',
  'full',
] as const;
export type FileFault = (typeof fileFaultKinds)[number];

export interface SimFileLatencies {
  readonly append: LatencyRange;
  readonly sync: LatencyRange;
}

const defaultLatencies: SimFileLatencies = {
  append: { minMs: 0.02, maxMs: 0.1 },
  sync: { minMs: 0.2, maxMs: 0.8 },
};

class SimFile {
  bytes: Uint8Array;
  length: number;
  synced = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Uint8Array.from(bytes);
    this.length = bytes.byteLength;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.byteLength > this.bytes.byteLength) {
      const larger = new Uint8Array(2 * (this.length + bytes.byteLength));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

type Names = ReadonlyMap<string, SimFile>;

export class SimFiles {
  readonly device: SimDevice;
  readonly faults: FaultCounts<FileFault> = new FaultCounts<FileFault>();
  readonly #latencies: SimFileLatencies;
  /** What the directory would be after each change since it was last synced; the first is what a power loss keeps for sure. */
  #directory: Names[] = [new Map()];
  #failNext = 0;
  #full = false;

  constructor(device: SimDevice, latencies: SimFileLatencies = defaultLatencies) {
    this.device = device;
    this.#latencies = latencies;
  }

  get #names(): Names {
    return this.#directory.at(-1) as Names;
  }

  /** The port, for the present process. */
  open(): AppendFiles {
    const { append, sync } = this.#latencies;
    const device = this.device;
    const change = (latency: LatencyRange, done: FileDone, effect: () => void): void => {
      device.writing();
      const failure = this.#failure();
      if (failure === undefined) effect();
      device.after(latency, () => done(failure));
    };
    return {
      read: (name, done) => {
        device.after(append, () => done(undefined, this.#names.get(name)?.copy()));
      },
      write: (name, bytes, done) => {
        change(append, done, () => this.#link(name, new SimFile(bytes)));
      },
      append: (name, bytes, done) => {
        change(append, done, () => this.#file(name).append(bytes));
      },
      sync: (name, done) => {
        const file = this.#file(name);
        const { length } = file;
        device.after(sync, () => {
          const failure = this.#failure();
          if (failure === undefined) file.synced = Math.max(file.synced, length);
          done(failure);
        });
      },
      rename: (from, to, done) => {
        change(append, done, () => this.#rename(from, to));
      },
      syncDirectory: (done) => {
        const names = this.#names;
        device.after(sync, () => {
          const failure = this.#failure();
          if (failure === undefined) this.#directory = this.#directory.slice(this.#directory.indexOf(names));
          done(failure);
        });
      },
      setAside: (name, done) => {
        let count = 1;
        while (this.#names.has(`${name}.bad-${String(count)}`)) count += 1;
        const aside = `${name}.bad-${String(count)}`;
        change(
          append,
          (error) => done(error, aside),
          () => this.#rename(name, aside),
        );
      },
      close: (done) => {
        device.after(append, done);
      },
    };
  }

  #failure(): Error | undefined {
    if (this.#full) return new Error('simulated: no space left on device');
    if (this.#failNext === 0) return undefined;
    this.#failNext -= 1;
    this.faults.add('write-error');
    return new Error('simulated: I/O error');
  }

  #file(name: string): SimFile {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`there is no file ${name}`);
    return file;
  }

  #link(name: string, file: SimFile): void {
    this.#directory.push(new Map(this.#names).set(name, file));
  }

  #rename(from: string, to: string): void {
    const names = new Map(this.#names).set(to, this.#file(from));
    names.delete(from);
    this.#directory.push(names);
  }

  /** The process dies; with `power`, so does what was not synced. */
  crash(power: boolean): void {
    this.device.die();
    this.#failNext = 0;
    if (!power) return;
    const kept = this.device.below(this.#directory.length);
    if (kept < this.#directory.length - 1) this.faults.add('rename-lost');
    this.#directory = [this.#directory[kept] as Names];
    for (const file of new Set(this.#names.values())) this.#tear(file);
  }

  #tear(file: SimFile): void {
    const unsynced = file.length - file.synced;
    if (unsynced === 0) return;
    const kept = this.device.below(unsynced + 1);
    if (kept < unsynced) this.faults.add('unsynced-lost');
    file.length = file.synced + kept;
    if (kept > 0 && this.device.chance(0.3)) {
      const from = file.synced + this.device.below(kept);
      file.bytes.fill(0, from, from + 1 + this.device.below(file.length - from));
      this.faults.add('torn');
    }
    file.synced = file.length;
  }

  names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** A copy of the file as it is now. */
  copy(name: string): Uint8Array | undefined {
    return this.#names.get(name)?.copy();
  }

  /** Replaces the contents, synced: an older copy that came back, for example. */
  put(name: string, bytes: Uint8Array): void {
    const file = new SimFile(bytes);
    file.synced = file.length;
    this.#directory = [new Map(this.#names).set(name, file)];
    this.faults.add('older-copy');
  }

  flipBit(name: string, at: number = -1): boolean {
    const file = this.#names.get(name);
    if (file === undefined || file.length === 0) return false;
    const byte = at < 0 ? this.device.below(file.length) : at;
    file.bytes[byte] = (file.bytes[byte] as number) ^ (1 << this.device.below(8));
    this.faults.add('bit-flip');
    return true;
  }

  truncate(name: string, length: number): boolean {
    const file = this.#names.get(name);
    if (file === undefined || length >= file.length) return false;
    file.length = length;
    file.synced = Math.min(file.synced, length);
    this.faults.add('truncated');
    return true;
  }

  remove(name: string): boolean {
    const names = new Map(this.#names);
    if (!names.delete(name)) return false;
    this.#directory = [names];
    this.faults.add('removed');
    return true;
  }

  /** Nothing is left, as on a new disk. */
  wipe(): void {
    this.#directory = [new Map()];
    this.#failNext = 0;
  }

  /** The next calls that change something fail. */
  failNext(count = 1): void {
    this.#failNext = count;
  }

  setFull(full: boolean): void {
    if (full) this.faults.add('full');
    this.#full = full;
  }
}
