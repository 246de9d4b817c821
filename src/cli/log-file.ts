/**
 * A log file that rotates by size: at the limit it is put aside as `.1`, in place of the one before, and begun anew. Written within
 * the call, unlike by the transports of pino, whose worker takes the last lines of an aborted process with it: those are what a
 * log is read for.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** Of one file; there are two at most. */
export const logFileBytes: number = 16 << 20;

/** Where lines go. */
export interface LogTarget {
  /** Writes as much as is taken now, and says how much that was; throws what the system says. */
  write(bytes: Uint8Array): number;
}

export function descriptorTarget(descriptor: number): LogTarget {
  return { write: (bytes) => writeSync(descriptor, bytes) };
}

export class LogFile implements LogTarget {
  readonly #path: string;
  readonly #mostBytes: number;
  #descriptor: number;
  #bytes: number;

  /** Goes on with a file that is there. Throws what the system says. */
  constructor(path: string, mostBytes: number = logFileBytes) {
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  write(bytes: Uint8Array): number {
    if (this.#bytes > 0 && this.#bytes + bytes.byteLength > this.#mostBytes) this.#rotate();
    const written = writeSync(this.#descriptor, bytes);
    this.#bytes += written;
    return written;
  }

  /** If it fails half way, the next line tries again; until then lines go where they went before. */
  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`);
    const next = openSync(this.#path, 'a', 0o600);
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#bytes = 0;
  }
}
