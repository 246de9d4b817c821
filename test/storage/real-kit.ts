// Storage on a real disk, with its calls as promises.
import { logIndex } from '@callboard/client/protocol';
import type { GroupId } from '@callboard/client/protocol';
import type {
  Birth,
  EntriesAnswer,
  EntriesRequest,
  GroupWrite,
  LogStore,
  StoreAnswer,
} from '../../src/raft/log-store.ts';
import type { RecoveredLog } from '../../src/raft/types.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage, StorageOptions } from '../../src/storage/open-storage.ts';
import { call, soon } from './hosts.ts';
import { crc32, idOf } from './kit.ts';

let ids = 0;

/** Small ballast and mark, so that a test's disk is never low unless it says so. Timers fire soon, not on time. */
export function openAt(directory: string, more: Partial<StorageOptions> = {}): Promise<Storage> {
  return openStorage({
    directory,
    limits: { ballastBytes: 64 << 10, lowSpaceBytes: 1, memoryTopicBytes: 1 << 20 },
    crc32,
    // Timers would keep a test waiting; only the short way round the event loop counts here.
    schedule: (delayMs, callback) => {
      if (delayMs === 0) soon(0, callback);
    },
    drawId: () => idOf(`real-${String((ids += 1))}`),
    note: () => undefined,
    failed: () => undefined,
    ...more,
  });
}

async function succeed(start: (done: (answer: StoreAnswer) => void) => void): Promise<void> {
  const [answer] = await call<[StoreAnswer]>(start);
  if (!answer.ok) throw new Error(answer.detail);
}

/** A LogStore with promises. */
export class AsyncStore {
  readonly store: LogStore;

  constructor(store: LogStore) {
    this.store = store;
  }

  async write(...batch: readonly GroupWrite[]): Promise<void> {
    await succeed((done) => this.store.write(batch, done));
  }

  async birth(...births: readonly Birth[]): Promise<void> {
    await succeed((done) => this.store.birth(births, done));
  }

  async death(...groups: readonly GroupId[]): Promise<void> {
    await succeed((done) => this.store.death(groups, done));
  }

  async document(name: string, text: string): Promise<void> {
    await succeed((done) => this.store.saveDocument(name, text, done));
  }

  async open(group: GroupId): Promise<RecoveredLog> {
    const [log] = await call<[RecoveredLog]>((done) => this.store.open(group, done));
    return log;
  }

  async read(group: GroupId, more: Partial<EntriesRequest> = {}): Promise<EntriesAnswer> {
    const request: EntriesRequest = {
      group,
      from: logIndex(1),
      to: logIndex(1_000_000),
      maxBytes: 1 << 24,
      maxEntries: 10_000,
      cut: 'tail',
      ...more,
    };
    const [answer] = await call<[EntriesAnswer]>((done) => this.store.readEntries(request, done));
    return answer;
  }

  async find(group: GroupId, by: { offset: number } | { time: number }): Promise<number | undefined> {
    const [{ index }] = await call<[{ index: number | undefined }]>((done) => {
      if ('offset' in by) {
        this.store.findOffset(group, by.offset as Parameters<LogStore['findOffset']>[1], done);
      } else this.store.findTime(group, by.time, done);
    });
    return index;
  }
}
