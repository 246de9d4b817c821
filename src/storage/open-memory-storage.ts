/**
 * Opens a node's storage with nothing on disk: journal, directory and all topics are in memory, new at each start. For the
 * embedded broker of one process, where nobody else could remember what this node forgets.
 */
import type { Crc32, Limits, ReplicaId } from '@callboard/client/protocol';
import type { Engine, EngineHost } from './engine.ts';
import { MemoryFiles } from './memory-files.ts';
import { MemoryLevelHost } from './memory-level-engine.ts';
import { openLogStore } from './open-log-store.ts';
import type { StoreOpened } from './open-log-store.ts';
import type { Storage } from './open-storage.ts';

export interface MemoryStorageOptions {
  readonly limits: Pick<Limits, 'memoryTopicBytes'>;
  readonly crc32: Crc32;
  readonly schedule: (delayMs: number, callback: () => void) => void;
  readonly drawId: () => ReplicaId;
  readonly failed: (detail: string) => void;
}

export async function openMemoryStorage(options: MemoryStorageOptions): Promise<Storage> {
  const { limits, crc32, schedule, drawId, failed } = options;
  const memoryBytes = limits.memoryTopicBytes;
  let engine: Engine | undefined;
  const log = new MemoryLevelHost();
  const host: EngineHost = {
    open: (done) => {
      log.open((opened) => {
        if (opened.ok) engine = opened.engine;
        done(opened);
      });
    },
    setAside: (done) => log.setAside(done),
  };
  const opened = await new Promise<StoreOpened>((done) => {
    openLogStore(
      {
        host,
        memory: new MemoryLevelHost(),
        memoryBytes,
        files: new MemoryFiles(setImmediate),
        crc32,
        schedule,
        drawId,
        bootId: '',
        // Topics that ask for a disk are bounded as those in memory are.
        lowSpace: () => (engine?.bytes ?? 0) >= memoryBytes,
        spaceSpent: () => (engine?.bytes ?? 0) >= memoryBytes * (17 / 16),
        failed,
      },
      done,
    );
  });
  if (!opened.ok) throw new Error(`the storage in memory did not open: ${opened.detail}`);
  const { store } = opened;
  return { store, warnings: [], close: () => new Promise<void>((done) => store.close(done)) };
}
