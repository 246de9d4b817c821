/**
 * An engine in memory without promises: for tests and the simulator. Durable as long as its host. What runs in
 * production is `memory-level-engine.ts`.
 */
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
} from './engine.ts';
import { SortedBytes, nameOf } from './sorted-bytes.ts';

/** Runs a function later, outside the present call. */
export type Defer = (callback: () => void) => void;

class MemoryEngine implements Engine {
  readonly #map: SortedBytes;
  readonly #defer: Defer;
  #inFlight = false;
  #bytes = 0;

  constructor(map: SortedBytes, defer: Defer) {
    this.#map = map;
    this.#defer = defer;
  }

  get bytes(): number {
    return this.#bytes;
  }

  batch(ops: readonly EngineOp[], done: BatchDone): void {
    if (this.#inFlight) throw new Error('a batch is in flight already');
    this.#inFlight = true;
    for (const op of ops) {
      const name = nameOf(op.key);
      const before = op.kind === 'put' ? this.#map.set(name, op) : this.#map.delete(name);
      if (op.kind === 'put') this.#bytes += op.value.byteLength;
      this.#bytes -= before?.value.byteLength ?? 0;
    }
    this.#defer(() => {
      this.#inFlight = false;
      done(undefined);
    });
  }

  get(key: Uint8Array, done: GetDone): void {
    const value = this.#map.get(nameOf(key))?.value;
    this.#defer(() => done(undefined, value));
  }

  scan(range: ScanRange, done: ScanDone): void {
    const found = this.#map.scan(range);
    this.#defer(() => done(undefined, found));
  }

  close(done: () => void): void {
    this.#defer(done);
  }
}

export class MemoryHost implements EngineHost {
  readonly #defer: Defer;
  #map = new SortedBytes();
  #setAside = 0;

  constructor(defer: Defer) {
    this.#defer = defer;
  }

  /** What lies in a range now, for checkers that look from outside. */
  peekRange(range: ScanRange): readonly EngineEntry[] {
    return this.#map.scan(range);
  }

  open(done: (opened: EngineOpened) => void): void {
    const engine = new MemoryEngine(this.#map, this.#defer);
    this.#defer(() => done({ ok: true, engine }));
  }

  setAside(done: (error: Error | undefined, name: string) => void): void {
    this.#map = new SortedBytes();
    this.#setAside += 1;
    const name = `memory.bad-${String(this.#setAside)}`;
    this.#defer(() => done(undefined, name));
  }
}
