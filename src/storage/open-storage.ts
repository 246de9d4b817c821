/**
 * Opens a node's storage on disk. Production only.
 *
 * A data directory holds:
 *
 * | name | what |
 * |------|------|
 * | `lock/` | keeps other processes out |
 * | `log/` | the LevelDB of all logs |
 * | `log.open` | while a process has it open: after a process that ended without closing it, its tables are checked |
 * | `log.corrupt` | it met damage while it ran, and is set aside at the next start |
 * | `journal-1`, `journal-2` | the journal, twice |
 * | `ballast` | room to give back when the disk is full |
 * | `*.bad-N` | what was set aside as damaged, for an operator |
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Crc32, Limits, ReplicaId } from '@callboard/client/protocol';
import { DirectoryLock } from './directory-lock.ts';
import { causeOf, isNoSpace } from './level-errors.ts';
import { LevelHost, defaultLevelOptions } from './level-engine.ts';
import type { LevelOptions } from './level-engine.ts';
import type { DiskLogStore } from './log-store.ts';
import { MemoryLevelHost } from './memory-level-engine.ts';
import { NodeFiles } from './node-files.ts';
import { openLogStore } from './open-log-store.ts';
import type { StoreOpened } from './open-log-store.ts';
import { Space } from './space.ts';
import { syncDirectory } from './sync-directory.ts';

export interface StorageOptions {
  readonly directory: string;
  readonly limits: Pick<Limits, 'ballastBytes' | 'lowSpaceBytes' | 'memoryTopicBytes'> &
    Partial<Pick<Limits, 'journalSyncMs'>>;
  readonly crc32: Crc32;
  readonly schedule: (delayMs: number, callback: () => void) => void;
  readonly drawId: () => ReplicaId;
  /** What an operator should read in the log. */
  readonly note: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  /** The store failed while running: the node must end. */
  readonly failed: (detail: string) => void;
  readonly level?: LevelOptions;
  /** Replaces the file system's answer in tests. */
  readonly freeBytes?: () => Promise<number>;
}

export interface Storage {
  readonly store: DiskLogStore;
  readonly warnings: readonly string[];
  /** Closes the store in order and lets the directory go. */
  close(): Promise<void>;
}

/** The data may be sound, but the node cannot start on them now. */
export class StorageError extends Error {
  readonly code: 'data_inaccessible' | 'disk_full';

  constructor(code: 'data_inaccessible' | 'disk_full', detail: string) {
    super(detail);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** Tells one boot of the machine from another; where that cannot be told, every start counts as one after a power loss. */
async function readBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return '';
  }
}

/** Makes the directory with its parents, each durable in the one above it. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = directory; at !== dirname(first); at = dirname(at)) await syncDirectory(dirname(at));
}

async function takeLock(directory: string, space: Space, warnings: string[]): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  try {
    return await DirectoryLock.take(directory, path);
  } catch (reason) {
    // Another process would have shown by its lock, before space mattered.
    if (!isNoSpace(causeOf(reason)) || !(await space.releaseBallast())) throw reason;
    warnings.push('the disk is full: the ballast file was given up');
    return DirectoryLock.take(directory, path);
  }
}

/**
 * At open LevelDB writes what is in its log, up to two write buffers, into tables before it lets go of the log: the
 * ballast must have room for that.
 */
function levelOptionsFor(ballastBytes: number): LevelOptions {
  const fitting = Math.max(1 << 20, Math.floor(ballastBytes / 4));
  return {
    ...defaultLevelOptions,
    writeBufferBytes: Math.min(defaultLevelOptions.writeBufferBytes, fitting),
  };
}

async function openStore(directory: string, options: StorageOptions, space: Space): Promise<StoreOpened> {
  const { crc32, schedule, drawId, failed, limits } = options;
  const bootId = await readBootId();
  return new Promise<StoreOpened>((done) => {
    openLogStore(
      {
        host: new LevelHost(
          directory,
          join(directory, 'log'),
          options.level ?? levelOptionsFor(options.limits.ballastBytes),
        ),
        memory: new MemoryLevelHost(),
        memoryBytes: options.limits.memoryTopicBytes,
        files: new NodeFiles(directory),
        crc32,
        schedule,
        drawId,
        bootId,
        lowSpace: () => space.low(),
        spaceSpent: () => space.spent(),
        failed,
        ...(limits.journalSyncMs === undefined ? {} : { tailSyncMs: limits.journalSyncMs }),
      },
      done,
    );
  });
}

export async function openStorage(options: StorageOptions): Promise<Storage> {
  const directory = resolve(options.directory);
  const warnings: string[] = [];
  const { limits, schedule, freeBytes } = options;
  await makeDirectory(directory);
  const space = new Space({
    directory,
    ballast: join(directory, 'ballast'),
    ballastBytes: limits.ballastBytes,
    lowSpaceBytes: limits.lowSpaceBytes,
    schedule,
    ...(freeBytes === undefined ? {} : { freeBytes }),
  });
  const lock = await takeLock(directory, space, warnings);
  try {
    if (await space.releaseBallastIfFull()) warnings.push('the disk is full: the ballast file was given up');
    let opened = await openStore(directory, options, space);
    if (!opened.ok && /No space left/i.test(opened.detail) && (await space.releaseBallast())) {
      warnings.push('the disk is full: the ballast file was given up');
      opened = await openStore(directory, options, space);
    }
    if (!opened.ok) {
      throw new StorageError(
        /No space left/i.test(opened.detail) ? 'disk_full' : 'data_inaccessible',
        opened.detail,
      );
    }
    if (!(await space.ensureBallast())) warnings.push('there is no room for the ballast file');
    await space.sample();
    space.watch();
    const { store } = opened;
    warnings.push(...opened.warnings);
    for (const warning of warnings) options.note('storage warning', { warning });
    return {
      store,
      warnings,
      close: async () => {
        space.close();
        await new Promise<void>((done) => store.close(done));
        await lock.release();
      },
    };
  } catch (reason) {
    space.close();
    await lock.release();
    throw reason;
  }
}
