/**
 * Keeps a second process off a data directory. Node has no file locks, LevelDB has one (fcntl, released by the system
 * when the process dies, unlike a file with a process number in it): so an empty database serves as the lock. It must not
 * be the log's own, since that one may be set aside while the journal is in use.
 */
import { rm } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { causeOf, isDamage, isLocked } from './level-errors.ts';

export class DirectoryInUseError extends Error {
  readonly code = 'data_in_use' as const;

  constructor(directory: string) {
    super(`another process uses the data directory ${directory}`);
    this.name = 'DirectoryInUseError';
  }
}

export class DirectoryLock {
  readonly #db: ClassicLevel;

  private constructor(db: ClassicLevel) {
    this.#db = db;
  }

  /** `directory`: the data directory, for the error; `path`: where the lock lives. */
  static async take(directory: string, path: string): Promise<DirectoryLock> {
    try {
      return await DirectoryLock.#open(path);
    } catch (reason) {
      const cause = causeOf(reason);
      if (isLocked(cause)) throw new DirectoryInUseError(directory);
      // LevelDB takes the lock before it looks at anything else: so nobody holds a database found damaged, and as it
      // holds nothing, nothing is lost with it. After any other error that is not known.
      if (!isDamage(cause)) throw cause;
      await rm(path, { recursive: true, force: true });
      return DirectoryLock.#open(path);
    }
  }

  static async #open(path: string): Promise<DirectoryLock> {
    const db = new ClassicLevel(path, { writeBufferSize: 64 << 10, cacheSize: 0 });
    await db.open();
    return new DirectoryLock(db);
  }

  async release(): Promise<void> {
    await this.#db.close();
  }
}
