/**
 * The engine of logs that are kept in memory, through memory-level. Production only: it may use promises. A host holds
 * nothing from one process to the next, so what it opens to is empty.
 */
import { MemoryLevel } from 'memory-level';
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
import { asError } from './level-errors.ts';
import { readPage } from './level-page.ts';

type Database = MemoryLevel<Uint8Array, Uint8Array>;

/** Entries asked for at a time: making a page costs as much as reading it, and most readers want few. */
const pageEntries = 64;

class MemoryLevelEngine implements Engine {
  readonly #db: Database;
  #inFlight = false;
  #bytes = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  get bytes(): number {
    return this.#bytes;
  }

  batch(ops: readonly EngineOp[], done: BatchDone): void {
    if (this.#inFlight) throw new Error('a batch is in flight already');
    this.#inFlight = true;
    this.#write(ops).then(done, (reason: unknown) => done(asError(reason)));
  }

  async #write(ops: readonly EngineOp[]): Promise<undefined> {
    const batch = this.#db.batch();
    const sizes = new Map<string, number>();
    for (const op of ops) {
      this.#count(op, sizes);
      if (op.kind === 'put') batch.put(op.key, op.value);
      else batch.del(op.key);
    }
    await batch.write();
    this.#inFlight = false;
    return undefined;
  }

  /** `sizes`: of what this batch has put already. */
  #count(op: EngineOp, sizes: Map<string, number>): void {
    const name = Buffer.from(op.key.buffer, op.key.byteOffset, op.key.byteLength).toString('latin1');
    const before = sizes.get(name) ?? this.#db.getSync(op.key)?.byteLength ?? 0;
    const after = op.kind === 'put' ? op.value.byteLength : 0;
    sizes.set(name, after);
    this.#bytes += after - before;
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#db.get(key).then(
      (value) => done(undefined, value),
      (reason: unknown) => done(asError(reason), undefined),
    );
  }

  scan(range: ScanRange, done: ScanDone): void {
    this.#page(range).then(
      (entries) => done(undefined, entries),
      (reason: unknown) => done(asError(reason), []),
    );
  }

  #page(range: ScanRange): Promise<readonly EngineEntry[]> {
    const { from, to, reverse, limit, values } = range;
    return readPage(this.#db.iterator({ gte: from, lt: to, reverse, limit, values }), range, pageEntries);
  }

  close(done: () => void): void {
    this.#db.close().then(done, done);
  }
}

export class MemoryLevelHost implements EngineHost {
  readonly #newDatabase = (): Database =>
    new MemoryLevel({ keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' });
  #db: Database = this.#newDatabase();
  #setAside = 0;

  open(done: (opened: EngineOpened) => void): void {
    const db = this.#db;
    db.open().then(
      () => done({ ok: true, engine: new MemoryLevelEngine(db) }),
      (reason: unknown) => done({ ok: false, damaged: false, detail: asError(reason).message }),
    );
  }

  setAside(done: (error: Error | undefined, name: string) => void): void {
    this.#db = this.#newDatabase();
    this.#setAside += 1;
    const name = `memory.bad-${String(this.#setAside)}`;
    queueMicrotask(() => done(undefined, name));
  }
}
