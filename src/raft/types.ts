/** The nouns of consensus. Pure data; no behaviour. */
import type { LogIndex, ReplicaId, Term } from '@callboard/client/protocol';

/** One log entry: a sealed chunk, with the header fields that consensus needs beside it. */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  /** Header checksum of this chunk: names the whole log up to and including it. */
  readonly checksum: number;
  /** Header checksum of the entry before; 0 for index 1. */
  readonly previous: number;
  /** The whole chunk. Owned by whoever retains the entry; never a view into a frame. */
  readonly bytes: Uint8Array;
}

/** Term and vote; one record, always written together (Raft paper, figure 2). */
export interface HardState {
  readonly term: Term;
  readonly vote: ReplicaId | undefined;
}

/** The end of a log, exactly named. `{0, 0, 0}` is the empty log. */
export interface Tail {
  readonly index: LogIndex;
  readonly term: Term;
  readonly checksum: number;
}

/**
 * Members of a group. `outgoing` is empty unless the group is in joint consensus (thesis, section 4.3), when
 * a decision needs a majority of both. In this release a configuration never changes.
 */
export interface Configuration {
  readonly voters: readonly ReplicaId[];
  readonly outgoing: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
}

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What a replica owes: the newest tail that it ever promised. */
export type OwedTail = { readonly kind: 'known'; readonly tail: Tail } | { readonly kind: 'unknown' };

/**
 * What was found at open.
 * - `clean`: sound up to the owed tail.
 * - `damaged`: a hole, a bad entry or a lost tail; votes by its owed tail, never acks, heals.
 * - `journal-lost`: both journal copies are bad, or a log's term lies above the journal's; stays out.
 */
export type Verdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'damaged'; readonly owed: OwedTail; readonly detail: string }
  | { readonly kind: 'journal-lost'; readonly detail: string };

/** A run of entries of one term: from `first` up to the next run (or the last index). */
export interface TermRun {
  readonly first: LogIndex;
  readonly term: Term;
}

/** A group's state as the LogStore found it. */
export interface RecoveredLog {
  readonly hard: HardState;
  readonly verdict: Verdict;
  /** Term runs of the sound prefix, in order; empty for an empty prefix. */
  readonly runs: readonly TermRun[];
  /** End of the sound prefix: the last entry such that all from 1 to it are present, sound and chained. */
  readonly tail: Tail;
  /** Index of the highest entry present on disk, also above a hole. */
  readonly highest: LogIndex;
}
