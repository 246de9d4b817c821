/** The AppendFiles port in memory, for a node that keeps nothing: its journal lasts as long as this object. */
import type { AppendFiles, FileDone } from './files.ts';

/** Runs a function later, outside the present call. */
type Defer = (callback: () => void) => void;

export class MemoryFiles implements AppendFiles {
  readonly #defer: Defer;
  readonly #files = new Map<string, Uint8Array[]>();

  constructor(defer: Defer) {
    this.#defer = defer;
  }

  read(name: string, done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void {
    const parts = this.#files.get(name);
    const bytes = parts === undefined ? undefined : new Uint8Array(Buffer.concat(parts));
    this.#defer(() => done(undefined, bytes));
  }

  write(name: string, bytes: Uint8Array, done: FileDone): void {
    this.#files.set(name, [Uint8Array.from(bytes)]);
    this.#later(done);
  }

  append(name: string, bytes: Uint8Array, done: FileDone): void {
    const parts = this.#files.get(name);
    if (parts === undefined) {
      this.#missing(name, done);
      return;
    }
    parts.push(Uint8Array.from(bytes));
    this.#later(done);
  }

  /** There is nothing that could outlive this object. */
  sync(name: string, done: FileDone): void {
    if (this.#files.has(name)) this.#later(done);
    else this.#missing(name, done);
  }

  rename(from: string, to: string, done: FileDone): void {
    const parts = this.#files.get(from);
    if (parts === undefined) {
      this.#missing(from, done);
      return;
    }
    this.#files.delete(from);
    this.#files.set(to, parts);
    this.#later(done);
  }

  syncDirectory(done: FileDone): void {
    this.#later(done);
  }

  setAside(name: string, done: (error: Error | undefined, name: string) => void): void {
    let count = 1;
    while (this.#files.has(`${name}.bad-${String(count)}`)) count += 1;
    const aside = `${name}.bad-${String(count)}`;
    this.rename(name, aside, (error) => done(error, aside));
  }

  close(done: () => void): void {
    this.#defer(done);
  }

  #later(done: FileDone): void {
    this.#defer(() => done(undefined));
  }

  #missing(name: string, done: FileDone): void {
    this.#defer(() => done(new Error(`there is no file ${name}`)));
  }
}
