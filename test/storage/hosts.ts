// Every engine and every kind of files behind the same small face, for the conformance suites: real ones in a temporary
// directory, the others over immediates.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, EngineEntry, EngineHost, EngineOp, ScanRange } from '../../src/storage/engine.ts';
import type { AppendFiles } from '../../src/storage/files.ts';
import { LevelHost, defaultLevelOptions } from '../../src/storage/level-engine.ts';
import { MemoryHost } from '../../src/storage/memory-engine.ts';
import { MemoryLevelHost } from '../../src/storage/memory-level-engine.ts';
import { NodeFiles } from '../../src/storage/node-files.ts';
import { SimDevice } from '../../sim/storage/sim-device.ts';
import { SimEngineHost } from '../../sim/storage/sim-engine.ts';
import { SimFiles } from '../../sim/storage/sim-files.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'callboard-storage-'));
}

/** Keeps the order of calls; the delays are not waited for. */
export function soon(_delayMs: number, callback: () => void): void {
  setImmediate(callback);
}

export function simDevice(seed: string): SimDevice {
  const random = new SimRandom(seed);
  return new SimDevice(soon, () => random.next());
}

export interface Place<T> {
  readonly name: string;
  /** Makes a new, empty one. */
  readonly make: () => { readonly it: T; readonly reopen: () => T; readonly remove: () => void };
}

const nothing = (): void => undefined;

export const engineHosts: readonly Place<EngineHost>[] = [
  {
    name: 'LevelDB',
    make: () => {
      const directory = temporaryDirectory();
      const host = (): EngineHost => new LevelHost(directory, join(directory, 'log'), defaultLevelOptions);
      return { it: host(), reopen: host, remove: () => rmSync(directory, { recursive: true }) };
    },
  },
  {
    name: 'memory',
    make: () => {
      const host = new MemoryHost((callback) => soon(0, callback));
      return { it: host, reopen: () => host, remove: nothing };
    },
  },
  {
    name: 'memory-level',
    make: () => {
      const host = new MemoryLevelHost();
      return { it: host, reopen: () => host, remove: nothing };
    },
  },
  {
    name: 'simulated',
    make: () => {
      const host = new SimEngineHost(simDevice('host'));
      return { it: host, reopen: () => host, remove: nothing };
    },
  },
];

export const filePlaces: readonly Place<AppendFiles>[] = [
  {
    name: 'node:fs',
    make: () => {
      const directory = temporaryDirectory();
      const files = (): AppendFiles => new NodeFiles(directory);
      return { it: files(), reopen: files, remove: () => rmSync(directory, { recursive: true }) };
    },
  },
  {
    name: 'simulated',
    make: () => {
      const files = new SimFiles(simDevice('files'));
      return { it: files.open(), reopen: () => files.open(), remove: nothing };
    },
  },
];

/** A call with a callback as a promise, which also holds it to its contract: once, and not within the call. */
export function call<T extends readonly unknown[]>(
  start: (done: (...answer: T) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let within = true;
    let answers = 0;
    start((...answer) => {
      answers += 1;
      if (within) reject(new Error('answered within the call'));
      else if (answers > 1) throw new Error('answered twice');
      else resolve(answer);
    });
    within = false;
  });
}

export async function openEngine(host: EngineHost): Promise<Engine> {
  const [opened] = await call<Parameters<Parameters<EngineHost['open']>[0]>>((done) => host.open(done));
  if (!opened.ok) throw new Error(opened.detail);
  return opened.engine;
}

export async function batch(engine: Engine, ops: readonly EngineOp[]): Promise<void> {
  const [error] = await call<[Error | undefined]>((done) => engine.batch(ops, done));
  if (error !== undefined) throw error;
}

export async function scan(engine: Engine, range: Partial<ScanRange>): Promise<readonly EngineEntry[]> {
  const full: ScanRange = {
    from: new Uint8Array(0),
    to: new Uint8Array(40).fill(0xff),
    reverse: false,
    limit: 10_000,
    maxBytes: 1 << 24,
    values: true,
    ...range,
  };
  const [error, entries] = await call<[Error | undefined, readonly EngineEntry[]]>((done) =>
    engine.scan(full, done),
  );
  if (error !== undefined) throw error;
  return entries;
}

export async function close(closeable: { close(done: () => void): void }): Promise<void> {
  await call((done) => closeable.close(done));
}
