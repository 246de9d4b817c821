/**
 * The engine on LevelDB, through classic-level. Production only: it may use promises.
 *
 * No compression: chunks come framed, often compressed by their producer; and one flipped bit inside a compressed block
 * costs every entry in it, where in a plain block it costs the entry that it hit.
 */
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { ClassicLevel } from 'classic-level';
import { Level } from 'level';
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
import { levelFault } from './level-check.ts';
import { asError, causeOf, isDamage } from './level-errors.ts';
import { plain, readPage } from './level-page.ts';
import { syncDirectory } from './sync-directory.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;

export interface LevelOptions {
  readonly compression: boolean;
  /** Memory for recent writes; LevelDB uses up to twice as much, and replays as much at open. */
  readonly writeBufferBytes: number;
  readonly cacheBytes: number;
  readonly blockBytes: number;
  readonly tableBytes: number;
}

export const defaultLevelOptions: LevelOptions = {
  compression: false,
  writeBufferBytes: 16 << 20,
  cacheBytes: 32 << 20,
  blockBytes: 16 << 10,
  tableBytes: 8 << 20,
};

class LevelEngine implements Engine {
  readonly #db: Database;
  readonly #marks: Marks;
  #inFlight = false;
  #failed = false;

  constructor(db: Database, marks: Marks) {
    this.#db = db;
    this.#marks = marks;
  }

  batch(ops: readonly EngineOp[], done: BatchDone): void {
    if (this.#inFlight) throw new Error('a batch is in flight already');
    this.#inFlight = true;
    this.#write(ops).then(done, (reason: unknown) => done(asError(reason)));
  }

  /** By a chained batch: an array goes through some ten microseconds of copying per operation in the layers above. */
  async #write(ops: readonly EngineOp[]): Promise<undefined> {
    const batch = this.#db.batch();
    for (const op of ops) {
      if (op.kind === 'put') batch.put(op.key, op.value);
      else batch.del(op.key);
    }
    try {
      await batch.write({ sync: true });
    } catch (reason) {
      const cause = causeOf(reason);
      this.#failed = true;
      if (isDamage(cause)) await this.#marks.corrupted(cause.message);
      throw cause;
    }
    this.#inFlight = false;
    return undefined;
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#db.get(key, { fillCache: false }).then(
      (value) => done(undefined, value === undefined ? undefined : plain(value)),
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
    const { from, to, reverse, limit, maxBytes, values } = range;
    const iterator = this.#db.iterator({
      gte: from,
      lt: to,
      reverse,
      limit,
      values,
      fillCache: limit === 1,
      highWaterMarkBytes: Math.max(maxBytes, 1),
    });
    return readPage(iterator, range, limit);
  }

  close(done: () => void): void {
    // A close that fails leaves nothing to be done: every batch was synced before.
    this.#close().then(done, done);
  }

  async #close(): Promise<void> {
    await this.#db.close();
    if (!this.#failed) await this.#marks.closed();
  }
}

/** What is kept beside the database for the next start. */
interface Marks {
  corrupted(detail: string): Promise<void>;
  closed(): Promise<void>;
}

export class LevelHost implements EngineHost {
  readonly #directory: string;
  readonly #parent: string;
  readonly #options: LevelOptions;
  /** LevelDB met damage while running; it may open all the same, only to fail again at the next compaction. */
  readonly #marker: string;
  /** Somebody has the database open, or ended without closing it: perhaps because LevelDB ended the process. */
  readonly #openMark: string;

  constructor(parent: string, directory: string, options: LevelOptions = defaultLevelOptions) {
    this.#parent = parent;
    this.#directory = directory;
    this.#options = options;
    this.#marker = `${directory}.corrupt`;
    this.#openMark = `${directory}.open`;
  }

  open(done: (opened: EngineOpened) => void): void {
    this.#open().then(done, (reason: unknown) => {
      const cause = causeOf(reason);
      done({ ok: false, damaged: isDamage(cause), detail: cause.message });
    });
  }

  async #open(): Promise<EngineOpened> {
    if (existsSync(this.#marker)) {
      return { ok: false, damaged: true, detail: 'it reported damage while running' };
    }
    // Damage that LevelDB does not survive, it met before: at the latest in the process that ended so, or at a start since. To read all
    // tables costs some milliseconds per megabyte, a part of what the walk of the logs costs anyway.
    const fault = existsSync(this.#openMark) ? await levelFault(this.#directory) : undefined;
    if (fault !== undefined) return { ok: false, damaged: true, detail: fault };
    await writeFile(this.#openMark, '');
    await syncDirectory(this.#parent);
    const { compression, writeBufferBytes, cacheBytes, blockBytes, tableBytes } = this.#options;
    // The types of `level` are wrong on `get`; what it makes in Node is a ClassicLevel.
    const db = new Level(this.#directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression,
      writeBufferSize: writeBufferBytes,
      cacheSize: cacheBytes,
      blockSize: blockBytes,
      maxFileSize: tableBytes,
    }) as unknown as Database;
    await db.open();
    await syncDirectory(this.#parent);
    const marks: Marks = {
      corrupted: (detail) => writeFile(this.#marker, `${detail}\n`).catch(() => undefined),
      closed: () => rm(this.#openMark, { force: true }),
    };
    return { ok: true, engine: new LevelEngine(db, marks) };
  }

  setAside(done: (error: Error | undefined, name: string) => void): void {
    this.#setAside().then(
      (name) => done(undefined, name),
      (reason: unknown) => done(asError(reason), this.#directory),
    );
  }

  async #setAside(): Promise<string> {
    let count = 1;
    while (existsSync(`${this.#directory}.bad-${String(count)}`)) count += 1;
    const name = `${this.#directory}.bad-${String(count)}`;
    if (existsSync(this.#directory)) await rename(this.#directory, name);
    await rm(this.#marker, { force: true });
    await syncDirectory(this.#parent);
    return name;
  }
}
