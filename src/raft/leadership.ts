/** What exists only while this replica leads: made anew for each term won, dropped whole when it ends. */
import type { LogIndex, ReplicaId } from '@callboard/client/protocol';
import { noIndex } from './brand-arithmetic.ts';
import type { Progress } from './progress.ts';
import { ReadRounds } from './read-rounds.ts';

export interface Transfer {
  readonly to: ReplicaId;
  ticks: number;
  told: boolean;
}

export class Leadership {
  readonly followers: ReadonlyMap<ReplicaId, Progress>;
  /** Index of this term's no-op: nothing is proposed or read before it is committed. */
  readonly noop: LogIndex;
  readonly reads: ReadRounds = new ReadRounds();
  /** Bytes of own proposals that are not committed; the no-op is exempt. */
  uncommittedBytes = 0;
  heartbeatElapsed = 0;
  /** The first round begun with nothing left to do and this commit index; 0: there is none. See rest.ts. */
  calmContext = 0;
  calmCommit: LogIndex = noIndex;
  /** Ticks with work pending and no commit. */
  stalled = 0;
  transfer: Transfer | undefined;

  constructor(followers: ReadonlyMap<ReplicaId, Progress>, noop: LogIndex) {
    this.followers = followers;
    this.noop = noop;
  }
}
