/**
 * All storage of one simulated node: engine and files on one device. It outlives the node's processes; each process
 * opens a store on it with its own clock.
 */
import type { Crc32, ReplicaId } from '@callboard/client/protocol';
import type { EngineEntry, ScanRange } from '../../src/storage/engine.ts';
import { openLogStore } from '../../src/storage/open-log-store.ts';
import type { StoreOpened, StoreOptions } from '../../src/storage/open-log-store.ts';
import { MemoryHost } from '../../src/storage/memory-engine.ts';
import { SimDevice } from './sim-device.ts';
import type { NextRandom, Schedule } from './sim-device.ts';
import { SimEngineHost } from './sim-engine.ts';
import { SimFiles } from './sim-files.ts';

/** A batch in memory is answered in another round of the event loop. */
const memoryLatencyMs = 0.01;

export interface SimStorageOptions {
  /** The storage's own generator, in [0, 1). */
  readonly random: NextRandom;
  readonly crc32: Crc32;
  readonly drawId: () => ReplicaId;
}

export class SimStorage {
  readonly device: SimDevice;
  readonly engine: SimEngineHost;
  readonly files: SimFiles;
  readonly #options: SimStorageOptions;
  #memory = new MemoryHost(() => undefined);
  #boot = 1;
  #lowSpace = false;
  #spaceSpent = false;

  constructor(options: SimStorageOptions) {
    this.#options = options;
    this.device = new SimDevice(() => {
      throw new Error('no process runs on this storage');
    }, options.random);
    this.engine = new SimEngineHost(this.device);
    this.files = new SimFiles(this.device);
  }

  /** Opens a store for a new process. `schedule`: that process's clock. */
  open(schedule: Schedule, done: (opened: StoreOpened) => void, more: Partial<StoreOptions> = {}): void {
    this.device.attach(schedule);
    this.#memory = new MemoryHost((callback) => schedule(memoryLatencyMs, callback));
    const { crc32, drawId } = this.#options;
    openLogStore(
      {
        host: this.engine,
        memory: this.#memory,
        memoryBytes: Number.MAX_SAFE_INTEGER,
        files: this.files.open(),
        crc32,
        schedule,
        drawId,
        bootId: `boot-${String(this.#boot)}`,
        lowSpace: () => this.#lowSpace,
        spaceSpent: () => this.#spaceSpent,
        ...more,
      },
      done,
    );
  }

  /** What is stored in a range, on the disk and in the memory of the present process; a group is in one of them. */
  peekRange(range: ScanRange): readonly EngineEntry[] {
    const onDisk = this.engine.peekRange(range);
    return onDisk.length > 0 ? onDisk : this.#memory.peekRange(range);
  }

  peek(key: Uint8Array): Uint8Array | undefined {
    const to = Uint8Array.of(...key, 0);
    const range = { from: key, to, reverse: false, limit: 1, maxBytes: 1, values: true };
    return this.engine.peek(key) ?? this.#memory.peekRange(range)[0]?.value;
  }

  /** The process dies, `power` with the whole machine. */
  crash(power: boolean, inFlight: 'lost' | 'applied' | 'random' = 'random'): void {
    this.engine.crash(inFlight);
    this.#memory = new MemoryHost(() => undefined);
    this.files.crash(power);
    if (power) this.#boot += 1;
  }

  /** The disk is a new one: the next process finds nothing. */
  wipe(): void {
    this.engine.wipe();
    this.files.wipe();
  }

  /** `spent`: what is kept back below the low-space mark too. */
  setLowSpace(low: boolean, spent: boolean = false): void {
    this.#lowSpace = low;
    this.#spaceSpent = spent;
  }

  /** A full disk: nothing can be written, and a closed database does not open. */
  setFull(full: boolean): void {
    this.engine.setFull(full);
    this.files.setFull(full);
    this.setLowSpace(full, full);
  }
}
