/**
 * All storage of one simulated node: engine and files on one device. It outlives the node's processes; each process
 * opens a store on it with its own clock.
 */
import type { Crc32, ReplicaId } from '@callboard/client/protocol';
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
  #boot = 1;
  #lowSpace = false;

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
    const { crc32, drawId } = this.#options;
    openLogStore(
      {
        host: this.engine,
        memory: new MemoryHost((callback) => schedule(memoryLatencyMs, callback)),
        memoryBytes: Number.MAX_SAFE_INTEGER,
        files: this.files.open(),
        crc32,
        schedule,
        drawId,
        bootId: `boot-${String(this.#boot)}`,
        lowSpace: () => this.#lowSpace,
        ...more,
      },
      done,
    );
  }

  /** The process dies, `power` with the whole machine. */
  crash(power: boolean, inFlight: 'lost' | 'applied' | 'random' = 'random'): void {
    this.engine.crash(inFlight);
    this.files.crash(power);
    if (power) this.#boot += 1;
  }

  setLowSpace(low: boolean): void {
    this.#lowSpace = low;
  }

  /** A full disk: nothing can be written, and a closed database does not open. */
  setFull(full: boolean): void {
    this.engine.setFull(full);
    this.files.setFull(full);
    this.#lowSpace = full;
  }
}
