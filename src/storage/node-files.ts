/** The AppendFiles port on node:fs, for one directory. */
import { constants, close, fdatasync, fsync, open, readFile, rename, stat, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AppendFiles, FileDone } from './files.ts';

type Descriptor = (error: Error | undefined, descriptor: number) => void;

/** Appends up to this size are copied into the page cache at once. */
const smallBytes = 64 << 10;

function plain(done: FileDone): (error: Error | null) => void {
  return (error) => done(error ?? undefined);
}

export class NodeFiles implements AppendFiles {
  readonly #directory: string;
  /** Files kept open for appending, by name. */
  readonly #open = new Map<string, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  read(name: string, done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    readFile(this.#path(name), (error, bytes) => {
      if (error === null) done(undefined, bytes);
      else if (error.code === 'ENOENT') done(undefined, undefined);
      else done(error, undefined);
    });
  }

  #descriptor(name: string, flags: number, done: Descriptor): void {
    const known = this.#open.get(name);
    if (known !== undefined) {
      // Not within the call, whoever asks.
      setImmediate(() => done(undefined, known));
      return;
    }
    open(this.#path(name), flags, 0o600, (error, descriptor) => {
      if (error === null) this.#open.set(name, descriptor);
      done(error ?? undefined, descriptor);
    });
  }

  write(name: string, bytes: Uint8Array, done: FileDone): void {
    this.#forget(name, () => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;
      this.#descriptor(name, flags, (error, descriptor) => {
        if (error === undefined) this.#writeAll(descriptor, bytes, 0, done);
        else done(error);
      });
    });
  }

  append(name: string, bytes: Uint8Array, done: FileDone): void {
    const known = this.#open.get(name);
    if (known !== undefined) {
      if (bytes.byteLength <= smallBytes) this.#appendSmall(known, bytes, done);
      else this.#writeAll(known, bytes, 0, done);
      return;
    }
    this.#descriptor(name, constants.O_WRONLY | constants.O_APPEND, (error, descriptor) => {
      if (error === undefined) this.#writeAll(descriptor, bytes, 0, done);
      else done(error);
    });
  }

  /** Within the call: a copy into the page cache takes microseconds, a round through the thread pool a tenth of a millisecond. */
  #appendSmall(descriptor: number, bytes: Uint8Array, done: FileDone): void {
    let failure: Error | undefined;
    try {
      for (let from = 0; from < bytes.byteLength;) from += writeSync(descriptor, bytes, from);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    queueMicrotask(() => done(failure));
  }

  /** A write may be taken in part. */
  #writeAll(descriptor: number, bytes: Uint8Array, from: number, done: FileDone): void {
    write(descriptor, bytes, from, bytes.byteLength - from, null, (error, written) => {
      if (error !== null) done(error);
      else if (from + written < bytes.byteLength) this.#writeAll(descriptor, bytes, from + written, done);
      else done(undefined);
    });
  }

  sync(name: string, done: FileDone): void {
    const known = this.#open.get(name);
    if (known !== undefined) {
      fdatasync(known, plain(done));
      return;
    }
    this.#descriptor(name, constants.O_WRONLY | constants.O_APPEND, (error, descriptor) => {
      if (error === undefined) fdatasync(descriptor, plain(done));
      else done(error);
    });
  }

  rename(from: string, to: string, done: FileDone): void {
    this.#forget(to, () => {
      rename(this.#path(from), this.#path(to), (error) => {
        const descriptor = this.#open.get(from);
        if (error === null && descriptor !== undefined) {
          this.#open.delete(from);
          this.#open.set(to, descriptor);
        }
        done(error ?? undefined);
      });
    });
  }

  syncDirectory(done: FileDone): void {
    open(this.#directory, constants.O_RDONLY, (error, descriptor) => {
      if (error !== null) {
        done(error);
        return;
      }
      fsync(descriptor, (failure) => {
        close(descriptor, (problem) => done(failure ?? problem ?? undefined));
      });
    });
  }

  setAside(name: string, done: (error: Error | undefined, name: string) => void): void {
    const attempt = (count: number): void => {
      const aside = `${name}.bad-${String(count)}`;
      stat(this.#path(aside), (error) => {
        if (error === null) attempt(count + 1);
        else this.rename(name, aside, (failure) => done(failure, aside));
      });
    };
    attempt(1);
  }

  /** Closes the descriptor of a name whose file is about to be another one. */
  #forget(name: string, then: () => void): void {
    const descriptor = this.#open.get(name);
    if (descriptor === undefined) {
      then();
      return;
    }
    this.#open.delete(name);
    close(descriptor, then);
  }

  close(done: () => void): void {
    const [name] = this.#open.keys();
    if (name === undefined) setImmediate(done);
    else this.#forget(name, () => this.close(done));
  }
}
