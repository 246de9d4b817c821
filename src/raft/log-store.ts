/**
 * The LogStore port: what consensus needs of a disk. `src/storage` implements it on a small Engine port and the
 * journal; the simulator runs that same implementation on its own engine.
 *
 * Every call answers through its callback exactly once, later, never within the call. After an answer of
 * `failed` the store refuses everything: the last batch is in doubt, an fsync is never retried, the node must end.
 */
import type { GroupId, LogIndex, Offset, ReplicaId, TopicStorage } from '@callboard/client/protocol';
import type { Entry, HardState, RecoveredLog, Tail } from './types.ts';

/** One group's part of a batch. */
export interface GroupWrite {
  readonly group: GroupId;
  readonly truncateFrom: LogIndex | undefined;
  readonly entries: readonly Entry[];
  readonly hard: HardState | undefined;
  readonly tail: Tail | undefined;
  readonly healed: boolean;
}

/** A replica's birth: journaled before it takes part in anything. `members` is an opaque text kept for the next start. */
export interface Birth {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly members: string;
  /** Where its entries are kept; absent: on disk. Its promises are journaled on disk either way. */
  readonly storage?: TopicStorage;
}

export type StoreBatch = readonly GroupWrite[];

export type StoreAnswer =
  { readonly ok: true } | { readonly ok: false; readonly code: 'storage_failed'; readonly detail: string };

export interface EntriesRequest {
  readonly group: GroupId;
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Which end is dropped when the bounds cut: `tail` keeps the lowest entries, `head` keeps the highest. */
  readonly cut: 'tail' | 'head';
}

/** `bad`: the first index, going from the kept end, that is missing, unsound or not chained; what lies before it is in `entries`. */
export interface EntriesAnswer {
  readonly entries: readonly Entry[];
  readonly bad: LogIndex | undefined;
}

/** Where a record lives. `index` undefined: no stored chunk holds it, or, with `unread`, nobody knows: the index could not be read. */
export interface OffsetAnswer {
  readonly index: LogIndex | undefined;
  readonly unread?: true;
}

export interface LogStore {
  /**
   * Makes the batch durable: hard records in both journal files (fsync), then one synced engine batch with every
   * group's truncations, entries and index keys, then the tail records (not fsynced). Of groups whose entries are kept in memory
   * the engine is memory, and nothing but hard records is synced. One at a time: calling it again before the answer is an
   * error of the caller.
   */
  write(batch: StoreBatch, done: (answer: StoreAnswer) => void): void;
  /** Journals the births (hard records). Not while a write is in flight. */
  birth(births: readonly Birth[], done: (answer: StoreAnswer) => void): void;
  /**
   * Journals the end of these groups' replicas (hard records), and then deletes what they have stored, bit by bit; also what a crash
   * has left of one that died before. One that was never born is dead from then on as well: no group of a lower number may be born
   * here later. Not while a write, a walk or a birth of these groups is queued or in flight. Reads that
   * come late find nothing.
   */
  death(groups: readonly GroupId[], done: (answer: StoreAnswer) => void): void;
  /** The highest group that ever died here; 0: none. Durable with the deaths themselves. */
  readonly diedUpTo: number;
  /** Reads and verifies entries (checksums, group, index, chain). */
  readEntries(request: EntriesRequest, done: (answer: EntriesAnswer) => void): void;
  /** The entry that holds `offset`, by the offset index; the caller verifies by reading it. */
  findOffset(group: GroupId, offset: Offset, done: (answer: OffsetAnswer) => void): void;
  /** The first chunk whose running maximum timestamp is at or above `timestamp`. */
  findTime(group: GroupId, timestamp: number, done: (answer: OffsetAnswer) => void): void;
  /**
   * Walks the whole log of a born group (checksums, chain, contiguity) and gives the verdict; a damaged one is
   * journaled as damaged, with what it owes, before the answer. Not while a write of this group is queued or in flight.
   */
  open(group: GroupId, done: (log: RecoveredLog) => void): void;
  /** Every replica born here and not dead, in order of group. Known from the journal at construction. */
  replicas(): readonly Birth[];
  /** This journal's identity: drawn once, when the journal is first made. */
  readonly journalId: ReplicaId;
  /** How often this journal was opened, from 1. */
  readonly startCount: number;
  /** Small node-level documents (the founders' list), hard records: durable when answered. */
  saveDocument(name: string, text: string, done: (answer: StoreAnswer) => void): void;
  document(name: string): string | undefined;
  /** Bytes free below the low-space mark refuse produces before the disk is full. */
  lowSpace(): boolean;
  /** Well below that mark: what is written besides records is refused too, or the disk would be full soon. */
  spaceSpent(): boolean;
  /** The entries that are kept in memory have reached their bound: more records are refused. */
  memoryFull(): boolean;
  /** So has what they may take beyond it for anything but records. */
  memorySpent(): boolean;
  close(done: () => void): void;
}
