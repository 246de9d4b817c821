/** The public face of the storage room. */
export { openStorage, StorageError } from './open-storage.ts';
export type { Storage, StorageOptions } from './open-storage.ts';
export { DirectoryInUseError } from './directory-lock.ts';
export { openLogStore } from './open-log-store.ts';
export type { StoreOpened, StoreOptions } from './open-log-store.ts';
export { DiskLogStore } from './log-store.ts';
export { MemoryHost } from './memory-engine.ts';
export { Scrubber } from './scrubber.ts';
export type { ScrubOptions, ScrubReport, ScrubTarget } from './scrubber.ts';
