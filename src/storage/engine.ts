/**
 * The Engine port: an ordered map from byte keys to byte values that survives power loss. Everything above it
 * (checksums, verdicts, healing) is the same on every engine, so an engine may be as careless as LevelDB is: it may lose
 * a key, bring an older value back or hand out a flipped bit, and the store must notice.
 *
 * - Every call answers through its callback exactly once, later, never within the call.
 * - Keys order by unsigned bytes, a shorter key before its extensions.
 * - A batch is atomic, its operations count in order, and it is synced when it answers. At most one is in flight: that
 *   is the caller's duty, and engines assert it, because LevelDB lands batches that overlap in any order.
 * - After a batch failed the engine must not be used for another: what it left behind is in doubt.
 * - Bytes given belong to the engine until the answer and must not change afterwards either (an engine may keep them).
 *   Bytes handed out belong to the receiver for reading only.
 */
export type EngineOp =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

export interface EngineEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A page of keys in order. Neither bound ever leaves a page empty that could hold one entry. */
export interface ScanRange {
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive. */
  readonly to: Uint8Array;
  /** From the high end downwards. */
  readonly reverse: boolean;
  /** At most this many entries. */
  readonly limit: number;
  /** Stop after the entry that takes keys and values together to this many bytes or more. */
  readonly maxBytes: number;
  /** False: values come back empty and cost nothing. */
  readonly values: boolean;
}

export type BatchDone = (error: Error | undefined) => void;
export type GetDone = (error: Error | undefined, value: Uint8Array | undefined) => void;
export type ScanDone = (error: Error | undefined, entries: readonly EngineEntry[]) => void;

export interface Engine {
  batch(ops: readonly EngineOp[], done: BatchDone): void;
  get(key: Uint8Array, done: GetDone): void;
  scan(range: ScanRange, done: ScanDone): void;
  /** Bytes of the entries held; undefined for an engine that does not hold them in memory. */
  readonly bytes?: number;
  /** Not while a batch is in flight. */
  close(done: () => void): void;
}

/**
 * `damaged`: the data themselves are unusable, so waiting or freeing space will not help; the store sets them aside.
 * Otherwise the node must not start (full disk, no permission, I/O error): the data may be perfectly sound.
 */
export type EngineOpened =
  | { readonly ok: true; readonly engine: Engine }
  | { readonly ok: false; readonly damaged: boolean; readonly detail: string };

/** Where an engine lives: opens it, or puts what is there out of the way, kept for an operator. */
export interface EngineHost {
  open(done: (opened: EngineOpened) => void): void;
  /** Only while closed. `name`: where the old data are now. */
  setAside(done: (error: Error | undefined, name: string) => void): void;
}
