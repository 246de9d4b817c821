/**
 * Keeps a node out of the worst of a full disk, after which LevelDB cannot even be opened. Below the low-space mark
 * records are refused, below a quarter of it everything else that grows the log: cursors move for longer than records come in, and stop
 * before the disk is full. Should the disk fill up nevertheless (others write to it too), the ballast file gives way.
 */
import { open, rm, stat, statfs } from 'node:fs/promises';

const stepBytes = 1 << 20;
/** Sampled this often at least: at full speed a disk writes about a mark's worth in that time. */
const sampleMs = 500;

export interface SpaceOptions {
  readonly directory: string;
  readonly ballast: string;
  readonly ballastBytes: number;
  readonly lowSpaceBytes: number;
  readonly schedule: (delayMs: number, callback: () => void) => void;
  /** Replaces the file system's answer in tests. */
  readonly freeBytes?: () => Promise<number>;
}

function isFull(reason: unknown): boolean {
  const { code } = reason as { code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export class Space {
  readonly #options: SpaceOptions;
  #low = false;
  #spent = false;
  #closed = false;

  constructor(options: SpaceOptions) {
    this.#options = options;
  }

  low(): boolean {
    return this.#low;
  }

  /** The reserve below the low-space mark is used up too, but for what consensus itself writes. */
  spent(): boolean {
    return this.#spent;
  }

  close(): void {
    this.#closed = true;
  }

  async #free(): Promise<number> {
    if (this.#options.freeBytes !== undefined) return this.#options.freeBytes();
    const { bavail, bsize } = await statfs(this.#options.directory);
    return bavail * bsize;
  }

  /** Measures once; a file system that does not say counts as having room. */
  async sample(): Promise<void> {
    const { lowSpaceBytes } = this.#options;
    const free = await this.#free().catch(() => Infinity);
    this.#low = free < lowSpaceBytes;
    this.#spent = free < lowSpaceBytes / 4;
  }

  /** Measures from now on, until closed. */
  watch(): void {
    this.#options.schedule(sampleMs, () => {
      if (this.#closed) return;
      void this.sample().then(() => this.watch());
    });
  }

  /** Gives the ballast's room back if there is hardly any other. True if it did. */
  async releaseBallastIfFull(): Promise<boolean> {
    const free = await this.#free().catch(() => Infinity);
    if (free >= Math.min(stepBytes, this.#options.ballastBytes)) return false;
    return this.releaseBallast();
  }

  async releaseBallast(): Promise<boolean> {
    const size = await stat(this.#options.ballast).then(
      (found) => found.size,
      () => 0,
    );
    await rm(this.#options.ballast, { force: true });
    return size > 0;
  }

  /**
   * Makes the ballast file, with real blocks behind it, if there is room for it above the low-space mark. Returns
   * whether it is there in full.
   */
  async ensureBallast(): Promise<boolean> {
    const { ballast, ballastBytes, lowSpaceBytes } = this.#options;
    const present = await stat(ballast).then(
      (found) => found.size,
      () => 0,
    );
    if (present === ballastBytes) return true;
    const free = await this.#free().catch(() => Infinity);
    if (free + present < ballastBytes + lowSpaceBytes) return false;
    try {
      await this.#writeBallast();
      return true;
    } catch (reason) {
      await rm(ballast, { force: true });
      if (isFull(reason)) return false;
      throw reason;
    }
  }

  async #writeBallast(): Promise<void> {
    const { ballast, ballastBytes } = this.#options;
    // Not zeros: a file system may keep those without blocks.
    const step = new Uint8Array(Math.min(stepBytes, ballastBytes)).map(
      (_, at) => (at * 167 + (at >> 8) * 59) & 0xff,
    );
    const file = await open(ballast, 'w');
    try {
      for (let written = 0; written < ballastBytes;) {
        const { bytesWritten } = await file.write(step, 0, Math.min(step.byteLength, ballastBytes - written));
        written += bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
