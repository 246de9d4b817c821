/**
 * The AppendFiles port: a handful of named files in one directory, as the journal needs them. Nothing is durable until
 * synced: appended bytes until `sync`, a new or renamed file until `syncDirectory`. At a power loss what was not synced
 * may be lost, kept or torn.
 *
 * Every call answers through its callback exactly once, later, never within the call. After an error the file's
 * contents are in doubt and the caller must stop: an fsync is never retried.
 */
export type FileDone = (error: Error | undefined) => void;

export interface AppendFiles {
  /** The whole file; undefined if there is none. */
  read(name: string, done: (error: Error | undefined, bytes: Uint8Array | undefined) => void): void;
  /** Makes the file anew with these bytes, not synced. */
  write(name: string, bytes: Uint8Array, done: FileDone): void;
  /** Adds to the end of an existing file, not synced. */
  append(name: string, bytes: Uint8Array, done: FileDone): void;
  sync(name: string, done: FileDone): void;
  /** Replaces `to`, if it exists, by `from` in one step; durable after `syncDirectory`. */
  rename(from: string, to: string, done: FileDone): void;
  syncDirectory(done: FileDone): void;
  /** Renames to a free name beside it; answers with that name. Only for files that exist. */
  setAside(name: string, done: (error: Error | undefined, name: string) => void): void;
  close(done: () => void): void;
}
