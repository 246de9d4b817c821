/** What the store keeps in memory of a log that was opened: a few numbers, never entries. */
import type { LogIndex } from '@callboard/client/protocol';
import type { LogKey } from './keys.ts';
import type { IndexState } from './offset-index.ts';

export interface OpenLog {
  readonly key: LogKey;
  /** End of the run of entries from 1, as far as the store knows: appends go behind it. */
  readonly end: LogIndex;
  /** Highest index known to be stored. */
  readonly highest: LogIndex;
  /** Above a damaged prefix anything may lie, under any key, until the log is healed. */
  readonly strays: boolean;
  /** Of the offset index, at `end`. */
  readonly at: IndexState;
  /** Up to this Raft index the offset index has all its points, with exact times; Infinity: as far as the log goes. */
  readonly exactTo: number;
}
