/** State of a damaged replica; the rules, and why they are safe, are in healing.ts. */
import type { LogIndex } from '@callboard/client/protocol';
import { noIndex } from './brand-arithmetic.ts';
import type { OwedTail, RecoveredLog, Tail, TermRun } from './types.ts';

/** Way (b): the walk down from the owed tail. Everything in (wanted, owed] is on disk or in an issued persist. */
export interface Walk {
  readonly owed: Tail;
  /** The next entry needed, named by the one above it. */
  index: LogIndex;
  checksum: number;
  /** Terms of what was found, highest first; `first` falls as a run grows downwards. */
  found: { first: LogIndex; readonly term: TermRun['term'] }[];
  source: 'disk' | 'peers';
  loadId: number | undefined;
  /** Disk reads wait until this token is written: before, they could see what a truncation is about to remove. */
  notBefore: number;
  /** The owed log contradicts a leader's: only way (a) can end this, or a new term. */
  blocked: boolean;
  /** Fetches sent since the last success. */
  attempts: number;
  /** Position in the members of the peer to ask next. */
  peer: number;
  /** Ticks until the next fetch. */
  wait: number;
}

export interface Closing {
  readonly token: number;
  readonly tail: Tail;
  /** Terms of what is adopted above the log's last index, rising. */
  readonly runs: readonly TermRun[];
}

export class HealingState {
  readonly owed: OwedTail;
  /** Highest index that may be present on disk. */
  highest: LogIndex;
  /** Way (a): the log equals that of this term's leader up to here. */
  matched: LogIndex = noIndex;
  /** Way (a): the first last index that this term's leader reported after this open. */
  target: LogIndex | undefined;
  readonly walk: Walk | undefined;
  /** The healing record is being written. */
  closing: Closing | undefined;

  constructor(owed: OwedTail, recovered: RecoveredLog) {
    this.owed = owed;
    this.highest = recovered.highest;
    if (owed.kind === 'unknown') return;
    const { tail } = owed;
    this.walk = {
      owed: tail,
      index: tail.index,
      checksum: tail.checksum,
      found: [],
      source: 'disk',
      loadId: undefined,
      notBefore: 0,
      blocked: false,
      attempts: 0,
      peer: 0,
      wait: 0,
    };
  }

  /** What was heard was of an older term's leader. */
  termRaised(): void {
    this.matched = noIndex;
    this.target = undefined;
    if (this.walk !== undefined) this.walk.blocked = false;
  }
}
